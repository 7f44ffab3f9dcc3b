"""Small things that were learned, each kept whole in a file of its own: lost, they are learned again.

Where several daemons keep the same file the last one counts: these are habits and estimates, not a ledger.
"""

import logging
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Kept(Generic[T]):
    """`blank` is what there is before anything was learned. Reading and writing touch the disk."""

    def __init__(self, path: Path, blank: T) -> None:
        self._path = path
        self._blank = blank
        self._former = blank

    def read(self) -> T:
        try:
            self._former = msgspec.json.decode(self._path.read_bytes(), type=type(self._blank))
        except FileNotFoundError:
            self._former = self._blank
        except (OSError, msgspec.MsgspecError) as error:
            logger.warning("%s cannot be read, and is begun anew: %s", self._path, error)
            self._former = self._blank
        return self._former

    def write(self, value: T) -> None:
        """Replace the file, where there is something new; others of this computer cannot read it."""
        if value == self._former:
            return
        fresh = self._path.with_suffix(".new")
        try:
            handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(value))
            fresh.replace(self._path)
        except OSError as error:
            logger.warning("%s cannot be kept: %s", self._path, error)
            return
        self._former = value
