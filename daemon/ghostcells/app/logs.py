"""The daemon's own log: sentences on stderr, JSON lines in a file below the data directory; never cell text above debug.

A line has `time`, `level`, `part` and `message`, and what the caller says in `extra={"fields": {...}}`: `trace` (the id of a
suggestion), `session`, `cell`. `ghostcells logs` reads them.
"""

import contextlib
import logging
import logging.handlers
import os
import time
from io import TextIOWrapper
from pathlib import Path

import msgspec

FILE_BYTES = 1_000_000
KEPT_DAYS = 14
LOGS = "logs"
_KEPT = ("daemon-*.log*", "daemon-*.jsonl*", "decisions-*.jsonl*")
"""The files of this folder; those named .log are of former versions."""


class PrivateFile(logging.handlers.RotatingFileHandler):
    """A file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the name is the library's
        """A disk that cannot be written is said in the status; the file just misses its lines."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "part": record.name.removeprefix("ghostcells."),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode("utf-8", "replace")


def begin_logging(directory: Path) -> None:
    """Log to a file of this process in `directory`/logs beside stderr, where it can be written; drop old ones."""
    logger = logging.getLogger("ghostcells")
    spoken = logging.StreamHandler()
    spoken.setFormatter(logging.Formatter("ghostcells: %(message)s"))
    logger.addHandler(spoken)
    folder = directory / LOGS
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _prune(folder)
    except OSError:
        return
    handler = PrivateFile(folder / f"daemon-{os.getpid()}.jsonl", maxBytes=FILE_BYTES, backupCount=1, delay=True)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)


def set_level(level: str) -> None:
    logging.getLogger("ghostcells").setLevel(level.upper())


def _prune(folder: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 86_400
    for pattern in _KEPT:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
