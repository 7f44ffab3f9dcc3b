"""What a daemon does besides: ends what a dead one left open, forgets, lets old records go."""

import asyncio
import logging
from collections.abc import Callable

from ghostcells.app.asking import Asking
from ghostcells.domain.events import Superseded
from ghostcells.domain.ghosts import Reason
from ghostcells.domain.ids import Stamp
from ghostcells.domain.views import OpenGhost
from ghostcells.store.locks import FileLock
from ghostcells.store.log import EventLog
from ghostcells.store.paths import Paths
from ghostcells.store.presence import living

logger = logging.getLogger(__name__)


class Upkeep:
    """Its work waits in the queries' thread; what it writes goes through the log."""

    def __init__(self, paths: Paths, log: EventLog, asking: Asking, *, stamp: Callable[[], Stamp]) -> None:
        self._paths = paths
        self._log = log
        self._asking = asking
        self._stamp = stamp
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._begin(self._end_lost())

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _end_lost(self) -> None:
        """Under a lock that is held until the ends are on disk, so that no other daemon finds the same ghosts."""
        try:
            lock = await self._asking.worker.run(lambda: FileLock.wait(self._paths.recovery_lock))
        except OSError as error:
            logger.warning("What an earlier daemon left open is not looked for: %s", error)
            return
        with lock:
            found = await self._asking.worker.run(lambda: self._asking.queries.open_ghosts(living(self._paths).keys()))
            if found:
                await self._lose(found)

    async def _lose(self, found: list[OpenGhost]) -> None:
        logger.info("%d ghosts that an earlier daemon left open are ended", len(found))
        for one in found:
            at = self._stamp()
            self._log.append(
                Superseded(
                    id=at.id(0),
                    time_ms=at.time_ms,
                    notebook=one.notebook,
                    session=one.session,
                    cell=one.cell,
                    suggestion=one.suggestion,
                    reason=Reason.LOST,
                    shown_ms=0,
                ),
                firm=True,
            )
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: Exception | None) -> None:
            if not written.done():
                written.set_result(None)
            if error is not None:
                logger.warning("What an earlier daemon left open could not be ended: %s", error)

        self._log.barrier(done)
        await written

    def _begin(self, work: "asyncio.coroutines.Coroutine[object, object, None]") -> None:  # type: ignore[name-defined]
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
