"""Jupyter notebooks (nbformat 4) -> cells. A cell of shell commands (`%%bash`, or `!` on every line) becomes one of shell."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ghostcells.domain.examples import cut_output
from ghostcells.reading.languages import SHELL, language_id
from ghostcells.reading.runbook import Builder, Runbook, Unreadable

_FORMAT = 4
_SHELL_MAGICS = ("%%bash", "%%sh", "%%script bash", "%%script sh", "%%!")
_MAGIC_LANGUAGES = {
    "%%sql": "sql",
    "%%bigquery": "sql",
    "%%javascript": "javascript",
    "%%js": "javascript",
    "%%html": "html",
}
_OTHERS = ("%%writefile", "%%file", "%%latex", "%%markdown", "%%svg")


def read_notebook(text: str, uri: str) -> Runbook:
    """The cells of a notebook file; raises Unreadable where it is not one."""
    document = _document(text)
    language = _language(document)
    builder = Builder(uri)
    for number, cell in enumerate(document["cells"], 1):
        if not isinstance(cell, Mapping):
            raise Unreadable(f"cell {number} is not an object")
        if _is_ghost(cell):
            continue
        source = _text(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            builder.prose(source)
        elif cell.get("cell_type") == "code":
            builder.code(*_command(source, language), cut_output(_outputs(cell.get("outputs"))))
    return builder.runbook()


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise Unreadable("nested too deeply") from error
    if not isinstance(document, Mapping) or "nbformat" not in document:
        raise Unreadable("not a notebook: it has no `nbformat`")
    if document["nbformat"] != _FORMAT:
        raise Unreadable(f"nbformat {document['nbformat']!r} is not read, only 4: save it with a current Jupyter")
    if not isinstance(document.get("cells"), list):
        raise Unreadable("not a notebook: `cells` is not a list")
    return document


def _language(document: Mapping[str, Any]) -> str:
    """The kernel's language; a notebook that does not say is one of Python."""
    metadata = document.get("metadata")
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        place = metadata.get(section) if isinstance(metadata, Mapping) else None
        name = place.get(key) if isinstance(place, Mapping) else None
        if isinstance(name, str) and name:
            return language_id(name.lower())
    return "python"


def _is_ghost(cell: Mapping[str, Any]) -> bool:
    """A suggestion that an editor left in the file."""
    metadata = cell.get("metadata")
    ours = metadata.get("ghostcells") if isinstance(metadata, Mapping) else None
    return isinstance(ours, Mapping) and ours.get("ghost") is True


def _command(source: str, language: str) -> tuple[str, str]:
    """Language and text of a code cell, its magic taken off."""
    text = source.strip("\n")
    first, _, rest = text.lstrip().partition("\n")
    magic = first.rstrip()
    if magic in _SHELL_MAGICS or magic.startswith(tuple(f"{name} " for name in _SHELL_MAGICS)):
        return SHELL, rest.strip("\n")
    name = magic.split(" ", 1)[0]
    if name in _MAGIC_LANGUAGES:
        return _MAGIC_LANGUAGES[name], rest.strip("\n")
    if name in _OTHERS:
        return "plaintext", rest.strip("\n")
    lines = _shell_lines(text)
    return (SHELL, "\n".join(lines)) if lines else (language, text)


def _shell_lines(text: str) -> list[str]:
    """The commands of a cell that is nothing but `!` lines (with their continuations), else nothing."""
    lines: list[str] = []
    continued = False
    for line in text.splitlines():
        if continued:
            lines.append(line)
        elif line.startswith("!"):
            lines.append(line.lstrip("!").lstrip())
        elif line.strip() and not line.lstrip().startswith("#"):
            return []
        continued = bool(lines) and line.endswith("\\")
    return lines


def _outputs(outputs: Any) -> str:
    """What the cell printed, as text; pictures and errors' tracebacks are left out."""
    if not isinstance(outputs, Sequence) or isinstance(outputs, str):
        return ""
    parts = []
    for output in outputs:
        if isinstance(output, Mapping):
            data = output.get("data")
            parts.append(
                _text(output.get("text")) or _text(data.get("text/plain") if isinstance(data, Mapping) else None)
            )
    return "\n".join(part.rstrip("\n") for part in parts if part)


def _text(value: Any) -> str:
    """A multi-line string of the format: one string, or a list of lines."""
    if isinstance(value, str):
        return value
    return "".join(part for part in value if isinstance(part, str)) if isinstance(value, list) else ""
