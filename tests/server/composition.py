"""A daemon of fakes in a process of its own: the real server and loop around a scripted engine, log and memory."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ghostcells.domain import replies
from ghostcells.domain.errors import GhostcellsError, InvalidParams, RequestFailed
from ghostcells.domain.events import AnyRecord, SessionStarted
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Candidate, Ghost, Origin, Recollection
from ghostcells.domain.notebook import CellKind, Notebook
from ghostcells.engine import effects as e
from ghostcells.engine import inputs as i
from ghostcells.runtime.clock import SystemClock
from ghostcells.runtime.loop import Loop
from ghostcells.runtime.ports import Client
from ghostcells.runtime.status import StatusBoard
from ghostcells.server.parts import InitializeInfo
from ghostcells.server.start import make


class State(msgspec.Struct, frozen=True):
    notebooks: dict[str, Notebook] = {}
    lost: frozenset[str] = frozenset()
    core: int = 0
    asked: dict[str, str] = {}


def step(state: State, given: i.AnyInput) -> tuple[State, tuple[e.Effect, ...]]:
    """Enough of an engine to see each route: it knows notebooks, opens sessions, and asks memory."""
    match given:
        case i.Opened(notebook=notebook) | i.Changed(notebook=notebook):
            known = {**state.notebooks, notebook.uri: notebook}
            return msgspec.structs.replace(state, notebooks=known, lost=state.lost - {notebook.uri}), ()
        case i.Closed(notebook=uri):
            known = {key: value for key, value in state.notebooks.items() if key != uri}
            return msgspec.structs.replace(state, notebooks=known, lost=state.lost - {uri}), ()
        case i.FellOutOfStep(notebook=uri):
            return msgspec.structs.replace(state, lost=state.lost | {uri}), ()
        case i.FocusMoved() | i.SuggestionAsked():
            return _session(state, given)
        case i.Recalled(suggestion=suggestion, candidates=candidates, at=at):
            ghosts = tuple(
                Ghost(at.id(1 + n), CellKind.CODE, c.language, c.text, c.source) for n, c in enumerate(candidates)
            )
            return state, (e.Publish(publish(state.asked[suggestion], suggestion, ghosts)),)
        case i.CandidateCycled(step=1):
            raise ZeroDivisionError("a bug in the engine")
        case i.GhostsDismissed(request=request):
            return state, (e.Reply(request, replies.DismissResult(())),)
        case i.NotWritten(requests=requests, core=core):
            refusals = tuple(e.Refuse(r, RequestFailed("could not be written", "not-durable")) for r in requests)
            return msgspec.structs.replace(state, core=core), refusals
    return state, ()


def _session(state: State, given: i.FocusMoved | i.SuggestionAsked) -> tuple[State, tuple[e.Effect, ...]]:
    if given.notebook in state.lost:
        return state, (e.Refuse(given.request, RequestFailed("out of step", "out-of-step")),)
    if given.notebook not in state.notebooks:
        return state, (e.Refuse(given.request, InvalidParams(f"unknown notebook: {given.notebook}")),)
    session = given.at.id(0)
    record = SessionStarted(id=session, time_ms=given.at.time_ms, notebook=given.notebook)
    state = msgspec.structs.replace(state, core=state.core + 1, asked={**state.asked, session: given.notebook})
    append = e.Append(record, firm=True)
    if isinstance(given, i.FocusMoved):
        return state, (append, e.Reply(given.request, replies.FocusResult(session)))
    situation = Situation(notebook=given.notebook)
    return state, (append, e.Reply(given.request, replies.SuggestResult(session)), e.Recall(session, situation, 3))


def publish(notebook: str, session: str, ghosts: tuple[Ghost, ...]) -> replies.PublishGhosts:
    return replies.PublishGhosts(
        epoch=session,
        notebook=replies.NotebookVersion(notebook, 0),
        session=session,
        revision=0,
        after=None,
        ghosts=ghosts,
        accepted=(),
        final=True,
        candidates=replies.CandidatePosition(0, len(ghosts)),
    )


class FakeLog:
    """Durable after `delay`."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.records: list[AnyRecord] = []
        self.pending = 0

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        self.records.append(record)
        self.pending = len(self.records)

    def barrier(self, done: Callable[[Exception | None], None], early: Callable[[], object] | None = None) -> None:
        if not self.pending:
            done(None)
            return

        def on_disk(upto: int = self.pending) -> None:
            if self.pending == upto:
                self.pending = 0
            done(None)

        asyncio.get_running_loop().call_later(self.delay, on_disk)


class FakeMemory:
    def prepare(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> None: ...

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:
        return Recollection((Candidate("ls", "shellscript", 1.0, 0.9),), 0.5, {})


class FakeQueries:
    def __init__(self, state: Callable[[], State], log: FakeLog) -> None:
        self._state = state
        self._log = log

    async def events(self, *, after: str | None, limit: int) -> object:
        return self._log.records[:limit]

    async def cell_log(self, *, id: str) -> object:  # noqa: A002 -- the port's word
        """The cells as the daemon has them."""
        if id == "forever":
            await asyncio.get_running_loop().create_future()
        if id == "failing":
            raise ZeroDivisionError
        return {uri: [[c.uri, c.language, c.text] for c in n.cells] for uri, n in self._state().notebooks.items()}

    async def trace(self, *, id: str) -> object:  # noqa: A002 -- the port's word
        """Fill the event loop's own thread pool with work that does not end."""
        forever = threading.Event()
        for _ in range(64):
            asyncio.get_running_loop().run_in_executor(None, forever.wait)
        return None

    async def sessions(self, *, limit: int, before: str | None) -> object:
        print("something prints")  # must not reach the protocol's stdout
        return limit

    async def stats(self, *, since_ms: int | None) -> object:
        return {}


class FakeOrigins:
    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]:
        return ()


class FakeApp:
    def __init__(self, info: InitializeInfo, client: Client) -> None:
        options = info.options if isinstance(info.options, dict) else {}
        self.log = FakeLog(options.get("delay", 0.0))
        self.origins = FakeOrigins()
        self.client = client
        self.loop = Loop(
            step=step,
            state=State(),
            clock=SystemClock(),
            log=self.log,
            memory=FakeMemory(),
            client=client,
            status=StatusBoard(client),
        )
        self.queries = FakeQueries(lambda: self.loop.state, self.log)

    def on_settings(self, editor: object) -> None:
        self.client.show_message(f"settings: {msgspec.json.encode(editor).decode()}", replies.Severity.WARNING)

    async def close(self) -> None:
        await self.loop.close()
        if "slow-close" in os.environ.get("COMPOSITION", ""):
            await asyncio.sleep(60)


async def build(info: InitializeInfo, client: Client) -> FakeApp:
    options: Any = info.options if isinstance(info.options, dict) else {}
    if "refuse" in options:
        raise GhostcellsError(options["refuse"])
    if "slow" in options:
        await asyncio.sleep(options["slow"])
    return FakeApp(info, client)


if __name__ == "__main__":
    server = make(build, version="0")
    where = os.environ.get("COMPOSITION_TCP")
    if where:
        host, port, token = where.split(",")
        code = server.run_tcp(host, int(port), token or None)
    else:
        code = server.run_stdio()
    from ghostcells.server.server import leave

    leave(code)
