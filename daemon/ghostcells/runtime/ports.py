"""What the loop needs of the parts, as protocols; `app` gives it parts that fit."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from ghostcells.domain.decisions import Silence
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Piece
from ghostcells.domain.ghosts import Origin, Recollection
from ghostcells.domain.replies import PublishGhosts, Severity, Status
from ghostcells.engine.effects import Complete
from ghostcells.engine.inputs import RequestId


class Memory(Protocol):
    """Remembered situations; the search runs off the loop, and a cancelled one stops."""

    def recall(
        self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int
    ) -> Awaitable[Recollection]: ...


class PromptMemory(Memory, Protocol):
    """One that can be told beforehand what it is likely to be asked."""

    def prepare(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> None:
        """Begin what a `recall` of the same will ask; it takes the place of what was begun before. Never waits."""
        ...


class Answered(msgspec.Struct, frozen=True):
    """A model's whole answer, checked: no pieces where it is not to be shown, and `why` then says why."""

    pieces: tuple[Piece, ...]
    why: str = ""


class Declined(msgspec.Struct, frozen=True):
    """No model was asked; the fields are those of the input `CompletionDeclined`."""

    why: str
    again_ms: int | None = None
    unchanged: bool = False
    silence: Silence | None = None


class Writer(Protocol):
    """Asks a model. One that is cancelled closes its stream at the source; how it went is traced in any case."""

    def write(self, order: Complete, wrote: Callable[[tuple[Piece, ...]], None]) -> Awaitable[Answered | Declined]:
        """`wrote` is called on the loop as the answer grows; an answer that does not become whole raises."""
        ...


class Log(Protocol):
    """The event log of this daemon.

    What cannot be written fails together: every barrier that waits is told, every firm record queued by then is dropped, and
    only what is appended afterwards may succeed. A log may have `opening(now_ms)`, called before the stamp of an input is
    taken, and `flush()`, called when all that has arrived at once is worked off.
    """

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        """Queue a record."""
        ...

    def barrier(self, done: Callable[[Exception | None], None], early: Callable[[], object] | None = None) -> None:
        """Call `done` on the loop: with None once all appended before is on disk, else with what went wrong.

        In the former case `early` may be called before that, by another thread.
        """
        ...


class Origins(Protocol):
    """What the log knows of cells that a notebook claims were suggested."""

    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]: ...


class Queries(Protocol):
    """Reads of what is on disk, off the loop; results encode to the shapes of the protocol."""

    async def events(self, *, after: str | None, limit: int) -> object: ...

    async def cell_log(self, *, id: str) -> object: ...  # noqa: A002 -- the protocol's word

    async def trace(self, *, id: str) -> object: ...  # noqa: A002

    async def sessions(self, *, limit: int, before: str | None) -> object: ...

    async def stats(self, *, since_ms: int | None) -> object: ...


class Runbooks(Protocol):
    """The runbooks of the workspace, read off the loop."""

    async def preview(self) -> object: ...

    async def learn(self, *, agreed: bool) -> object: ...


class Client(Protocol):
    """The editor's end of the wire."""

    def reply(self, request: RequestId, result: object) -> None: ...

    def reply_early(self, request: RequestId, result: object, mine: Callable[[], bool]) -> None:
        """For any thread: reply if that can be done at once and `mine`, asked last, says so; else do nothing."""
        ...

    def refuse(self, request: RequestId, code: int, message: str, data: object | None) -> None: ...

    def together(self) -> AbstractContextManager[object]:
        """What is said meanwhile may be sent as one."""
        ...

    def publish(self, params: PublishGhosts) -> None: ...

    def status(self, status: Status) -> None: ...

    def show_message(self, text: str, severity: Severity) -> None: ...
