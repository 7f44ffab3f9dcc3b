"""Files of JSON Lines, plain or gzipped, read as structs; errors name file and line."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from ghostcells.domain.errors import ConfigError

T = TypeVar("T")
_BLOCK = 1 << 20


def lines_of(path: Path, kind: type[T]) -> Iterator[T]:
    """Each line as `kind`; raises ConfigError for one that is not."""
    decoder = msgspec.json.Decoder(kind)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield decoder.decode(line)
                    except msgspec.MsgspecError as error:
                        raise ConfigError(f"{path}:{number}: {error}") from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise ConfigError(f"{path}: {error}") from error


def digest(path: Path) -> str:
    """A short hash of a file's bytes."""
    found = hashlib.blake2b(digest_size=10)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
