"""Retention: what is older than the user wants to keep goes, but for what was learned.

Of an old record a lesson remains (EXECUTED without outputs, LEARNED by reading, FORGOTTEN, PINNED) or nothing. The segments
of dead daemons are put together into base segments on the way, so their number stays small; a daemon that lives on gives up
those of its own that are old from end to end. A note of what replaces what is
on disk before the first file is removed: after a crash the next round finishes the removal.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ghostcells.domain.events import AnyRecord, Edited, Executed, Forgotten, Learned, Pinned
from ghostcells.domain.examples import Reason
from ghostcells.domain.ids import time_of
from ghostcells.store.chain import SEGMENT_BYTES
from ghostcells.store.locks import FileLock
from ghostcells.store.paths import Paths, replace_file, sync_directory
from ghostcells.store.presence import living, remove_dead
from ghostcells.store.rewriting import remove_superseded, remove_unfinished
from ghostcells.store.segment import BASE, Segment, decode, encode, read_all, segments

if TYPE_CHECKING:
    from pathlib import Path

_SMALL_BYTES = SEGMENT_BYTES // 2
_FEW_SEGMENTS = 8


class _Replacement(msgspec.Struct, frozen=True):
    """`made` stand for `sources` as soon as all of them are in place."""

    made: tuple[str, ...]
    sources: tuple[str, ...]


def trimmed(record: AnyRecord) -> AnyRecord | None:
    """What remains of a record that is too old."""
    match record:
        case Executed():
            above = tuple(msgspec.structs.replace(one, output="") for one in record.situation.above)
            situation = msgspec.structs.replace(record.situation, above=above)
            return msgspec.structs.replace(record, outputs=(), situation=situation)
        case Learned(reason=Reason.READ) | Forgotten() | Pinned() | Edited():
            return record
        case _:
            return None


class Own(msgspec.Struct, frozen=True):
    """The daemon that does it: its epoch, and the number from which on its segments may still grow."""

    epoch: str
    growing: int


def retain(paths: Paths, before_ms: int, own: Own | None = None) -> bool:
    """Drop what is older than `before_ms`; whether that changed the log. Does nothing while another daemon is at it."""
    lock = FileLock.take(paths.maintenance_lock)
    if lock is None:
        return False
    with lock:
        _finish(paths)
        alive = living(paths)
        remove_superseded(paths, lambda segment: segment.owner not in alive)
        remove_unfinished(paths)
        remove_dead(paths)
        found = segments(paths)
        sources = _sources(paths, [segment for segment in found if segment.owner not in alive], before_ms)
        # Where a ghost of ours may still be open, our name has to stay: it says that we shall end it.
        sources += [one for one in found if _is_sealed(one, own) and _is_old(paths, one, before_ms)]
        if sources:
            _replace(paths, sources, before_ms)
        return bool(sources)


def _sources(paths: Paths, dead: list[Segment], before_ms: int) -> list[Segment]:
    """The segments that have something to drop; and the small ones, when there are many."""
    small = [one for one in dead if not one.is_base and (paths.log / one.name).stat().st_size < _SMALL_BYTES]
    joined = set(small) if len(small) > _FEW_SEGMENTS else set()
    return [one for one in dead if one in joined or _has_old(paths, one, before_ms)]


def _is_sealed(segment: Segment, own: Own | None) -> bool:
    return own is not None and segment.owner == own.epoch and segment.number < own.growing


def _is_old(paths: Paths, segment: Segment, before_ms: int) -> bool:
    """Whether all of a segment is older than that."""
    records = map(decode, read_all(paths.log / segment.name))
    return all(record is None or time_of(record.id) < before_ms for record in records)


def _has_old(paths: Paths, segment: Segment, before_ms: int) -> bool:
    return any(_kept(line, before_ms) != line for line in read_all(paths.log / segment.name))


def _kept(line: bytes, before_ms: int) -> bytes | None:
    """The line as it stays, or None."""
    record = decode(line)
    if record is None or time_of(record.id) >= before_ms:
        return line
    rest = trimmed(record)
    return None if rest is None else line if rest == record else encode([rest])[:-1]


def _lines(paths: Paths, sources: list[Segment], before_ms: int) -> Iterator[bytes]:
    for segment in sources:
        for line in read_all(paths.log / segment.name):
            if (kept := _kept(line, before_ms)) is not None:
                yield kept + b"\n"


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines put together to segments."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= SEGMENT_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _replace(paths: Paths, sources: list[Segment], before_ms: int) -> None:
    # A number is never given twice: an index may remember how far it had read a base that is long gone.
    number = max([time.time_ns() // 1_000_000, *(one.number for one in segments(paths) if one.is_base)])
    made = []
    for chunk in _chunks(_lines(paths, sources, before_ms)):
        number += 1
        segment = Segment(BASE, number)
        # Not yet by a name that readers take for a segment: either all are there or none.
        replace_file(paths.log / f"{segment.name}.new", chunk)
        made.append(segment.name)
    note = _Replacement(tuple(made), tuple(segment.name for segment in sources))
    replace_file(_note(paths), msgspec.json.encode(note))
    _finish(paths)


def _note(paths: Paths) -> "Path":
    return paths.log / "replacement.json"


def _finish(paths: Paths) -> None:
    """Carry out a noted replacement; each step may have been done already."""
    try:
        note = msgspec.json.decode(_note(paths).read_bytes(), type=_Replacement)
    except FileNotFoundError:
        for path in paths.log.glob("*.new"):
            if path.stem.startswith(BASE):
                path.unlink(missing_ok=True)
        return
    for name in note.made:
        new = paths.log / f"{name}.new"
        if new.exists():
            new.replace(paths.log / name)
    sync_directory(paths.log)
    for name in note.sources:
        (paths.log / name).unlink(missing_ok=True)
    sync_directory(paths.log)
    _note(paths).unlink(missing_ok=True)
