"""A path -> the data set that is there, by what the file begins with."""

import gzip
from pathlib import Path

import msgspec

from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation.books import Documents, Notebooks
from ghostcells.evaluation.items import Dataset
from ghostcells.evaluation.pairs import Pairs
from ghostcells.evaluation.sessions import Sessions

_SUFFIXES = (".gz", ".jsonl", ".json")
_KINDS = (
    (frozenset({"intent", "command"}), Pairs),
    (frozenset({"cells", "id"}), Documents),
    (frozenset({"type", "s"}), Sessions),
)
"""A format is known by fields that all of its lines have."""


def dataset_at(path: Path) -> Dataset:
    """Raises ConfigError for what is none."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file or directory")
    name = path.absolute().name
    if path.is_dir() or path.suffix in {".md", ".ipynb"}:
        return Notebooks(path, name)
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    fields = _first(path)
    for wanted, kind in _KINDS:
        if wanted <= fields:
            return kind(path, name)
    raise ConfigError(
        f"{path}: expected a directory of notebooks, or JSON Lines of sessions (s, type, …), pairs (intent, command) or "
        f"documents (id, cells), got lines with {', '.join(sorted(fields)) or 'nothing'}"
    )


def _first(path: Path) -> frozenset[str]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            return frozenset(msgspec.json.decode(next(iter(lines), b"{}"), type=dict[str, object]))
    except (msgspec.MsgspecError, gzip.BadGzipFile, EOFError) as error:
        raise ConfigError(f"{path}: {error}") from error
