"""A lock between processes, held through a file: two daemons may share a data directory.

Released by the system when its holder dies. Where the platform has no `flock` the lock is not one: there, two daemons
that write the same vectors at the same instant may cost each other a record, which its checksum gives away.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
