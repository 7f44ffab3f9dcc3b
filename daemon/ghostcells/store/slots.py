"""Which file the index of this process is: each process has its own, so that no two ever write to one SQLite database.

A slot is `<number>.sqlite` and the lock beside it; a process takes the lowest one that is free and finds there what the last
holder knew. A slot that has no file yet is seeded from the newest of the others.
"""

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path

from ghostcells.store.locks import FileLock
from ghostcells.store.paths import FILE_MODE, Paths

_MOST = 1_000
_READ_BYTES = 1024 * 1024


class Slot:
    """A slot that is ours until `release`."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        self._lock.release()


def take_slot(paths: Paths) -> Slot:
    """The lowest free slot; raises `OSError` where the directory cannot be used."""
    for number in range(_MOST):
        lock = FileLock.take(paths.index / f"{number}.lock")
        if lock is not None:
            return Slot(paths.index / f"{number}.sqlite", lock)
    raise OSError(f"All {_MOST} slots of {paths.index} are taken")


def files_of(path: Path) -> list[Path]:
    """What SQLite may have made of a slot."""
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")]


def remove_files(path: Path) -> None:
    for file in files_of(path):
        file.unlink(missing_ok=True)


def remove_free_slots(paths: Paths) -> int:
    """Delete the files of slots that nobody holds, which may hold what should be gone; how many are held."""
    held = 0
    for file in paths.index.glob("*.sqlite"):
        lock = FileLock.take(file.with_suffix(".lock"))
        if lock is None:
            held += 1
            continue
        with lock:
            remove_files(file)
    return held


def contains(path: Path, needles: Collection[bytes]) -> bool:
    """Whether any of these is in the bytes of a slot's files."""
    overlap = max(map(len, needles), default=0)
    for file in files_of(path):
        with contextlib.suppress(FileNotFoundError), file.open("rb") as stream:
            before = b""
            while part := stream.read(_READ_BYTES):
                if any(needle in before + part for needle in needles):
                    return True
                before = part[-overlap:]
    return False


def seed(path: Path) -> bool:
    """Copy the newest other slot to `path`; whether there was one."""
    others = [other for other in path.parent.glob("*.sqlite") if other != path]
    for other in sorted(others, key=_age, reverse=True):
        try:
            _copy(other, path)
        except sqlite3.Error:
            remove_files(path)
        else:
            return True
    return False


def _age(path: Path) -> float:
    times = [0.0]
    for file in files_of(path):
        with contextlib.suppress(OSError):
            times.append(file.stat().st_mtime)
    return max(times)


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=FILE_MODE)
    # Its holder may be at work; a reader takes a snapshot and changes nothing.
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
