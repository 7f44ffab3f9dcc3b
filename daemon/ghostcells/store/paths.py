"""Where everything lies in the data directory, and the version of that layout.

Making directories and files private is done here and nowhere else; what the files hold is known by the other modules.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from ghostcells.domain.errors import NewerData

FORMAT = 1
"""The version of the data directory's layout; a daemon leaves a directory with a greater one alone."""
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


class Paths(msgspec.Struct, frozen=True):
    """The layout below `root`."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def forget(self) -> Path:
        return self.root / "forget"

    @property
    def pools(self) -> Path:
        return self.root / "pools"

    @property
    def format(self) -> Path:
        return self.root / "format.json"

    @property
    def recovery_lock(self) -> Path:
        return self.root / "recovery.lock"

    @property
    def maintenance_lock(self) -> Path:
        return self.root / "maintenance.lock"


class _Format(msgspec.Struct):
    format: int


def _refuse_newer(paths: Paths) -> bool:
    """Whether the format file is there; raises `NewerData` where it names a format that is not ours."""
    try:
        found = msgspec.json.decode(paths.format.read_bytes(), type=_Format).format
    except (FileNotFoundError, NotADirectoryError):
        return False
    except msgspec.DecodeError as error:
        raise NewerData(
            f"{paths.format} is not understood ({error}). Use another --data-dir, or move this one away."
        ) from error
    if found > FORMAT:
        raise NewerData(
            f"The data in {paths.root} has format {found}, this ghostcells knows up to {FORMAT}. "
            "Upgrade ghostcells, or use another --data-dir; nothing was changed."
        )
    return True


def prepare(root: Path) -> Paths:
    """Make the directories; raises `NewerData` before anything is touched, and `OSError` where it cannot be done."""
    paths = Paths(root)
    known = _refuse_newer(paths)
    made = [directory for directory in (root, *root.parents) if not directory.exists()]
    root.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    for part in (paths.log, paths.index, paths.forget):
        part.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    if not known:
        replace_file(paths.format, msgspec.json.encode({"format": FORMAT}) + b"\n")
    for directory in made:
        # Not ours to read, perhaps; then its owner has to see to it.
        with contextlib.suppress(PermissionError):
            sync_directory(directory.parent)
    return paths


def create_file(path: Path, flags: int = 0) -> int:
    """A descriptor of a new private file; `FileExistsError` where there is one."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | flags, FILE_MODE)


def sync_directory(path: Path) -> None:
    """Make names that were created, renamed or removed in a directory survive a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write the whole of `data`, where one write(2) may take less."""
    written = os.write(handle, data)
    if written < len(data):
        view = memoryview(data)
        while written < len(view):
            written += os.write(handle, view[written:])


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in place in one step that survives a loss of power: nobody ever sees half of it."""
    replace_with(path, lambda handle: write_all(handle, data))


def replace_with(path: Path, fill: Callable[[int], None]) -> None:
    """Like `replace_file`, for what is written piece by piece."""
    passing = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    passing.unlink(missing_ok=True)
    handle = create_file(passing)
    try:
        fill(handle)
        os.fsync(handle)
        passing.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            passing.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    sync_directory(path.parent)
