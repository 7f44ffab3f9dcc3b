"""The pools of most used commands on disk, one file for each workspace: a cache that is removed when something is forgotten.

One daemon at a time counts anew; the others see its lock and use what is there.
"""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ghostcells.domain.pool import Pool
from ghostcells.store.locks import FileLock
from ghostcells.store.paths import DIRECTORY_MODE, Paths, replace_file


class PoolFile:
    """The pool of the workspace that has these folders (URIs); raises `OSError` where the disk does."""

    def __init__(self, paths: Paths, folders: Iterable[str]) -> None:
        name = hashlib.blake2b("\0".join(sorted(folders)).encode(), digest_size=8).hexdigest()
        self._paths = paths
        self._path = paths.pools / f"{name}.json"

    def read(self) -> Pool | None:
        """The pool, None where there is none that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Pool)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def lock(self) -> FileLock | None:
        """The right to count anew, None where another daemon is at it."""
        self._paths.pools.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        return FileLock.take(_lock(self._paths))

    def write(self, pool: Pool) -> None:
        """Put a pool in place; the lock is held."""
        replace_file(self._path, msgspec.json.encode(pool))


def remove_pools(paths: Paths) -> None:
    """Remove what was counted before something was forgotten, also what somebody is counting just now."""
    if not paths.pools.is_dir():
        return
    with FileLock.wait(_lock(paths)):
        for path in paths.pools.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _lock(paths: Paths) -> Path:
    return paths.pools / "counting.lock"
