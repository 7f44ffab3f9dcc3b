"""Learning behind the acknowledgements: runs that are on disk are learned from when a burst is over, a few at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.runtime.lull import Lull

SLICE = 32
"""So many runs are learned from in one turn of the loop: about a millisecond."""


class Lessons:
    """Its methods are the loop's; `learn` is called there as well."""

    def __init__(self, learn: Callable[[list[AnyRecord]], None], loop: asyncio.AbstractEventLoop) -> None:
        self._learn = learn
        self._loop = loop
        self._lull = Lull()
        self._waiting: deque[AnyRecord] = deque()
        self._scheduled = False

    def committed(self, records: Iterable[AnyRecord]) -> None:
        runs = [record for record in records if isinstance(record, Executed)]
        if not runs:
            return
        self._waiting.extend(runs)
        self._lull.came()
        self._later(self._lull.left())

    @property
    def waiting(self) -> int:
        """How many runs are still to be learned from."""
        return len(self._waiting)

    def flush(self) -> None:
        """Learn from all that waits, now."""
        self._take(len(self._waiting))

    def _later(self, seconds: float) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_later(seconds, self._work)

    def _work(self) -> None:
        self._scheduled = False
        left = self._lull.left()
        if not left:
            self._take(min(SLICE, len(self._waiting)))
        if self._waiting:
            self._later(left)

    def _take(self, count: int) -> None:
        self._learn([self._waiting.popleft() for _ in range(count)])
        if not self._waiting:
            self._lull.done()
