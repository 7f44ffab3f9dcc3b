"""What was decided lately: said in the status, and kept in a small file of this process that `doctor` and `trace` read.

A decision holds no text of any cell, so the file needs no redaction and nothing in it has to be forgotten. Files are rotated
by size and go after as many days as the daemon's other logs.
"""

import heapq
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ghostcells.app.logs import PrivateFile
from ghostcells.domain.decisions import Decision, Silence
from ghostcells.runtime.status import StatusBoard

FILE_BYTES = 256 * 1024
"""About a thousand decisions; two such files are kept for each process."""
PATTERN = "decisions-*.jsonl*"

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
    """The last decisions of all daemons, newest first."""
    return heapq.nlargest(limit, _every(folder), key=lambda one: one.time_ms)


def decision_of(folder: Path, suggestion: str) -> Decision | None:
    """What was decided of one suggestion, if that is still on file."""
    found = [one for one in _every(folder) if one.suggestion == suggestion]
    return max(found, key=lambda one: one.time_ms, default=None)


def _every(folder: Path) -> Iterator[Decision]:
    for path in folder.glob(PATTERN):
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError:
            continue
        for line in lines:
            try:
                yield _decoder.decode(line)
            except msgspec.MsgspecError:
                # The empty end, or a line that is just being written.
                continue
