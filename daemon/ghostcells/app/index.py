"""The index of this process behind its own thread: what memory searches, and what vectors are kept in step with."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ghostcells.domain.events import AnyRecord, Edited, Executed, Forgotten, Learned, Pinned
from ghostcells.learning.lessons import evidence_of
from ghostcells.memory import analysis
from ghostcells.memory.notes import note
from ghostcells.runtime.lull import Lull
from ghostcells.runtime.worker import Worker
from ghostcells.store.examples import Examples
from ghostcells.store.fold import Words
from ghostcells.store.index import Index
from ghostcells.store.locks import FileLock
from ghostcells.store.paths import Paths
from ghostcells.store.slots import Slot

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

logger = logging.getLogger(__name__)

T = TypeVar("T")
Texts = list[tuple[int, str]]

WORDS = Words(teach=evidence_of, analyse=analysis.analyse, intent_key=analysis.intent_key, note=note)
SLICE_MS = 4.0
"""How long a slice of catching up may take: as long as a search may have to wait for it."""
GLANCE_SECONDS = 1.0
"""How long those who ask wait for a long log that is read for the first time, before they are told what is known by then."""
LOOK_SECONDS = 0.5
"""How often the logs of other daemons are looked at; what they learned is to be known within two seconds."""
_ROWS = 500
_PASSING = (None, "/dev/shm")  # noqa: S108 -- within it a directory of our own is made, as in the usual place
"""Where an index may be that ends with the process: in the usual place, else in memory, since that disk may be full, too."""
_TELLING = (Executed, Learned, Forgotten, Pinned, Edited)
"""Records that change what a search finds."""


def open_index(paths: Paths) -> "tuple[Index, TemporaryDirectory[str] | None]":
    """The index below the data directory; where nothing can be written there, one that ends with this process.

    Returns the directory of the latter beside it, to be cleaned up. Raises `OSError` where there is no room for that either.
    """
    try:
        return Index.open(paths, WORDS), None
    except (OSError, sqlite3.Error) as error:
        logger.warning("The index cannot be kept in %s: %s", paths.index, error)
        why: Exception = error
    for place in _PASSING:
        try:
            return _passing_index(paths, place)
        except (OSError, sqlite3.Error) as error:
            why = error
    raise OSError(f"There is no room for an index: {why}") from why


def _passing_index(paths: Paths, place: str | None) -> "tuple[Index, TemporaryDirectory[str]]":
    import tempfile

    passing = tempfile.TemporaryDirectory(prefix="ghostcells-", dir=place)
    try:
        lock = FileLock.wait(Path(passing.name) / "0.lock")
        return Index(paths, WORDS, Slot(Path(passing.name) / "0.sqlite", lock)), passing
    except BaseException:
        passing.cleanup()
        raise


class IndexThread:
    """Owns the index and its thread.

    `changed` is called on the loop when there are other examples than before: with whether there are fewer.
    """

    def __init__(self, paths: Paths, epoch: str, *, changed: Callable[[bool], None]) -> None:
        self.index, self._passing = open_index(paths)
        self.examples = Examples(self.index)
        self._worker = Worker("ghostcells-index")
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._paths = paths
        self._epoch = epoch
        self._heeded = self._forgetting_changed()
        self._seen = (0, 0)
        self._more = False
        self._told = 0
        self._lull = Lull()
        # One object, by which the worker knows that it is queued already.
        self._chore = self._catch_up

    def run(self, work: Callable[[], T]) -> Awaitable[T]:
        """Work on the index, in its thread; to be called on the loop."""
        return self._worker.run(work)

    def run_heeding(self, work: Callable[[], T]) -> Awaitable[T]:
        """Like `run`, after whatever has been forgotten, by any process, is gone from the index: it hides at once.

        And after a slice of what was just run here, which the next suggestion should know.
        """

        def heed() -> T:
            changed = self._forgetting_changed()
            if changed != self._heeded:
                self._heeded = changed
                self.index.settle()
            if self._lull.waiting:
                self.index.catch_up(SLICE_MS, self._epoch)
            return work()

        return self._worker.run(heed)

    def settle(self) -> None:
        """Return once all that is in the log now has been read; for other threads than the loop's.

        In slices, so that a search need not wait for the whole of a long log.
        """
        while self._worker.call(lambda: self.index.catch_up(SLICE_MS)):
            pass

    def glance(self) -> None:
        """Return once all of this daemon's own has been read, and the rest unless that takes long; for other threads."""
        while self._worker.call(lambda: self.index.catch_up(SLICE_MS, self._epoch)):
            pass
        until = time.monotonic() + GLANCE_SECONDS
        while self._worker.call(lambda: self.index.catch_up(SLICE_MS)) and time.monotonic() < until:
            pass

    def clean(self) -> None:
        """Read what is new and overwrite what has been deleted; for other threads than the loop's."""
        self._worker.call(self.index.clean)

    def follow(self) -> None:
        """Look at the logs now and from time to time."""
        self.look()
        self._timer = self._loop.call_later(LOOK_SECONDS, self.follow)

    def look(self) -> None:
        """There may be something new in the log; for any thread."""
        self._worker.chore(self._chore, after_s=self._lull.left())

    def committed(self, records: Iterable[AnyRecord]) -> None:
        """There is something new in the log of this daemon, and perhaps more to come."""
        self._told += any(isinstance(one, _TELLING) for one in records)
        self._lull.came()
        self.look()

    def mark(self) -> object:
        """What is another after something was forgotten, by any process, or told of examples here; to be called on the loop."""
        return self._forgetting_changed(), self._told

    @property
    def known(self) -> int:
        """How many examples there were when the index had last read all that there was."""
        return self._seen[0]

    @property
    def behind(self) -> bool:
        """Whether the index knows of more in the log than it has read."""
        return self._more

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._worker.post(self.index.close)
        self._worker.close()
        if self._passing is not None:
            self._passing.cleanup()

    def _forgetting_changed(self) -> int:
        """When something was last noted to be forgotten, or was done with."""
        try:
            return self._paths.forget.stat().st_mtime_ns
        except OSError:
            return 0

    def _catch_up(self) -> bool:
        if self._lull.left():
            self.look()
            return False
        more = self._more = self.index.catch_up(SLICE_MS)
        if not more:
            self._lull.done()
        count, last = self.examples.count(), self.examples.last_row()
        if not more and (count, last) != self._seen:
            forgotten = count < self._seen[0]
            self._seen = count, last
            self._loop.call_soon_threadsafe(self._changed, forgotten)
        return more

    # What the vectors ask

    async def compare(self, rows: set[int]) -> tuple[Texts, list[int]]:
        """The texts of examples that are not among `rows`, and those of `rows` that are no examples."""
        present: set[int] = set()
        missing: Texts = []
        part = await self._rows_after(0)
        while part:
            present.update(part)
            missing += await self._texts([row for row in part if row not in rows])
            part = await self._rows_after(part[-1])
        return missing, sorted(rows - present)

    async def newer(self, row: int) -> Texts:
        """The texts of the examples after this row."""
        return await self._texts(await self._rows_after(row))

    def _rows_after(self, row: int) -> Awaitable[list[int]]:
        return self.run(lambda: self.examples.all_rows(row, _ROWS))

    async def _texts(self, rows: list[int]) -> Texts:
        if not rows:
            return []
        found = await self.run(lambda: self.examples.load(rows))
        return [(one.row, analysis.example_text(one.situation, one.text)) for one in found]
