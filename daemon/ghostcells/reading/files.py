"""Files and directories -> runbooks. One that cannot be read costs itself alone: the caller hears of it and goes on."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ghostcells.reading.archive import is_archive
from ghostcells.reading.foyle import is_example, is_log
from ghostcells.reading.runbook import Runbook, Unreadable

MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
_NOTEBOOK = ".ipynb"
EXPECTED = (
    "expected a Markdown file (.md), a Jupyter notebook (.ipynb), an archive of Markdown pages (.zip, .tar), or an example or "
    "log of Foyle (.example.binpb, foyle.logs.*.json)"
)
_SKIPPED = frozenset({"node_modules", "__pycache__", "vendor", "site-packages"})
_MAX_BYTES = 20_000_000
"""A larger file is no runbook; notebooks with pictures in them come near."""


def find(paths: Sequence[Path]) -> tuple[list[Path], list[Unreadable]]:
    """The runbooks among these files and below these directories, each once, in order; and what cannot be one."""
    found: dict[Path, None] = {}
    problems: list[Unreadable] = []
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif not path.exists():
            problems.append(Unreadable(f"{path}: no such file or directory"))
        elif not (_is_runbook(path) or is_archive(path)):
            problems.append(Unreadable(f"{path}: {EXPECTED}"))
        else:
            found[path.absolute()] = None
    return list(found), problems


def read(path: Path) -> Runbook:
    """The runbook in a file; raises Unreadable with the file's name and what is wrong with it."""
    try:
        return _parse(_text(path), path)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: expected text in UTF-8, found another byte at {error.start}") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from error


def text_of(path: Path) -> str:
    """The text of a file; raises Unreadable with its name."""
    try:
        return _text(path)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: expected text in UTF-8, found another byte at {error.start}") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from error


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_BYTES:
        raise Unreadable(f"larger than {_MAX_BYTES // 1_000_000} MB")
    return path.read_text(encoding="utf-8-sig")


def _parse(text: str, path: Path) -> Runbook:
    uri = path.absolute().as_uri()
    if path.suffix.lower() == _NOTEBOOK:
        from ghostcells.reading.jupyter import read_notebook

        return read_notebook(text, uri)
    from ghostcells.reading.markdown import read_markdown

    return read_markdown(text, uri)


def _is_runbook(path: Path) -> bool:
    return path.suffix.lower() in MARKDOWN or path.suffix.lower() == _NOTEBOOK or is_example(path) or is_log(path)


def _below(directory: Path) -> Iterator[Path]:
    """Runbooks below a directory, sorted; hidden directories and those of installed packages are not entered."""
    for folder, folders, names in os.walk(directory.absolute()):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder) / name
            if _is_runbook(path) and not name.startswith(".") and path.is_file():
                yield path
