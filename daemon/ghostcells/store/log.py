"""The event log of one daemon: what is acknowledged is on disk.

`append` only queues; a thread (`writing`) writes what has come together since the last time as one batch, syncs it, and calls
the barriers. A batch that cannot be written fails with everything queued behind it until the loop has heard of it, since all
of that was decided on a state that did not come to be: firm records are gone and their barriers hear `NotDurable`, the others
are kept, and appended again with fresh ids when the next input opens or the retry timer comes. What a record means, and what
may be written of it (`redact`), is for others to say.
"""

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from ghostcells.domain.errors import NewerData, NotDurable
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.ids import Stamp, time_of
from ghostcells.store.chain import Chain
from ghostcells.store.horizon import Horizon
from ghostcells.store.paths import prepare
from ghostcells.store.presence import CELLS, Presence
from ghostcells.store.writing import Barrier, Entry, Queued, Seal, Writing

Done = Callable[[Exception | None], None]

KEPT_RECORDS = 5_000
"""How many records that are not firm wait for a disk that cannot be written; the oldest go first."""
RETRY_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Loop(Protocol):
    """What is needed of the event loop."""

    def call_soon(self, callback: Callable[..., object], *args: object) -> object: ...

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: object) -> object: ...

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> object: ...


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
        together: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        """Make the daemon known on the directory and start the writer; raises `NewerData`.

        `redact` is called by the writer's thread. `on_committed` is called on the loop, with records as they are on disk, when
        those who waited for them have been told. `on_trouble` is called there as well: with what is
        wrong when writing begins to fail, with None when it works again. All barriers of a batch are called within `together`.
        """
        self._root = root
        self._epoch = epoch
        self._loop = loop
        self._stamp = stamp
        self._on_trouble = on_trouble
        self._together = together
        self._on_committed = on_committed
        self._horizon = Horizon([0] * CELLS, loop.call_soon)
        self._presence: Presence | None = None
        self._kept: list[AnyRecord] = []
        self._gathered: list[Entry] = []
        self._news: deque[Callable[[], None]] = deque()
        self._retrying = False
        self._age = 0
        self._appended = 0
        self._acknowledged = 0
        self._closed = False
        self._appear()
        chain = Chain(root, epoch, self._horizon)
        heard = _Heard(self, self._news, lambda: loop.call_soon_threadsafe(self._hear))
        self._writing = Writing(chain, self._horizon, redact, heard)

    def opening(self, now_ms: int) -> None:
        """An input is about to be worked off: call this before its stamp is taken.

        It may be by somebody who was told early of what is on disk: what follows from that is done before.
        """
        self._hear()
        if self._presence is None:
            with contextlib.suppress(NewerData):
                self._appear()
        self._horizon.open(now_ms)
        if self._kept:
            self._append_kept()

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        """Queue a record."""
        self._appended += 1
        if not self._horizon.at_work:
            # Late, but better than not to be seen at all.
            self._horizon.open(time_of(record.id))
        self._horizon.appended()
        self._hand_over(Queued(self._age, record, firm))

    def barrier(self, done: Done, early: Callable[[], object] | None = None) -> None:
        """Call `done` on the loop: with None once all appended before is on disk, else with what went wrong.

        In the former case `early` may have been called before, by the thread that writes.
        """
        if self._acknowledged == self._appended and not self._kept:
            _call(done, None)
        elif self._closed:
            self._loop.call_soon(done, NotDurable("The log is closed"))
        else:
            self._hand_over(Barrier(self._age, done, self._appended, early))

    def seal(self) -> "Future[int]":
        """End the segment at hand; the result is the number from which on segments may still grow. For any thread."""
        sealed: Future[int] = Future()
        self._writing.put((Seal(sealed),))
        return sealed

    def close(self) -> None:
        """Write what is queued and be gone; waits for the disk. What is appended later is not written."""
        if self._closed:
            return
        self._closed = True
        if self._kept:
            self._append_kept()
        self.flush()
        self._writing.stop()
        if self._presence is not None:
            self._presence.leave()

    def _hand_over(self, entry: Entry) -> None:
        """Give the writer what comes of all that has arrived at once as one batch.

        Woken by the first of a burst, it would take the interpreter from the loop for each piece, and sync twice.
        """
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(entry)

    def flush(self) -> None:
        """Nothing more comes of what has arrived at once. Happens by itself at the end of the loop's turn."""
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._writing.put(gathered)

    def _appear(self) -> None:
        try:
            self._presence = Presence(prepare(self._root).log, self._epoch)
        except OSError as error:
            _log.debug("The data directory cannot be used: %s", error)
        else:
            self._horizon.move(self._presence.cells)

    def reappear(self) -> None:
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

    def _hear(self) -> None:
        while self._news:
            self._news.popleft()()

    def released(self, barriers: list[Barrier], written: list[AnyRecord], *, recovered: bool) -> None:
        """The writer's news: this is on disk."""
        if recovered:
            self._on_trouble(None)
        if barriers:
            self._acknowledged = max(self._acknowledged, barriers[-1].appended)
        with self._together():
            for barrier in barriers:
                _call(barrier.done, None)
        if written:
            _call(self._on_committed, written)

    def failed(self, failures: int, kept: list[AnyRecord], barriers: list[Barrier], why: str) -> None:
        """The writer's news: this is not."""
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
        self.reappear()
        error = NotDurable(why)
        for barrier in barriers:
            _call(barrier.done, error)


class _Heard:
    """Brings what the writer's thread has to say to the loop, which is woken once it is all there."""

    def __init__(self, log: EventLog, news: deque[Callable[[], None]], wake: Callable[[], object]) -> None:
        self._log = log
        self._tell = news.append
        self._wake = wake

    def released(self, barriers: list[Barrier], written: list[AnyRecord], *, recovered: bool) -> None:
        self._tell(partial(self._log.released, barriers, written, recovered=recovered))

    def failed(self, failures: int, kept: list[AnyRecord], barriers: list[Barrier], why: str) -> None:
        self._tell(partial(self._log.failed, failures, kept, barriers, why))

    def moved(self) -> None:
        self._tell(self._log.reappear)

    def wake(self) -> None:
        # The loop may have been closed under us, and then nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self._wake()


def _call(callback: Callable[..., object], value: object) -> None:
    """Call what others gave; their mistake must not end the log."""
    try:
        callback(value)
    except Exception:  # noqa: BLE001
        _log.exception("A callback of the log failed")
