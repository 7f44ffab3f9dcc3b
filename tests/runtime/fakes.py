"""A log that is told when to write, a client that remembers, a memory that is told what to find."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec

from ghostcells.domain import replies
from ghostcells.domain.events import AnyRecord, SessionStarted
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Piece
from ghostcells.domain.ghosts import Recollection
from ghostcells.domain.ids import Stamp
from ghostcells.engine import effects as e
from ghostcells.engine import inputs as i
from ghostcells.runtime.loop import Loop
from ghostcells.runtime.status import StatusBoard

NB = "file:///a.md"


class FakeLog:
    """As the contract has it: a failure fails all that wait, and drops the firm records queued by then."""

    def __init__(self) -> None:
        self.queued: list[tuple[AnyRecord, bool]] = []
        self.written: list[AnyRecord] = []
        self.barriers: list[Callable[[Exception | None], None]] = []
        self.openings: list[int] = []
        self.early: Callable[[], object] | None = None

    def opening(self, now_ms: int) -> None:
        self.openings.append(now_ms)

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        self.queued.append((record, firm))

    def barrier(self, done: Callable[[Exception | None], None], early: Callable[[], object] | None = None) -> None:
        if self.queued:
            self.barriers.append(done)
            self.early = early
        else:
            done(None)

    def tell_early(self) -> None:
        """What the writer's thread may do for the last barrier, before `write`."""
        assert self.early is not None
        self.early()

    def write(self) -> None:
        self.written += [record for record, _ in self.queued]
        self.queued = []
        waiting, self.barriers = self.barriers, []
        for done in waiting:
            done(None)

    def fail(self, why: str = "disk full") -> None:
        self.queued = [(record, firm) for record, firm in self.queued if not firm]
        waiting, self.barriers = self.barriers, []
        for done in waiting:
            done(OSError(why))


class FakeClient:
    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.revisions: list[int] = []
        self.free = True  # whether something could be sent at once

    def reply(self, request: i.RequestId, result: object) -> None:
        self.sent.append(("reply", request, result))

    def reply_early(self, request: i.RequestId, result: object, mine: Callable[[], bool]) -> None:
        if self.free and mine():
            self.sent.append(("early", request, result))

    def refuse(self, request: i.RequestId, code: int, message: str, data: object | None) -> None:
        self.sent.append(("refuse", request, code))

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def publish(self, params: replies.PublishGhosts) -> None:
        self.sent.append(("publish", int(params.session)))
        self.revisions.append(params.revision)

    def status(self, status: replies.Status) -> None:
        self.sent.append(("status", status.state, status.message))

    def show_message(self, text: str, severity: replies.Severity) -> None:
        self.sent.append(("message", text))


class FakeMemory:
    def __init__(self) -> None:
        self.asked: dict[str, asyncio.Future[Recollection]] = {}
        self.prepared: list[tuple[str, int, tuple[str, ...]]] = []

    def prepare(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> None:
        self.prepared.append((situation.intent, limit, tuple(present)))

    def recall(
        self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int
    ) -> asyncio.Future[Recollection]:
        if situation.intent == "broken":
            raise RuntimeError("no index")
        self.asked[situation.intent] = asyncio.get_running_loop().create_future()
        return self.asked[situation.intent]


class FakeWriter:
    def __init__(self) -> None:
        self.asked: dict[str, asyncio.Future[Any]] = {}
        self.wrote: dict[str, Callable[[tuple[Piece, ...]], None]] = {}

    def write(self, order: e.Complete, wrote: Callable[[tuple[Piece, ...]], None]) -> asyncio.Future[Any]:
        self.wrote[order.suggestion] = wrote
        self.asked[order.suggestion] = asyncio.get_running_loop().create_future()
        return self.asked[order.suggestion]


class FakeClock:
    def __init__(self) -> None:
        self.ms = 1_000
        self.count = 0

    def now_ms(self) -> int:
        return self.ms

    def stamp(self) -> Stamp:
        self.count += 1
        return Stamp(self.ms, self.count << 20)


class State(msgspec.Struct, frozen=True):
    core: int = 0


class Script:
    """An engine that does what it is told for each input; its core counts the steps."""

    def __init__(self) -> None:
        self.effects: dict[type, Callable[[Any], Sequence[e.Effect]]] = {}
        self.seen: list[i.AnyInput] = []
        self.depth = 0

    def on(self, kind: type, effects: Callable[[Any], Sequence[e.Effect]]) -> None:
        self.effects[kind] = effects

    def step(self, state: State, given: i.AnyInput) -> tuple[State, tuple[e.Effect, ...]]:
        self.seen.append(given)
        wanted = self.effects.get(type(given), lambda _: ())
        core = given.core if isinstance(given, i.NotWritten) else state.core + 1
        return State(core), tuple(wanted(given))  # type: ignore[arg-type]

    def kinds(self) -> list[str]:
        return [type(given).__name__ for given in self.seen]


class Bench:
    """A loop among fakes."""

    def __init__(self) -> None:
        self.script, self.log, self.client = Script(), FakeLog(), FakeClient()
        self.memory, self.writer, self.clock = FakeMemory(), FakeWriter(), FakeClock()
        self.loop = Loop(
            step=self.script.step,
            state=State(),
            clock=self.clock,
            log=self.log,
            memory=self.memory,
            client=self.client,
            status=StatusBoard(self.client),
            writer=self.writer,
        )

    def focus(self, request: int) -> None:
        self.loop.dispatch(i.FocusMoved(at=self.loop.stamp(), request=request, notebook=NB, cell=None))

    def suggest(self, request: int) -> None:
        self.loop.dispatch(i.SuggestionAsked(at=self.loop.stamp(), request=request, notebook=NB, cell="c"))

    def close_notebook(self) -> None:
        self.loop.dispatch(i.Closed(at=self.loop.stamp(), notebook=NB))


def record(number: int = 0) -> AnyRecord:
    return SessionStarted(id=str(number), time_ms=0, notebook=NB)


def answered(given: Any) -> Sequence[e.Effect]:
    """Append and reply, as most requests do."""
    return (e.Append(record(given.request), firm=True), e.Reply(given.request, replies.RestoreResult(restored=True)))


def published(number: int) -> e.Publish:
    return e.Publish(
        replies.PublishGhosts(
            epoch="e",
            notebook=replies.NotebookVersion(NB, 0),
            session=str(number),
            revision=0,
            after=None,
            ghosts=(),
            accepted=(),
            final=True,
            candidates=replies.CandidatePosition(0, 0),
        )
    )


async def settle() -> None:
    """Let everything run that is ready to."""
    for _ in range(5):
        await asyncio.sleep(0)
