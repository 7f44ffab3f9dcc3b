"""What a daemon does besides: ends what a dead one left open, forgets, lets old records go.

All of it may wait for the disk or for other processes, so it has a thread of its own.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from ghostcells.app.asking import Asking
from ghostcells.app.index import IndexThread
from ghostcells.app.ondisk import unwritten
from ghostcells.domain.events import Superseded
from ghostcells.domain.ghosts import Reason
from ghostcells.domain.ids import Stamp
from ghostcells.domain.views import OpenGhost
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.worker import Worker
from ghostcells.store.forgetting import Forgetter
from ghostcells.store.locks import FileLock
from ghostcells.store.log import EventLog
from ghostcells.store.paths import Paths
from ghostcells.store.presence import living
from ghostcells.store.retention import Own, retain

logger = logging.getLogger(__name__)

FORGET_SECONDS = 1.0
"""How often is looked for something to forget; its bytes are to be gone within five seconds."""
RETAIN_FIRST_SECONDS = 30.0
RETAIN_SECONDS = 86_400.0
_DAY_MS = 86_400_000


class Upkeep:
    """`retention_days` may change at any time; 0 keeps all."""

    def __init__(
        self,
        paths: Paths,
        epoch: str,
        log: EventLog,
        index: IndexThread,
        asking: Asking,
        *,
        stamp: Callable[[], Stamp],
        redactor: Callable[[], Redactor],
    ) -> None:
        self.retention_days = 0
        self._paths = paths
        self._epoch = epoch
        self._retained = False
        self._log = log
        self._asking = asking
        self._stamp = stamp
        self._redactor = redactor
        self._expecting = False
        self._worker = Worker("ghostcells-upkeep")
        self._forgetter = Forgetter(paths, epoch, seal=log.seal, clean=index.clean)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for work in (self._end_lost(), self._forget(), self._retain()):
            task = asyncio.ensure_future(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def opened(self, texts: Sequence[str]) -> None:
        """Cells with these texts have been opened, and may soon be run: their secrets must not keep a run waiting."""
        if not self._expecting:
            self._worker.post(lambda: self._expect(texts))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._worker.close()

    def _expect(self, texts: Sequence[str]) -> None:
        self._expecting = self._expecting or self._redactor().expect(texts)

    async def _forget(self) -> None:
        while True:
            await self._guarded("forgetting", self._worker.run(self._forget_pending))
            await asyncio.sleep(FORGET_SECONDS)

    def _forget_pending(self) -> None:
        if self._forgetter.pending():
            self._forgetter.work()

    async def _retain(self) -> None:
        await asyncio.sleep(RETAIN_FIRST_SECONDS)
        while True:
            if self.retention_days:
                await self._guarded("retention", self._worker.run(self._drop_old))
            await asyncio.sleep(RETAIN_SECONDS)

    def _drop_old(self) -> None:
        """From the second day on our own segment is ended each time, so that it can go as a whole when it has become old."""
        own = Own(self._epoch, self._log.seal().result()) if self._retained else None
        self._retained = True
        retain(self._paths, time.time_ns() // 1_000_000 - self.retention_days * _DAY_MS, own)

    async def _end_lost(self) -> None:
        await self._guarded("recovery", self._lose())

    async def _lose(self) -> None:
        """End open ghosts under a lock held until that is on disk, so that no other daemon finds the same ones."""
        with await self._worker.run(lambda: FileLock.wait(self._paths.recovery_lock)):
            found = await self._asking.open_ghosts(living(self._paths).keys())
            if not found:
                return
            logger.info("%d ghosts that an earlier daemon left open are ended", len(found))
            for one in found:
                self._log.append(self._lost(one), firm=True)
            if (error := await unwritten(self._log)) is not None:
                raise error

    def _lost(self, one: OpenGhost) -> Superseded:
        at = self._stamp()
        return Superseded(
            id=at.id(0),
            time_ms=at.time_ms,
            notebook=one.notebook,
            session=one.session,
            cell=one.cell,
            suggestion=one.suggestion,
            reason=Reason.LOST,
            shown_ms=0,
        )

    async def _guarded(self, name: str, work: Awaitable[object]) -> None:
        """One piece of work that fails costs only itself."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- whatever it is, the daemon goes on without
            logger.warning("Upkeep (%s) failed: %s", name, error)
