"""Archives (zip, tar) -> the Markdown files in them, read one by one; nothing is unpacked onto the disk."""

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ghostcells.reading.runbook import Unreadable

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
MOST_BYTES = 1_000_000
"""Of one page; what is larger is no page, whatever its archive says."""
MOST_FILES = 200_000


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES)


def pages(path: Path) -> Iterator[tuple[str, str]]:
    """The Markdown files: name in the archive, text. Raises Unreadable."""
    try:
        yield from _zipped(path) if path.name.lower().endswith(".zip") else _tarred(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"{path}: the archive cannot be read: {error}") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error


def _zipped(path: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist()[:MOST_FILES]:
            if member.filename.endswith(".md") and member.file_size <= MOST_BYTES:
                with archive.open(member) as file:
                    # What a member says of its size need not be so.
                    yield member.filename, file.read(MOST_BYTES).decode(errors="replace")


def _tarred(path: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(path) as archive:
        for number, member in enumerate(archive):
            if number == MOST_FILES:
                return
            if member.isfile() and member.name.endswith(".md") and member.size <= MOST_BYTES:
                file = archive.extractfile(member)
                if file is not None:
                    yield member.name, file.read(MOST_BYTES).decode(errors="replace")
