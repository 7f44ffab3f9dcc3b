"""The index: SQLite, derived from the segments of all daemons, brought up to date in small steps.

It belongs to one thread, which calls `catch_up` whenever there may be something new. How far each segment has been read is
kept with what was read, in the same transaction. It can be deleted at any time and comes back, identical but for row
numbers. What a record changes is in `fold`, what may be asked in `examples` and `queries`.
"""

import contextlib
import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Self

from ghostcells.domain.events import AnyRecord
from ghostcells.domain.examples import Situation
from ghostcells.store import counts, outcomes
from ghostcells.store.fold import Fold, Words
from ghostcells.store.forgetting import needles, note
from ghostcells.store.migrations import UnknownMigrationError, migrate
from ghostcells.store.paths import FILE_MODE, Paths
from ghostcells.store.presence import DURABLE, durable_end, living
from ghostcells.store.schema import EMPTY, connect
from ghostcells.store.segment import BASE, Listing, Segment, decode, encode, lines_of, read_block, segments
from ghostcells.store.slots import Slot, contains, remove_files, seed, take_slot

WAL_BYTES = 8 * 1024 * 1024
"""When what SQLite has written aside is brought into the database."""
_FINISH_SECONDS = 0.0002
"""What it takes to bring one example up to date, until that has been measured."""
_SMOOTHING = 0.2
_PRIMARY = 0xFF
"""SQLite's result codes hold the primary one in their low byte."""
_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
)
_MOST_RESTARTS = 3
_CHECKPOINT_TRIES = 100
_CHECKPOINT_PAUSE = 0.01
_BY_HAND = Segment("by-hand", 0)

_log = logging.getLogger(__name__)


class _Mark:
    """How far a segment has been read."""

    __slots__ = ("edition", "key", "offset")

    def __init__(self, key: int, edition: int, offset: int) -> None:
        self.key = key
        self.edition = edition
        self.offset = offset


class Index:
    """The one writer of this process's index."""

    def __init__(self, paths: Paths, words: Words, slot: Slot) -> None:
        """Use `open`."""
        self.paths = paths
        self.path = slot.path
        self._wal = f"{slot.path}-wal"
        self.generation = 0
        """Grows when rows have been given anew, so that what was known by row is void."""
        self._words = words
        self._slot = slot
        self._restarts = 0
        self._finish_s = _FINISH_SECONDS
        self._listing = Listing(paths)
        self._finished: dict[Segment, tuple[str, int]] = {}
        self._marks: dict[tuple[str, int], _Mark] = {}
        self.connection = self._connect()

    @classmethod
    def open(cls, paths: Paths, words: Words) -> Self:
        """Take a slot and open what is there, or a copy of another slot's, or an empty one.

        Raises `OSError`, or `sqlite3.Error` where the disk is full or cannot be used, which is no reason to make an index anew.
        """
        slot = take_slot(paths)
        try:
            return cls(paths, words, slot)
        except BaseException:
            slot.release()
            raise

    @property
    def identity(self) -> str:
        """Names this file's rows for as long as they keep their numbers: what is kept by row elsewhere belongs to it."""
        found: str = self.connection.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()[0]
        return found

    def close(self) -> None:
        """Leave the slot to others."""
        with contextlib.suppress(sqlite3.Error):
            self._checkpoint()
        self.connection.close()
        self._slot.release()

    def catch_up(self, budget_ms: float = 4.0, owner: str | None = None) -> bool:
        """Read what is new in the log, for about so long; whether there is more. An index that is damaged is made anew.

        With an `owner`, only what the daemon of that epoch has written.
        """
        deadline = time.monotonic() + budget_ms / 1000
        try:
            more = self._read_segments(deadline, owner)
            if more or self._wal_size() > WAL_BYTES:
                self._checkpoint_if_large()
        except sqlite3.DatabaseError as error:
            return self._recover(error)
        except OSError as error:
            _log.warning("The log cannot be read: %s", error)
            return False
        return more

    def settle(self) -> None:
        """Read all that is in the log now."""
        while self.catch_up(50.0):
            pass

    def rebuild(self) -> None:
        """Make everything anew from the log."""
        self._empty()
        self.settle()

    def fold(self, given: Iterable[AnyRecord]) -> None:
        """Fold records that are in no segment: for tests and tools."""
        mark = self._mark(_BY_HAND)
        with self._transaction() as fold:
            for record in given:
                fold.record(record, encode([record])[:-1], mark.key, base=False)

    def teachers(self, example: str) -> tuple[str, ...]:
        """The records that taught an example: what FORGOTTEN names."""
        found = self.connection.execute(
            "SELECT event FROM evidence WHERE example = ? AND teaches ORDER BY event", (example,)
        )
        return tuple(event for (event,) in found)

    def dump(self) -> str:
        """All that is derived, as text, without what depends on the order of arrival."""
        from ghostcells.store.dump import dump

        return dump(self.connection)

    def clean(self) -> None:
        """Read all that is new, and overwrite what has been deleted."""
        self.settle()
        self.connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._checkpoint_all()
        # SQLite overwrites what it deletes, but may leave behind what it has only moved within a page. To write the whole
        # file anew takes seconds for a large one, so we look first.
        if contains(self.path, needles(self.paths)):
            self.connection.execute("VACUUM")
            self._checkpoint_all()

    # Opening.

    def _connect(self) -> sqlite3.Connection:
        seeded = not self.path.exists() and seed(self.path)
        try:
            connection = self._opened()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY in _OF_THE_DISK:
                raise
            _log.warning("The index %s is made anew: %s", self.path.name, error)
            remove_files(self.path)
            return self._opened()
        if seeded:
            _name_anew(connection)
        return connection

    def _opened(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE))
        connection = connect(self.path)
        try:
            return self._checked(connection)
        except BaseException:
            connection.close()
            raise

    def _checked(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The connection, if what is there was made as we would make it."""
        try:
            migrate(connection)
        except UnknownMigrationError as error:
            raise sqlite3.DatabaseError(f"a newer version has made it ({error})") from error
        read_as = self._fingerprint()
        known = connection.execute("SELECT value FROM meta WHERE key = 'read_as'").fetchone()
        if known is None:
            connection.execute("INSERT INTO meta VALUES ('read_as', ?)", (read_as,))
            _name_anew(connection)
        elif known != (read_as,):
            raise sqlite3.DatabaseError("examples are read in another way now")
        self._marks = {
            (owner, number): _Mark(key, edition, offset)
            for key, owner, number, edition, offset in connection.execute(
                "SELECT key, owner, number, edition, offset FROM segment"
            )
        }
        return connection

    def _fingerprint(self) -> str:
        """What the rows depend on besides the log: how examples are read from it."""
        from ghostcells import __version__

        sample = Situation(notebook="file:///a/Run-book_1.md", intent="Déployer the `web` pods (again), step 2")
        command = "kubectl get pods -n web | grep -v 'Running' > /tmp/out"
        words, notes = self._words.analyse(sample, command), self._words.note(sample, command)
        text = f"{__version__}\0{words}\0{self._words.intent_key(sample)}\0{notes.hex()}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _start_over(self) -> None:
        self.connection.close()
        remove_files(self.path)
        self._finished.clear()
        self.connection = self._opened()
        self.generation += 1

    def _recover(self, error: sqlite3.DatabaseError) -> bool:
        """Make a damaged index anew; whether that may help: a full disk, or damage again and again, stays as it is."""
        damaged = type(error) is sqlite3.DatabaseError and self._restarts < _MOST_RESTARTS
        if not damaged:
            _log.warning("The index cannot be brought up to date: %s", error)
            return False
        _log.warning("The index is damaged and is made anew: %s", error)
        self._restarts += 1
        self._start_over()
        return True

    def _empty(self) -> None:
        self.connection.executescript(f"BEGIN; {EMPTY} {outcomes.EMPTY} {counts.EMPTY} COMMIT;")
        _name_anew(self.connection)
        self._marks.clear()
        self._finished.clear()
        self.generation += 1

    # Reading the log.

    def _read_segments(self, deadline: float, owner: str | None) -> bool:
        # Listed before the living are: a daemon that comes in between must not be taken for a dead one.
        found = self._listing.segments()
        alive = living(self.paths)
        for segment in found:
            if owner not in {None, segment.owner} or self._is_finished(segment):
                continue
            end = self._end(segment, alive)
            while not self._read_some(segment, end, deadline):
                if time.monotonic() >= deadline:
                    return True
            if end is None:
                offset = self._marks[segment.owner, segment.number].offset
                self._finished[segment] = str(self.paths.log / segment.name), offset
        return owner is None and self._drop_vanished(found, deadline)

    def _is_finished(self, segment: Segment) -> bool:
        """Whether a segment that nobody writes any more has been read: to the torn line that it may end with."""
        path, size = self._finished.get(segment, ("", -1))
        try:
            # Asked of every file of the log for each query: what `Path` does beyond the call takes twice as long as the call.
            return size >= 0 and os.stat(path).st_size == size  # noqa: PTH116
        except FileNotFoundError:
            return True

    def _end(self, segment: Segment, alive: dict[str, tuple[int, ...]]) -> int | None:
        cells = alive.get(segment.owner)
        return None if cells is None else durable_end(cells[DURABLE], segment.number)

    def _mark(self, segment: Segment) -> _Mark:
        mark = self._marks.get((segment.owner, segment.number))
        if mark is None:
            key = self.connection.execute(
                "INSERT INTO segment (owner, number, edition, offset) VALUES (?,?,?,0)",
                (segment.owner, segment.number, segment.edition),
            ).lastrowid
            assert key is not None
            mark = self._marks[segment.owner, segment.number] = _Mark(key, segment.edition, 0)
        elif mark.edition != segment.edition:
            mark.edition, mark.offset = segment.edition, 0
        return mark

    def _read_some(self, segment: Segment, end: int | None, deadline: float) -> bool:
        """Fold some lines of a segment, one at least; whether its end has been reached."""
        mark = self._mark(segment)
        if end is not None and mark.offset >= end:
            return True
        try:
            lines = lines_of(read_block(self.paths.log / segment.name, mark.offset, end))
        except FileNotFoundError:
            return True
        if not lines:
            return True
        offset = mark.offset
        with self._transaction() as fold:
            for line in lines:
                # Most of the work is done at the end, so it is allowed for; the first line is folded in any case.
                if time.monotonic() + fold.pending * self._finish_s >= deadline and offset > mark.offset:
                    break
                offset += len(line) + 1
                if mark.edition and fold.has(line, mark.key):
                    continue
                if (record := decode(line)) is not None:
                    fold.record(record, line, mark.key, base=segment.owner == BASE)
            self.connection.execute(
                "UPDATE segment SET edition = ?, offset = ? WHERE key = ?", (mark.edition, offset, mark.key)
            )
        if self._marks.get((segment.owner, segment.number)) is mark:
            mark.offset = offset
        return False

    def _drop_vanished(self, found: list[Segment], deadline: float) -> bool:
        """Take back what was only in segments that retention has removed; all others have been read by now."""
        present = {(one.owner, one.number) for one in found}
        vanished = [place for place in self._marks if place not in present and place[0] != _BY_HAND.owner]
        if vanished and segments(self.paths) != found:
            # Files were being replaced while we listed them.
            return True
        for place in vanished:
            key = self._marks[place].key
            while True:
                gone = self.connection.execute("SELECT id FROM event WHERE segment = ? LIMIT 64", (key,)).fetchall()
                with self._transaction() as fold:
                    for (event,) in gone:
                        fold.remove(event)
                    if not gone:
                        self.connection.execute("DELETE FROM segment WHERE key = ?", (key,))
                if not gone:
                    break
                if time.monotonic() >= deadline:
                    return True
            self._marks.pop(place, None)
        return False

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Fold]:
        fold = Fold(self.connection, self._words)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield fold
            self._finish(fold)
            # Before the rows are gone, so that a crash cannot lose what has to be looked for in the log.
            note(self.paths, fold.forgettable)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        if fold.stale:
            self._empty()

    def _finish(self, fold: Fold) -> None:
        begun, pending = time.monotonic(), fold.pending
        fold.finish()
        if pending:
            self._finish_s += _SMOOTHING * ((time.monotonic() - begun) / pending - self._finish_s)

    # Upkeep.

    def _wal_size(self) -> int:
        try:
            return os.stat(self._wal).st_size  # noqa: PTH116 - asked after each slice
        except FileNotFoundError:
            return 0

    def _checkpoint_if_large(self) -> None:
        if self._wal_size() > WAL_BYTES:
            self._checkpoint()

    def _checkpoint_all(self) -> None:
        """Bring everything into the database, once its readers let us."""
        for _ in range(_CHECKPOINT_TRIES):
            if self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                return
            time.sleep(_CHECKPOINT_PAUSE)
        raise sqlite3.OperationalError("readers keep the index from being cleaned")

    def _checkpoint(self) -> None:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _name_anew(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('identity', ?)", (os.urandom(8).hex(),))
