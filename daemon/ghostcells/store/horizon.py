"""Up to which moment nothing new can appear: what makes a page of events final.

Every daemon shows the others one number, the time of the oldest record that it may still append or is still writing; zero
says that there is none. It is set before the time of an input is taken, so no record is older than the number that was shown
before it was on disk. A reader takes the time, then reads the numbers of all living daemons, then their logs: what it finds
below `settled_before` is complete, because a record that it did not find is later than the time that it took, or than the
number that it read. Clocks of one machine are one clock; where it is set back, a page read before that may lack events.

The reader's part is `settled_before`, the writer's is `Horizon`; who maps the numbers into memory is `presence`.
"""

import threading
from collections.abc import Callable, Iterable

from ghostcells.store.presence import DURABLE, INFLIGHT, Cells


def settled_before(now_ms: int, inflight: Iterable[int]) -> int:
    """The time before which every record is on disk or will never be; `now_ms` was taken before `inflight` was read."""
    return min([now_ms, *(value for value in inflight if value)])


class Horizon:
    """Keeps the numbers of one daemon.

    `open`, `appended` and `settle` are called by the loop, `began` and `done` by the thread that writes. The number may only
    be cleared while no input is at work and nothing is queued, and must not stand still under steady load: so it moves on to
    the first record of each batch.
    """

    def __init__(self, cells: Cells, later: Callable[[Callable[[], None]], object]) -> None:
        """`later` calls a function once the input at hand has been worked off (the loop's `call_soon`)."""
        self._cells = cells
        self._later = later
        self._lock = threading.Lock()
        self._open = False
        self._queued = 0
        self._gone = 0

    def move(self, cells: Cells) -> None:
        """Show the numbers in another place from now on."""
        with self._lock:
            cells[INFLIGHT] = self._cells[INFLIGHT]
            cells[DURABLE] = self._cells[DURABLE]
            self._cells = cells

    def open(self, now_ms: int) -> None:
        """An input begins; its time is taken after this and is not before `now_ms`."""
        if self._open:
            return
        with self._lock:
            self._open = True
            if not self._cells[INFLIGHT]:
                self._cells[INFLIGHT] = now_ms
        self._later(self.settle)

    @property
    def at_work(self) -> bool:
        """Whether an input is being worked off; asked by the loop."""
        return self._open

    def appended(self) -> None:
        self._queued += 1

    def settle(self) -> None:
        """The input is worked off: what it appended is queued."""
        with self._lock:
            self._open = False
            self._clear_if_idle()

    def began(self, first_ms: int) -> None:
        """All before a batch is done with, and its oldest record is of `first_ms`."""
        with self._lock:
            self._cells[INFLIGHT] = max(self._cells[INFLIGHT], first_ms)

    def reached(self, position: int) -> None:
        """The log is on disk up to here."""
        with self._lock:
            self._cells[DURABLE] = position

    def done(self, count: int) -> None:
        """So many records are on disk, or will never be under the ids that they had."""
        with self._lock:
            self._gone += count
            self._clear_if_idle()

    def _clear_if_idle(self) -> None:
        if not self._open and self._gone == self._queued:
            self._cells[INFLIGHT] = 0
