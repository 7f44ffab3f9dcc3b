"""What the other daemons on a data directory see of a living one: a lock and two numbers.

`<epoch>.lock` is held for as long as the daemon lives. `<epoch>.horizon` is mapped into memory: the time of the oldest
record that may still come (see `horizon`), and how far the log is on disk. Both are only worth something while the lock is
held, so neither is ever synced. They are made under other names and renamed, the lock last and already held: whoever sees a
lock sees it held, and finds the numbers.
"""

import contextlib
import fcntl
import mmap
import os
import time
from pathlib import Path
from typing import Protocol, cast

from ghostcells.store.locks import FileLock, is_held
from ghostcells.store.paths import Paths, create_file

CELLS = 2
BYTES = CELLS * 8
INFLIGHT = 0
DURABLE = 1
# A durable position is a segment's number and its size in one word, since one word is read and written whole.
_SIZE_BITS = 40
_STARTING_SECONDS = 60


class Cells(Protocol):
    """The numbers, wherever they are kept."""

    def __getitem__(self, index: int, /) -> int: ...

    def __setitem__(self, index: int, value: int, /) -> None: ...


def position(number: int, size: int) -> int:
    """How far a log is on disk, as one number."""
    return (number << _SIZE_BITS) | size


def durable_end(cell: int, number: int) -> int | None:
    """Up to where segment `number` is on disk; None for all of it, which holds for the earlier segments of a chain."""
    current = cell >> _SIZE_BITS
    if number < current:
        return None
    return cell & ((1 << _SIZE_BITS) - 1) if number == current else 0


class Presence:
    """The lock and the numbers of the daemon that we are."""

    def __init__(self, directory: Path, epoch: str) -> None:
        """Raises `OSError` where the files cannot be made."""
        self._lock_path = directory / f"{epoch}.lock"
        self._cells_path = directory / f"{epoch}.horizon"
        self.cells = self._map()
        self._lock = self._hold()

    def _map(self) -> Cells:
        passing = self._cells_path.with_suffix(".mapped")
        passing.unlink(missing_ok=True)
        handle = create_file(passing)
        try:
            os.write(handle, bytes(BYTES))
        finally:
            os.close(handle)
        handle = os.open(passing, os.O_RDWR | os.O_CLOEXEC)
        try:
            mapped = mmap.mmap(handle, BYTES)
        finally:
            os.close(handle)
        passing.replace(self._cells_path)
        return cast("Cells", memoryview(mapped).cast("Q"))

    def _hold(self) -> FileLock:
        passing = self._lock_path.with_suffix(".held")
        passing.unlink(missing_ok=True)
        handle = create_file(passing)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            passing.replace(self._lock_path)
        except BaseException:
            os.close(handle)
            raise
        return FileLock(handle)

    @property
    def in_place(self) -> bool:
        """Whether the files are still where others look for them."""
        return self._lock_path.exists()

    def leave(self) -> None:
        """Be gone, as seen by the others."""
        for path in (self._lock_path, self._cells_path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        self._lock.release()


def _read(path: Path) -> tuple[int, ...]:
    """The numbers of a daemon; each is read as one word, which a read(2) would not promise."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with mmap.mmap(handle, BYTES, prot=mmap.PROT_READ) as mapped, memoryview(mapped).cast("Q") as cells:
            return tuple(cells)
    finally:
        os.close(handle)


def living(paths: Paths) -> dict[str, tuple[int, ...]]:
    """The epochs of the living daemons, with their numbers as they are now."""
    found: dict[str, tuple[int, ...]] = {}
    for lock in sorted(paths.log.glob("*.lock")):
        if is_held(lock):
            with contextlib.suppress(FileNotFoundError):
                found[lock.stem] = _read(lock.with_suffix(".horizon"))
    return found


def remove_dead(paths: Paths) -> None:
    """Remove what dead daemons have left; a file without its lock may belong to one that is just starting."""
    for lock in paths.log.glob("*.lock"):
        if not is_held(lock):
            lock.unlink(missing_ok=True)
    for path in [*paths.log.glob("*.horizon"), *paths.log.glob("*.mapped"), *paths.log.glob("*.held")]:
        with contextlib.suppress(FileNotFoundError):
            if not path.with_suffix(".lock").exists() and time.time() - path.stat().st_mtime > _STARTING_SECONDS:
                path.unlink(missing_ok=True)
