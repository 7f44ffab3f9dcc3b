"""The protocol's queries off the event loop: each waits in a thread that may wait.

There are two, since what needs the whole log may wait for long while it is read for the first time, and nobody else should.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from ghostcells.app.index import IndexThread
from ghostcells.domain.ghosts import Origin
from ghostcells.domain.pool import Ran
from ghostcells.domain.views import Cost, OpenGhost
from ghostcells.runtime.worker import Worker
from ghostcells.store.queries import Queries

T = TypeVar("T")


class _Reader:
    """A connection, and the thread that uses it."""

    def __init__(self, thread: IndexThread, name: str) -> None:
        self._queries = Queries(thread.index, thread.settle, glance=thread.glance)
        self._worker = Worker(name)

    def run(self, ask: Callable[[Queries], T]) -> Awaitable[T]:
        return self._worker.run(lambda: ask(self._queries))

    def close(self) -> None:
        self._worker.post(self._queries.close)
        self._worker.close()


class Asking:
    """Fits `runtime.ports.Queries` and `runtime.ports.Origins`."""

    def __init__(self, thread: IndexThread) -> None:
        self._quick = _Reader(thread, "ghostcells-queries")
        self._whole = _Reader(thread, "ghostcells-whole")
        # A connection of the loop's own, for a few rows by their key.
        self._lookups = Queries(thread.index, lambda: None)

    async def events(self, *, after: str | None, limit: int) -> object:
        return await self._whole.run(lambda queries: queries.events(after, limit))

    async def cell_log(self, *, id: str) -> object:  # noqa: A002 -- the protocol's word
        return await self._quick.run(lambda queries: queries.cell_log(id))

    async def trace(self, *, id: str) -> object:  # noqa: A002
        return await self._quick.run(lambda queries: queries.trace(id))

    async def sessions(self, *, limit: int, before: str | None) -> object:
        return await self._quick.run(lambda queries: queries.sessions(limit, before))

    async def stats(self, *, since_ms: int | None) -> object:
        return await self._quick.run(lambda queries: queries.stats(since_ms or 0))

    async def costs(self, since_ms: int) -> list[Cost]:
        return await self._whole.run(lambda queries: queries.costs(since_ms))

    async def open_ghosts(self, owners: Collection[str]) -> list[OpenGhost]:
        return await self._whole.run(lambda queries: queries.open_ghosts(owners))

    async def ran_since(self, since_ms: int) -> list[Ran]:
        return await self._whole.run(lambda queries: queries.ran_since(since_ms))

    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]:
        return self._lookups.lookup(ids)

    def close(self) -> None:
        self._quick.close()
        self._whole.close()
        self._lookups.close()
