"""The files of the log: JSON Lines segments, how they are named, encoded, written and read.

A daemon's own segments are `<epoch>-<number>.jsonl`, numbered from 1; what retention has put together is `base-<number>.jsonl`.
A line without its newline is a torn one and never an event. When to write, and what a failure means, is the log's business.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.domain.events import AnyRecord
from ghostcells.store.paths import Paths, create_file, sync_directory, write_all

SUFFIX = ".jsonl"
BASE = "base"
READ_BYTES = 256 * 1024
_NUMBER_DIGITS = 6

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)
# macOS has no fdatasync.
sync = getattr(os, "fdatasync", os.fsync)


class Segment(msgspec.Struct, frozen=True, order=True):
    """A file of the log. `owner` is the epoch of the daemon that wrote it, or `BASE`.

    `edition` grows when the file is written anew (to forget something): the highest one is the segment, a lower one is what
    a crash has left behind.
    """

    owner: str
    number: int
    edition: int = 0

    @property
    def name(self) -> str:
        edition = f".{self.edition}" if self.edition else ""
        return f"{self.owner}-{self.number:0{_NUMBER_DIGITS}}{edition}{SUFFIX}"

    @property
    def is_base(self) -> bool:
        return self.owner == BASE

    @classmethod
    def parse(cls, name: str) -> "Segment | None":
        owner, dash, rest = name.removesuffix(SUFFIX).rpartition("-")
        number, dot, edition = rest.partition(".")
        if not (dash and owner and number.isdecimal() and (edition.isdecimal() if dot else True)):
            return None
        return cls(owner, int(number), int(edition) if dot else 0)


def segment_files(paths: Paths) -> list[Segment]:
    """All files that are named as segments, superseded editions included."""
    return _parsed(_names(paths))


def segments(paths: Paths) -> list[Segment]:
    """The segments, each in its highest edition; bases last."""
    return _newest(_names(paths))


class Listing:
    """`segments`, for who asks again and again: names are read anew only where there are others than at the last look."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._names: list[str] = []
        self._found: list[Segment] = []

    def segments(self) -> list[Segment]:
        names = _names(self._paths)
        if names != self._names:
            self._names, self._found = names, _newest(names)
        return self._found


def _names(paths: Paths) -> list[str]:
    try:
        return os.listdir(paths.log)  # noqa: PTH208 -- as in `Index`: every query looks here, and wants names, not paths
    except FileNotFoundError:
        return []


def _parsed(names: Sequence[str]) -> list[Segment]:
    return sorted(one for one in map(Segment.parse, (name for name in names if name.endswith(SUFFIX))) if one)


def _newest(names: Sequence[str]) -> list[Segment]:
    newest = {(one.owner, one.number): one for one in _parsed(names)}
    return sorted(newest.values(), key=lambda one: (one.is_base, one.number, one.owner))


def _mended(value: Any) -> Any:
    """Text that UTF-8 cannot hold (half a surrogate pair, as some editors send) with a replacement in its place."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_mended(key): _mended(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_mended(inner) for inner in value]
        case _:
            return value


def encode(records: Sequence[AnyRecord]) -> bytes:
    """Whole lines, ready to be written."""
    try:
        return _encoder.encode_lines(records)
    except UnicodeEncodeError:
        return _encoder.encode_lines([_mended(msgspec.to_builtins(record)) for record in records])


def decode(line: bytes | memoryview) -> AnyRecord | None:
    """The record of a line; None, and a warning, for a line that is none."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        _log.warning("A line of %d bytes in the log is not a record; it is passed over", len(line))
        return None


class Writer:
    """The end of one new segment."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`; the file's name is on disk when this returns."""
        self.path = path
        self.size = 0
        self._handle = create_file(path, os.O_APPEND)
        try:
            sync_directory(path.parent)
        except BaseException:
            os.close(self._handle)
            raise

    @property
    def removed(self) -> bool:
        """Whether somebody has deleted the file: what is written to it now would be lost."""
        return os.fstat(self._handle).st_nlink == 0

    def write(self, data: bytes) -> None:
        """Put data on disk; after an `OSError` the segment must be abandoned."""
        write_all(self._handle, data)
        sync(self._handle)
        self.size += len(data)

    def abandon(self) -> None:
        """Take back what did not get to disk, as far as the disk lets us."""
        try:
            os.ftruncate(self._handle, self.size)
            if not self.size:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("The end of %s could not be taken back: %s", self.path.name, error)
        finally:
            os.close(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def read_block(path: Path, offset: int, end: int | None, limit: int = READ_BYTES) -> bytes:
    """Whole lines from `offset` on, about `limit` bytes of them and none beyond `end`."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size if end is None else end
        while True:
            wanted = max(0, min(limit, size - offset))
            data = os.pread(handle, wanted, offset)
            cut = data.rfind(b"\n") + 1
            if cut or len(data) < limit:
                return data[:cut]
            limit *= 4
    finally:
        os.close(handle)


def lines_of(block: bytes) -> list[bytes]:
    return block.split(b"\n")[:-1]


def read_blocks(path: Path) -> Iterator[bytes]:
    """A whole segment, some lines at a time."""
    offset = 0
    while block := read_block(path, offset, None):
        yield block
        offset += len(block)


def read_all(path: Path) -> Iterator[bytes]:
    """Every whole line of a segment."""
    for block in read_blocks(path):
        yield from lines_of(block)
