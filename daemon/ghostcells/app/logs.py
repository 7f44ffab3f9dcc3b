"""The daemon's own log: sentences on stderr and in a file below the data directory; never cell text above debug."""

import contextlib
import logging
import logging.handlers
import os
import time
from io import TextIOWrapper
from pathlib import Path

FILE_BYTES = 1_000_000
KEPT_DAYS = 14
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the name is the library's
        """A disk that cannot be written is said in the status; the file just misses its lines."""


def begin_logging(directory: Path) -> None:
    """Log to a file of this process in `directory`/logs beside stderr, where it can be written; drop old ones."""
    logger = logging.getLogger("ghostcells")
    spoken = logging.StreamHandler()
    spoken.setFormatter(logging.Formatter("ghostcells: %(message)s"))
    logger.addHandler(spoken)
    folder = directory / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _prune(folder)
    except OSError:
        return
    handler = _PrivateFile(folder / f"daemon-{os.getpid()}.log", maxBytes=FILE_BYTES, backupCount=1, delay=True)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)


def set_level(level: str) -> None:
    logging.getLogger("ghostcells").setLevel(level.upper())


def _prune(folder: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in folder.glob("daemon-*.log*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
