"""The protocol's queries off the event loop: each waits in a thread that may wait."""

from collections.abc import Sequence

from ghostcells.app.index import IndexThread
from ghostcells.domain.pool import Ran
from ghostcells.domain.views import Cost
from ghostcells.engine.inputs import Origin
from ghostcells.runtime.worker import Worker
from ghostcells.store.queries import Queries


class Asking:
    """Fits `runtime.ports.Queries` and `runtime.ports.Origins`."""

    def __init__(self, thread: IndexThread) -> None:
        self.queries = Queries(thread.index, thread.settle, glance=thread.glance)
        self.worker = Worker("ghostcells-queries")
        # A connection of the loop's own, for a few rows by their key.
        self._lookups = Queries(thread.index, lambda: None)

    async def events(self, *, after: str | None, limit: int) -> object:
        return await self.worker.run(lambda: self.queries.events(after, limit))

    async def cell_log(self, *, id: str) -> object:  # noqa: A002 -- the protocol's word
        return await self.worker.run(lambda: self.queries.cell_log(id))

    async def trace(self, *, id: str) -> object:  # noqa: A002
        return await self.worker.run(lambda: self.queries.trace(id))

    async def sessions(self, *, limit: int, before: str | None) -> object:
        return await self.worker.run(lambda: self.queries.sessions(limit, before))

    async def stats(self, *, since_ms: int | None) -> object:
        return await self.worker.run(lambda: self.queries.stats(since_ms or 0))

    async def costs(self, since_ms: int) -> list[Cost]:
        return await self.worker.run(lambda: self.queries.costs(since_ms))

    async def ran_since(self, since_ms: int) -> list[Ran]:
        return await self.worker.run(lambda: self.queries.ran_since(since_ms))

    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]:
        return tuple(
            Origin(one.id, one.suggestion, one.accepted, one.text, one.language, one.example)
            for one in self._lookups.lookup(ids)
        )

    def close(self) -> None:
        self.worker.post(self.queries.close)
        self.worker.close()
        self._lookups.close()
