"""What was decided lately: said in the status, and kept in a small file of this process that `doctor` and `trace` read.

A decision holds no text of any cell, so the file needs no redaction and nothing in it has to be forgotten. Files are rotated
by size and go after as many days as the daemon's other logs.
"""

import contextlib
import heapq
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ghostcells.app.logs import PrivateFile
from ghostcells.domain.decisions import Decision, Silence
from ghostcells.domain.ids import time_of
from ghostcells.runtime.status import StatusBoard

FILE_BYTES = 256 * 1024
"""About a thousand decisions; two such files are kept for each process."""
PATTERN = "decisions-*.jsonl*"
_TICK_MS = 10
"""A file's time is that of the kernel's last tick, up to 10 ms ago (at 100 Hz), and so may be before what is in the file."""
_LINE_BYTES = 2_048
"""More than a line has, unless what went wrong is told at length."""

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Decision)
_MARKS = {
    Silence.DEBOUNCED: "the typing went on",
    Silence.EMPTY: "",
}
"""What is said of silences that every typist causes all the time: less than the whole reason, or nothing."""


class Decisions:
    """Used on the event loop; `heard` are told of each decision."""

    def __init__(self, folder: Path, status: StatusBoard, *, process: int) -> None:
        self._status = status
        self.heard: list[Callable[[Decision], None]] = []
        self._file = PrivateFile(
            folder / f"decisions-{process}.jsonl", maxBytes=FILE_BYTES, backupCount=1, delay=True, encoding="utf-8"
        )

    def add(self, decision: Decision) -> None:
        self._status.silent(_in_status(decision))
        line = _encode(decision).decode()
        self._file.emit(logging.LogRecord("decision", logging.INFO, "", 0, line, None, None))
        for listener in self.heard:
            listener(decision)

    def close(self) -> None:
        self._file.close()


def _in_status(decision: Decision) -> str:
    if decision.silence is None:
        return ""
    said = _MARKS.get(decision.silence, decision.why)
    return f"Nothing suggested: {said}" if said else ""


def last_decisions(folder: Path, limit: int) -> list[Decision]:
    """The last decisions of all daemons, newest first; of however many files only those that can have them are read."""
    found: list[Decision] = []
    for written_ms, path in _files(folder):
        if len(found) == limit and written_ms < found[-1].time_ms:
            break
        found = heapq.nlargest(limit, [*found, *_read(path, limit * _LINE_BYTES)], key=lambda one: one.time_ms)
    return found


def decision_of(folder: Path, suggestion: str) -> Decision | None:
    """What was decided of one suggestion, if that is still on file: the last of it, where it was decided more than once."""
    begun_ms = time_of(suggestion)
    read = [one for written_ms, path in _files(folder) if written_ms >= begun_ms for one in _read(path)]
    return max((one for one in read if one.suggestion == suggestion), key=lambda one: one.time_ms, default=None)


def written(folder: Path) -> int:
    """The bytes on file: another number after each decision, to see whether there is a new one."""
    sizes = []
    for path in folder.glob(PATTERN):
        with contextlib.suppress(OSError):
            sizes.append(path.stat().st_size)
    return sum(sizes)


def _files(folder: Path) -> list[tuple[int, Path]]:
    """The files with a time (Unix ms) that their last line is not after, the latest first."""
    found = []
    for path in folder.glob(PATTERN):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns // 1_000_000 + _TICK_MS, path))
    return sorted(found, reverse=True)


def _read(path: Path, tail: int | None = None) -> Iterator[Decision]:
    """The decisions in a file, or those in so many bytes of its end."""
    try:
        with path.open("rb") as file:
            if tail is not None:
                file.seek(max(0, path.stat().st_size - tail))
            lines = file.read().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            yield _decoder.decode(line)
        except msgspec.MsgspecError:
            # The empty end, a line that is just being written, or the rest of the one that the end begins in.
            continue
