"""The vectors on disk: one append-only file of checked records per embedder. Runs in the child.

Vectors can be computed again, so nothing is ever synced and damage is no drama: a record counts only if its checksum
fits, reading stops at the first that does not, and the next append takes its place. A killed writer can therefore cost
the records it was writing, never a wrong vector. Several processes may have the file open: appends happen under a lock,
each reads what the others appended, and a rewrite (`clear`, compaction) replaces the file as a whole.

The file maps rows to records; which rows there should be is the caller's knowledge. Searching is `scan.py`'s.
"""

from __future__ import annotations

import os
import zlib
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ghostcells.embedders.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from io import FileIO
    from pathlib import Path

    from numpy.typing import NDArray

    Records: TypeAlias = NDArray[np.void]

MAGIC = b"GCVEC001"
HEADER = 64
STEPS = 127
"""A vector's largest component becomes this; its scale is kept with it."""
READ_AT_ONCE = 4096


def record_type(dims: int) -> np.dtype[np.void]:
    """Lay out a record; a scale of 0 removes the row."""
    return np.dtype([("row", "<i8"), ("scale", "<f4"), ("crc", "<u4"), ("codes", "i1", (dims,))])


def quantise(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    peak = np.abs(vectors).max(axis=1)
    if not np.isfinite(peak).all():
        raise ValueError("a vector has a component that is not a finite number")
    scale = np.maximum(peak / np.float32(STEPS), np.float32(1e-30)).astype(np.float32)
    return np.rint(vectors / scale[:, None]).astype(np.int8), scale


class News(Enum):
    """What happened to the file since it was last read; after `REPLACED`, all that was read is void."""

    NONE = auto()
    LONGER = auto()
    REPLACED = auto()


class VectorFile:
    """The records of one directory, numbered by slot: `refresh` and `append` yield records in that order."""

    def __init__(self, directory: Path, name: str, dims: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._path = directory / "vectors.bin"
        self._name = str(self._path)
        self._type = record_type(dims)
        self._header = (MAGIC + dims.to_bytes(4, "little") + name.encode())[:HEADER].ljust(HEADER, b"\0")
        self._map: Records | None = None
        with self.lock():
            self._open()

    @property
    def count(self) -> int:
        """Records read or written so far, dead ones included."""
        return self._count

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing. Within it: `refresh`, then `append` or `rewrite`."""
        return locked(self._directory / "lock")

    def close(self) -> None:
        self._file.close()
        self._map = None

    def news(self) -> News:
        """Ask, in one system call, whether other processes changed anything."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - `Path.stat` costs twice as much, at every search
        except FileNotFoundError:
            return News.REPLACED
        if (found.st_dev, found.st_ino) != self._identity:
            return News.REPLACED
        return News.NONE if found.st_size == self._end() else News.LONGER

    def reopen(self) -> None:
        self.close()
        self._open()

    def refresh(self) -> Iterator[Records]:
        """Read on to the end, or to the first record that is not whole."""
        while True:
            self._file.seek(self._end())
            raw = self._file.read(READ_AT_ONCE * self._type.itemsize)
            records = np.frombuffer(raw, self._type, count=len(raw) // self._type.itemsize)
            good = _leading_good(records)
            self._count += good
            if good:
                yield records[:good]
            if good < READ_AT_ONCE:
                return

    def append(self, rows: Sequence[int], vectors: NDArray[np.float32] | None) -> Records:
        """Write vectors for these rows, or that they are gone; a torn tail is overwritten."""
        records = np.zeros(len(rows), self._type)
        records["row"] = rows
        if vectors is not None:
            records["codes"], records["scale"] = quantise(vectors)
        records["crc"] = [_checksum(memoryview(record.tobytes())) for record in records]
        self._file.truncate(self._end())
        self._file.seek(self._end())
        _write_all(self._file, records.tobytes())
        self._count += len(records)
        return records

    def at(self, slots: Sequence[int]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Read the codes and scales of some slots, mapped: only their pages come into memory."""
        chosen = self._mapped()[np.asarray(slots, np.intp)]
        return chosen["codes"], chosen["scale"]

    def rewrite(self, slots: Sequence[int]) -> None:
        """Replace the file by one with these records only; what was read before is void."""
        kept = self._mapped()[np.asarray(slots, np.intp)].tobytes() if slots else b""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(self._header + kept)
        self.close()
        fresh.replace(self._path)
        self._open()

    def _open(self) -> None:
        self._path.touch(mode=0o600)
        self._file = self._path.open("r+b", buffering=0)
        if self._file.read(HEADER) != self._header:
            self._file.truncate(0)
            self._file.seek(0)
            _write_all(self._file, self._header)
        found = os.fstat(self._file.fileno())
        self._identity = found.st_dev, found.st_ino
        self._count = 0
        self._map = None

    def _mapped(self) -> Records:
        if self._map is None or len(self._map) < self._count:
            mapped: Records = np.memmap(self._path, self._type, mode="r", offset=HEADER, shape=(self._count,))
            self._map = mapped.view(np.ndarray)  # indexing a `memmap` itself is several times slower
        return self._map

    def _end(self) -> int:
        return HEADER + self._count * self._type.itemsize


def _checksum(record: memoryview) -> int:
    """Of everything but the checksum itself."""
    return zlib.crc32(record[16:], zlib.crc32(record[:12]))


def _leading_good(records: Records) -> int:
    """Count the records up to the first whose checksum does not fit."""
    raw, size = memoryview(records.tobytes()), records.dtype.itemsize
    for index, expected in enumerate(records["crc"].tolist()):
        if _checksum(raw[index * size : (index + 1) * size]) != expected:
            return index
    return len(records)


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
