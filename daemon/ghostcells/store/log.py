"""The event log of one daemon: what is acknowledged is on disk.

`append` only queues; a thread writes what has come together since the last time as one batch, syncs it, and calls the
barriers. A batch that cannot be written fails with everything queued behind it until the loop has heard of it, since all of
that was decided on a state that did not come to be: firm records are gone and their barriers hear `NotDurable`, the others
are kept, and appended again with fresh ids when the next input opens or the retry timer comes. What a record means, and what
may be written of it (`redact`), is for others to say.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

import msgspec

from ghostcells.domain.errors import NewerData, NotDurable
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.ids import Stamp, time_of
from ghostcells.store.chain import Chain
from ghostcells.store.horizon import Horizon
from ghostcells.store.paths import prepare
from ghostcells.store.presence import CELLS, Presence
from ghostcells.store.segment import encode

Done = Callable[[Exception | None], None]

KEPT_RECORDS = 5_000
"""How many records that are not firm wait for a disk that cannot be written; the oldest go first."""
RETRY_SECONDS = 2.0
BATCH_RECORDS = 4_096

_log = logging.getLogger(__name__)


class Loop(Protocol):
    """What is needed of the event loop."""

    def call_soon(self, callback: Callable[..., object], *args: object) -> object: ...

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: object) -> object: ...

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> object: ...


class _Queued(msgspec.Struct, frozen=True, gc=False):
    """A record. `age` counts the failures that the loop had heard of when it was queued."""

    age: int
    record: AnyRecord
    firm: bool


class _Barrier(msgspec.Struct, frozen=True, gc=False):
    """`appended` counts the records queued before it."""

    age: int
    done: Done
    appended: int


class _Seal(msgspec.Struct, frozen=True, gc=False):
    done: "Future[int]"


class _Stop(msgspec.Struct, frozen=True, gc=False):
    pass


_Entry = _Queued | _Barrier | _Seal | _Stop


class EventLog:
    """Fits `runtime.ports.Log`. Its methods are the loop's, except where they say otherwise."""

    def __init__(
        self,
        root: Path,
        epoch: str,
        *,
        loop: Loop,
        stamp: Callable[[], Stamp],
        redact: Callable[[AnyRecord], AnyRecord],
        on_committed: Callable[[list[AnyRecord]], None],
        on_trouble: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Make the daemon known on the directory and start the writer; raises `NewerData`.

        `redact` and `on_committed` are called by the writer's thread. `on_trouble` is called on the loop: with what is
        wrong when writing begins to fail, with None when it works again.
        """
        self._root = root
        self._epoch = epoch
        self._loop = loop
        self._stamp = stamp
        self._redact = redact
        self._on_committed = on_committed
        self._on_trouble = on_trouble
        self._horizon = Horizon([0] * CELLS, loop.call_soon)
        self._chain = Chain(root, epoch, self._horizon)
        self._queue: SimpleQueue[_Entry] = SimpleQueue()
        self._presence: Presence | None = None
        self._kept: list[AnyRecord] = []
        self._retrying = False
        self._age = 0
        self._appended = 0
        self._acknowledged = 0
        self._closed = False
        # The writer's own.
        self._failures = 0
        self._failing = False
        self._why = ""
        self._appear()
        self._thread = threading.Thread(target=self._write, name="ghostcells-log", daemon=True)
        self._thread.start()

    def opening(self, now_ms: int) -> None:
        """An input is about to be worked off: call this before its stamp is taken."""
        if self._presence is None:
            with contextlib.suppress(NewerData):
                self._appear()
        self._horizon.open(now_ms)
        if self._kept:
            self._append_kept()

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        """Queue a record."""
        self._appended += 1
        self._horizon.appended()
        self._queue.put(_Queued(self._age, record, firm))

    def barrier(self, done: Done) -> None:
        """Call `done` on the loop: with None once all appended before is on disk, else with what went wrong."""
        if self._acknowledged == self._appended and not self._kept:
            self._loop.call_soon(done, None)
        elif self._closed:
            self._loop.call_soon(done, NotDurable("The log is closed"))
        else:
            self._queue.put(_Barrier(self._age, done, self._appended))

    def seal(self) -> "Future[int]":
        """End the segment at hand; the result is the number from which on segments may still grow. For any thread."""
        sealed: Future[int] = Future()
        self._queue.put(_Seal(sealed))
        return sealed

    def close(self) -> None:
        """Write what is queued and be gone; waits for the disk. What is appended later is not written."""
        if self._closed:
            return
        self._closed = True
        if self._kept:
            self._append_kept()
        self._queue.put(_Stop())
        self._thread.join()
        if self._presence is not None:
            self._presence.leave()

    def _appear(self) -> None:
        try:
            self._presence = Presence(prepare(self._root).log, self._epoch)
        except OSError as error:
            _log.debug("The data directory cannot be used: %s", error)
        else:
            self._horizon.move(self._presence.cells)

    def _reappear(self) -> None:
        """Somebody may have removed the whole directory, and us with it from the sight of the others."""
        if self._presence is not None and not self._presence.in_place:
            self._presence.leave()
            self._presence = None

    def _append_kept(self) -> None:
        kept, self._kept = self._kept, []
        stamp = self._stamp()
        for number, record in enumerate(kept):
            self.append(msgspec.structs.replace(record, id=stamp.id(number)), firm=False)

    def _retry(self) -> None:
        self._retrying = False
        if self._kept and not self._closed:
            self.opening(self._stamp().time_ms)

    def _released(self, barriers: list[_Barrier], *, recovered: bool) -> None:
        if recovered:
            self._on_trouble(None)
        for barrier in barriers:
            self._acknowledged = max(self._acknowledged, barrier.appended)
            _call(barrier.done, None)

    def _failed(self, failures: int, kept: list[AnyRecord], barriers: list[_Barrier], why: str) -> None:
        if failures > self._age:
            self._age = failures
            self._on_trouble(why)
        self._kept += kept
        if len(self._kept) > KEPT_RECORDS:
            _log.warning("%d events are lost: the disk cannot be written", len(self._kept) - KEPT_RECORDS)
            del self._kept[:-KEPT_RECORDS]
        if self._kept and not self._retrying and not self._closed:
            self._retrying = True
            self._loop.call_later(RETRY_SECONDS, self._retry)
        self._reappear()
        error = NotDurable(why)
        for barrier in barriers:
            _call(barrier.done, error)

    # What follows runs on the writer's thread.

    def _write(self) -> None:
        batch: list[_Queued | _Barrier] = []
        while True:
            entry = self._queue.get()
            with contextlib.suppress(Empty):
                while isinstance(entry, _Queued | _Barrier):
                    batch.append(entry)
                    if len(batch) >= BATCH_RECORDS:
                        break
                    entry = self._queue.get_nowait()
            if batch:
                self._commit(batch)
                batch = []
            match entry:
                case _Seal():
                    _seal(self._chain, entry.done)
                case _Stop():
                    self._chain.close()
                    return

    def _commit(self, batch: list[_Queued | _Barrier]) -> None:
        if batch[0].age < self._failures:
            # Decided before the loop heard that what it builds upon is not on disk.
            late = next((at for at, entry in enumerate(batch) if entry.age == self._failures), len(batch))
            self._give_back(batch[:late])
            batch = batch[late:]
        queued = [entry for entry in batch if isinstance(entry, _Queued)]
        barriers = [entry for entry in batch if isinstance(entry, _Barrier)]
        segment = self._chain.number
        try:
            written = self._put_on_disk(queued)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            _log.warning("Events cannot be written: %s", error)
            self._failures += 1
            self._why = str(error)
            self._give_back(batch)
            return
        self._horizon.done(len(queued))
        if segment != self._chain.number:
            self._post(self._reappear)
        recovered, self._failing = self._failing and bool(queued), self._failing and not queued
        if barriers or recovered:
            self._post(lambda: self._released(barriers, recovered=recovered))
        if written:
            _call(self._on_committed, written)

    def _put_on_disk(self, queued: list[_Queued]) -> list[AnyRecord]:
        if not queued:
            return []
        self._horizon.began(time_of(queued[0].record.id))
        written = [record for entry in queued if (record := self._redacted(entry)) is not None]
        if written:
            self._chain.commit(encode(written))
        return written

    def _redacted(self, entry: _Queued) -> AnyRecord | None:
        try:
            return self._redact(entry.record)
        except Exception:
            if entry.firm:
                raise
            # It would fail for ever, and must not be written as it is.
            _log.exception("An event is lost: it could not be redacted")
            return None

    def _give_back(self, batch: list[_Queued | _Barrier]) -> None:
        self._failing = True
        failures, why = self._failures, self._why
        kept = [entry.record for entry in batch if isinstance(entry, _Queued) and not entry.firm]
        barriers = [entry for entry in batch if isinstance(entry, _Barrier)]
        self._horizon.done(sum(isinstance(entry, _Queued) for entry in batch))
        self._post(lambda: self._failed(failures, kept, barriers, why))

    def _post(self, callback: Callable[[], None]) -> None:
        # The loop may have been closed under us, and then nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)


def _seal(chain: Chain, done: "Future[int]") -> None:
    try:
        done.set_result(chain.seal())
    except OSError as error:
        done.set_exception(error)


def _call(callback: Callable[..., object], value: object) -> None:
    """Call what others gave; their mistake must not end the log."""
    try:
        callback(value)
    except Exception:  # noqa: BLE001
        _log.exception("A callback of the log failed")
