"""The chain of segments that one daemon writes: where the next bytes go, and what happens when they do not get there.

Used by the writer's thread alone. When to write and whom to tell is the log's business.
"""

import contextlib
from pathlib import Path

from ghostcells.store.horizon import Horizon
from ghostcells.store.paths import Paths, prepare
from ghostcells.store.presence import position
from ghostcells.store.segment import Segment, Writer

SEGMENT_BYTES = 16 * 1024 * 1024


class Chain:
    """Segments `<epoch>-000001` and so on; a new process has a new epoch, so nobody ever appends to another's."""

    def __init__(self, root: Path, epoch: str, horizon: Horizon) -> None:
        self._paths = Paths(root)
        self._epoch = epoch
        self._horizon = horizon
        self._number = 0
        self._writer: Writer | None = None

    @property
    def number(self) -> int:
        """The number of the segment that was written last; those before it are sealed."""
        return self._number

    def commit(self, data: bytes) -> None:
        """Put lines on disk. After an `OSError` nothing of them is in the log, and the next try has a fresh segment.

        A retried fsync may succeed without having written what the failed one lost, so a segment is never tried twice.
        """
        writer = self._ready()
        try:
            writer.write(data)
        except OSError:
            self._writer = None
            writer.abandon()
            raise
        self._horizon.reached(position(self._number, writer.size))

    def _ready(self) -> Writer:
        if self._writer and (self._writer.size >= SEGMENT_BYTES or self._writer.removed):
            self.seal()
        if self._writer is None:
            prepare(self._paths.root)
            # Counted before the file is there, so that others never take an unfinished segment for a sealed one.
            self._number += 1
            self._horizon.reached(position(self._number, 0))
            self._writer = Writer(self._paths.log / Segment(self._epoch, self._number).name)
        return self._writer

    def said(self, error: Exception) -> str:
        """An error in words that stay the same for as long as the trouble does, which a segment's name would not."""
        known = isinstance(error, OSError) and error.strerror
        return f"{error.strerror} ({self._paths.root})" if known else str(error)  # type: ignore[attr-defined]

    def seal(self) -> int:
        """End the segment, so that it may be written anew; the number of the first one that may still grow."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._horizon.reached(position(self._number + 1, 0))
        return self._number + 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.seal()
