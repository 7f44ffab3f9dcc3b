"""Writing sealed segments anew, without what is to be gone.

A new edition is put in place before the old one is removed, so a crash leaves both, of which only the higher counts. Only
the owner of a segment may do this, or whoever holds the maintenance lock if the owner is dead.
"""

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ghostcells.store.paths import Paths, replace_with, sync_directory, write_all
from ghostcells.store.segment import Segment, lines_of, read_blocks, segment_files

if TYPE_CHECKING:
    from pathlib import Path

_LEFT_OVER_SECONDS = 60


class Edit(Protocol):
    """What is to be changed in the log."""

    def concerns(self, block: bytes) -> bool:
        """Whether there may be something to change in these lines: a quick look, since there nearly never is."""
        ...

    def scrubbed(self, line: bytes) -> bytes:
        """The line as it is to be; the same object where it stays."""
        ...


def rewrite(paths: Paths, segment: Segment, edit: Edit) -> bool:
    """Apply `edit` to every line; whether that changed anything. The torn end of a dead daemon's segment goes as well."""
    source = paths.log / segment.name
    if not _would_change(source, edit):
        return False
    target = Segment(segment.owner, segment.number, segment.edition + 1)

    def fill(handle: int) -> None:
        for block in read_blocks(source):
            changed = (
                b"".join(edit.scrubbed(line) + b"\n" for line in lines_of(block)) if edit.concerns(block) else block
            )
            write_all(handle, changed)

    replace_with(paths.log / target.name, fill)
    source.unlink()
    sync_directory(paths.log)
    return True


def _would_change(path: "Path", edit: Edit) -> bool:
    size = 0
    for block in read_blocks(path):
        size += len(block)
        if edit.concerns(block) and any(edit.scrubbed(line) is not line for line in lines_of(block)):
            return True
    return size != path.stat().st_size


def remove_superseded(paths: Paths, mine: Callable[[Segment], bool]) -> None:
    """Remove editions that a crash has left behind, of the segments that are `mine` to touch."""
    newest: dict[tuple[str, int], int] = {}
    files = [segment for segment in segment_files(paths) if mine(segment)]
    for segment in files:
        place = (segment.owner, segment.number)
        newest[place] = max(newest.get(place, 0), segment.edition)
    for segment in files:
        if segment.edition < newest[segment.owner, segment.number]:
            (paths.log / segment.name).unlink(missing_ok=True)


def remove_unfinished(paths: Paths) -> None:
    """Remove files whose writing a crash has ended."""
    for directory in (paths.log, paths.forget):
        for path in directory.glob("*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                    path.unlink()
