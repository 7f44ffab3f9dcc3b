"""The daemon's side of the embedder: starts the child, speaks with it, drops it when idle, starts it again when it died.

Loading happens in the child, so the event loop never waits for it; `ready` tells a caller that is in a hurry whether to
ask at all. A child that ends costs the requests under way an `EmbedderGone`; the next use starts another one, after a
pause that grows with every failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from ghostcells.embedders import wire
from ghostcells.embedders.base import EmbedderError, EmbedderGone, EmbedderSpec, EmbedderState, Nearest
from ghostcells.embedders.connection import CLOSE_WITHIN, Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

A = TypeVar("A")

ROOT = str(Path(__file__).parents[2])

ADD_AT_ONCE = 256
"""Texts in one message: a long list is fed in parts, so that neither side holds all of it twice."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1)); from ghostcells.embedders.child import main; main()"
)
"""Isolated and without `site`, no environment variable or `.pth` file changes what the child imports: it gets our path."""
VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "USERPROFILE")
"""The child sees these, what its spec names, and nothing else: no keys by accident."""
SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


class Timer(Protocol):
    def cancel(self) -> None: ...


class EmbedderProcess:
    """An `Embedder` whose work is done by a child process.

    Args:
        spec: which embedder the child runs.
        directory: where vectors are kept; every embedder gets a directory of its own name below it.
        idle_after: seconds without a request after which the child is dropped; `None`: never.
        call_later: schedules the idle check; the running loop's by default.
        now: a monotonic clock, for the pause before a child that failed is started again.
        on_state: told of every change of state.
        environment: what the child may see of it is in `VARIABLES` and the spec.

    """

    def __init__(
        self,
        spec: EmbedderSpec,
        directory: Path,
        *,
        idle_after: float | None = None,
        call_later: Callable[[float, Callable[[], None]], Timer] | None = None,
        now: Callable[[], float] = time.monotonic,
        on_state: Callable[[EmbedderState], None] = lambda _: None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._spec = spec
        self._directory = directory / f"vectors-{spec.name}"
        self._idle_after = idle_after
        self._call_later = call_later
        self._now = now
        self._on_state = on_state
        self._environment = environment
        self._state = EmbedderState.ABSENT
        self._reason = ""
        self._failures = 0
        self._not_before = 0.0
        self._child: Connection | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._idle_timer: Timer | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def dims(self) -> int:
        return self._spec.dims

    @property
    def state(self) -> EmbedderState:
        return self._state

    @property
    def reason(self) -> str:
        return self._reason

    @property
    def ready(self) -> bool:
        return self._state is EmbedderState.READY

    def start(self) -> None:
        if self._child is not None or self._closed or self._now() < self._not_before:
            return
        missing = [name for name in self._spec.modules if importlib.util.find_spec(name) is None]
        if missing:
            self._failed(f"{self._spec.name} needs {', '.join(missing)}, which this Python does not have")
            return
        child = self._child = Connection(self._spec, self._command(), self._variables())
        child.task = asyncio.get_running_loop().create_task(self._live(child), name=f"embedder {self._spec.name}")
        self._ending.add(child.task)
        child.task.add_done_callback(self._ending.discard)
        self._become(EmbedderState.LOADING)

    async def search(
        self, text: str, k: int, *, also: Sequence[int] = (), second: str | None = None, key: str = ""
    ) -> Nearest:
        found = await self._ask(lambda i: wire.Search(i, text, k, list(also), second, key), wire.Found)
        return Nearest(found.rows, found.scores, found.also, found.second, found.embed_ms, found.scan_ms)

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:
        return (await self._ask(lambda i: wire.Score(i, list(rows), key), wire.Scores)).scores

    async def add(self, items: Sequence[tuple[int, str]]) -> int:
        added = 0
        for start in range(0, len(items), ADD_AT_ONCE):
            part = list(items[start : start + ADD_AT_ONCE])
            added += (await self._ask(lambda i, part=part: wire.Add(i, part), wire.Done)).count  # type: ignore[misc]
        return added

    async def remove(self, rows: Sequence[int]) -> int:
        return (await self._ask(lambda i: wire.Remove(i, list(rows)), wire.Done)).count

    async def rows(self) -> set[int]:
        return wire.unpack_rows((await self._ask(wire.Rows, wire.Present)).packed)

    async def clear(self) -> None:
        await self._ask(wire.Clear, wire.Done)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        answer = await self._ask(lambda i: wire.Embed(i, list(texts)), wire.Vectors)
        numbers = wire.unpack_floats(answer.packed)
        return [numbers[start : start + answer.dims].tolist() for start in range(0, len(numbers), answer.dims)]

    async def wait_ready(self) -> None:
        """Wait until a search would be answered at once."""
        await self._loaded_child()

    async def close(self) -> None:
        """End the child; calls under way fail with `EmbedderGone`, later ones too."""
        self._closed = True
        self._drop(EmbedderState.ABSENT)
        if self._ending:
            await asyncio.wait(self._ending, timeout=CLOSE_WITHIN)
        for task in [*self._ending]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _ask(self, build: Callable[[int], wire.Request], expected: type[A]) -> A:
        child = await self._loaded_child()
        try:
            answer = await child.ask(build)
        finally:
            self._rearm_idle()
        if isinstance(answer, wire.Failed):
            raise EmbedderError(answer.error)
        if not isinstance(answer, expected):
            raise EmbedderError(f"the embedder answered with {type(answer).__name__}, expected {expected.__name__}")
        self._failures = 0
        return answer

    async def _loaded_child(self) -> Connection:
        self.start()
        child = self._child
        if child is None:
            raise EmbedderGone("the embedder is closed" if self._closed else self._reason)
        await asyncio.shield(child.loaded)
        return child

    async def _live(self, child: Connection) -> None:
        """See one child through its life; whatever ends it is recorded here."""
        reason = "the embedder was closed"
        try:
            ended = await child.run(lambda: self._loaded(child))
            reason = reason if child.dismissed else ended
        except OSError as error:
            reason = f"the embedder could not be started: {error}"
        finally:
            child.fail_all(reason)
        if child is self._child:
            self._failed(reason)

    def _loaded(self, child: Connection) -> None:
        if child is self._child:
            self._become(EmbedderState.READY)
            self._rearm_idle()

    def _failed(self, reason: str) -> None:
        self._child = None
        self._reason = reason
        self._not_before = self._now() + min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        self._failures += 1
        self._become(EmbedderState.FAILED)

    def _drop(self, state: EmbedderState) -> None:
        """Let the child end by itself; a new one may start while it does, the vectors bear it."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        child, self._child = self._child, None
        if child is not None:
            child.dismiss()
        self._become(state)

    def _rearm_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if self._idle_after is not None and self.ready:
            call_later = self._call_later or asyncio.get_running_loop().call_later
            self._idle_timer = call_later(self._idle_after, self._idle)

    def _idle(self) -> None:
        self._idle_timer = None
        if self._child is not None and not self._child.waiting:
            self._drop(EmbedderState.IDLE)

    def _become(self, state: EmbedderState) -> None:
        if state is not EmbedderState.FAILED:
            self._reason = ""
        if state is not self._state:
            self._state = state
            self._on_state(state)

    def _command(self) -> list[str]:
        paths = msgspec.json.encode([ROOT, *(path for path in sys.path if path)]).decode()
        config = msgspec.json.encode(wire.ChildConfig(self._spec, str(self._directory))).decode()
        return [sys.executable, "-I", "-S", "-X", "frozen_modules=on", "-c", BOOT, paths, config]

    def _variables(self) -> dict[str, str]:
        names = (*VARIABLES, *self._spec.variables)
        return {name: self._environment[name] for name in names if name in self._environment} | SINGLE_THREADED
