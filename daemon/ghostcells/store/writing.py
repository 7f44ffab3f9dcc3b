"""The thread that writes the log: takes what is queued as one batch, puts it on disk, and tells the loop.

What a failure means for what comes after it is the loop's side (`log`); where the bytes go is the chain's.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

import msgspec

from ghostcells.domain.events import AnyRecord
from ghostcells.domain.ids import time_of
from ghostcells.store.chain import Chain
from ghostcells.store.horizon import Horizon
from ghostcells.store.segment import encode

if TYPE_CHECKING:
    from concurrent.futures import Future

BATCH_RECORDS = 4_096

_log = logging.getLogger(__name__)


class Queued(msgspec.Struct, frozen=True, gc=False):
    """A record. `age` counts the failures that the loop had heard of when it was queued."""

    age: int
    record: AnyRecord
    firm: bool


class Barrier(msgspec.Struct, frozen=True, gc=False):
    """`appended` counts the records queued before it; `early` is called by the thread that writes, where it is the only one."""

    age: int
    done: Callable[[Exception | None], object]
    appended: int
    early: Callable[[], object] | None = None


class Seal(msgspec.Struct, frozen=True, gc=False):
    done: "Future[int]"


class Stop(msgspec.Struct, frozen=True, gc=False):
    pass


Entry = Queued | Barrier | Seal | Stop


class Outcome(Protocol):
    """Who hears how a batch went; called by the thread that writes. What is said may be heard late unless `wake` follows."""

    def released(self, barriers: list[Barrier], written: list[AnyRecord], *, recovered: bool) -> None:
        """It is on disk, as `written`; `recovered` says that the batch before was not."""
        ...

    def failed(self, failures: int, kept: list[AnyRecord], barriers: list[Barrier], why: str) -> None:
        """It is not, and neither is anything of an age below `failures`."""
        ...

    def moved(self) -> None:
        """A new segment has been begun."""
        ...

    def wake(self) -> None:
        """All is said."""
        ...


class Writing:
    """The queue, and the thread at its end."""

    def __init__(
        self, chain: Chain, horizon: Horizon, redact: Callable[[AnyRecord], AnyRecord], outcome: Outcome
    ) -> None:
        self._queue: SimpleQueue[Sequence[Entry]] = SimpleQueue()
        self.put = self._queue.put
        self._got: deque[Entry] = deque()
        self._chain = chain
        self._horizon = horizon
        self._redact = redact
        self._outcome = outcome
        self._failures = 0
        self._failing = False
        self._why = ""
        self._thread = threading.Thread(target=self._run, name="ghostcells-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and end; waits for the disk."""
        self.put((Stop(),))
        self._thread.join()

    def _run(self) -> None:
        entry: Entry | None = None
        while True:
            queued: list[Queued] = []
            barriers: list[Barrier] = []
            entry = self._collect(entry or self._next(), queued, barriers)
            if queued or barriers:
                self._commit(queued, barriers)
                self._outcome.wake()
            match entry:
                case Seal():
                    _seal(self._chain, entry.done)
                    entry = None
                case Stop():
                    self._chain.close()
                    return

    def _next(self) -> Entry:
        """What is next, waited for."""
        got = self._got
        while not got:
            got.extend(self._queue.get())
        return got.popleft()

    def _at_hand(self) -> Entry:
        """What is next; raises `Empty` where that has not come."""
        got = self._got
        while not got:
            got.extend(self._queue.get_nowait())
        return got.popleft()

    def _collect(self, entry: Entry, queued: list[Queued], barriers: list[Barrier]) -> Entry | None:
        """Take what is there and of one age; what has to wait until that is written."""
        get = self._at_hand
        age = getattr(entry, "age", 0)
        try:
            while len(queued) < BATCH_RECORDS:
                kind = type(entry)
                if kind is Queued and entry.age == age:  # type: ignore[union-attr]
                    queued.append(entry)  # type: ignore[arg-type]
                elif kind is Barrier and entry.age == age:  # type: ignore[union-attr]
                    barriers.append(entry)  # type: ignore[arg-type]
                else:
                    return entry
                entry = get()
        except Empty:
            return None
        return entry

    def _commit(self, queued: list[Queued], barriers: list[Barrier]) -> None:
        age = queued[0].age if queued else barriers[0].age
        if age < self._failures:
            # Decided before the loop had heard that what it builds upon is not on disk.
            self._give_back(queued, barriers)
            return
        segment = self._chain.number
        try:
            written = self._put_on_disk(queued)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            _log.warning("Events cannot be written: %s", error)
            self._failures += 1
            self._why = self._chain.said(error)
            self._give_back(queued, barriers)
            return
        self._horizon.done(len(queued))
        recovered = self._failing and bool(queued)
        self._failing = self._failing and not recovered
        if segment != self._chain.number:
            # First, so that whoever hears that a record is on disk finds the daemon in sight of the others.
            self._outcome.moved()
        if barriers or written or recovered:
            self._outcome.released(barriers, written, recovered=recovered)
        if len(barriers) == 1 and segment == self._chain.number:
            _tell_early(barriers[0])

    def _put_on_disk(self, queued: list[Queued]) -> list[AnyRecord]:
        if not queued:
            return []
        self._horizon.began(time_of(queued[0].record.id))
        written = [record for entry in queued if (record := self._redacted(entry)) is not None]
        if written:
            self._chain.commit(encode(written))
        return written

    def _redacted(self, entry: Queued) -> AnyRecord | None:
        try:
            return self._redact(entry.record)
        except Exception:
            if entry.firm:
                raise
            # It would fail for ever, and must not be written as it is.
            _log.exception("An event is lost: it could not be redacted")
            return None

    def _give_back(self, queued: list[Queued], barriers: list[Barrier]) -> None:
        self._failing = True
        self._horizon.done(len(queued))
        kept = [entry.record for entry in queued if not entry.firm]
        self._outcome.failed(self._failures, kept, barriers, self._why)


def _tell_early(barrier: Barrier) -> None:
    """Let somebody who waits alone hear before the loop has woken up, which takes as long as all else but the disk."""
    if barrier.early is not None:
        try:
            barrier.early()
        except Exception:  # noqa: BLE001 - a mistake of theirs must not end the log
            _log.exception("A callback of the log failed")


def _seal(chain: Chain, done: "Future[int]") -> None:
    try:
        done.set_result(chain.seal())
    except OSError as error:
        done.set_exception(error)
