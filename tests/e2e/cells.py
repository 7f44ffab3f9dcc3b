"""The cells of a notebook as an editor holds them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Json

MARKUP, CODE = 1, 2
_numbers = itertools.count(1)


def number() -> int:
    """A number that no cell has had."""
    return next(_numbers)


@dataclass(eq=False)
class Cell:
    kind: int
    language: str
    text: str
    metadata: Json = field(default_factory=dict)
    uri: str = ""
    version: int = 1

    @property
    def id(self) -> str | None:
        ours = self.metadata.get("ghostcells")
        return ours.get("id") if isinstance(ours, dict) else None

    @property
    def is_ghost(self) -> bool:
        ours = self.metadata.get("ghostcells")
        return isinstance(ours, dict) and ours.get("ghost") is True

    def as_cell(self) -> Json:
        return {"kind": self.kind, "document": self.uri, "metadata": self.metadata}

    def as_document(self) -> Json:
        return {"uri": self.uri, "languageId": self.language, "version": self.version, "text": self.text}


def md(text: str = "", **metadata: Any) -> Cell:
    return Cell(MARKUP, "markdown", text, metadata)


def sh(text: str = "", **metadata: Any) -> Cell:
    return Cell(CODE, "shellscript", text, metadata)


def position(text: str, offset: int) -> Json:
    """An LSP position: lines, and UTF-16 code units within the line."""
    before = text[:offset]
    line_start = before.rfind("\n") + 1
    return {"line": before.count("\n"), "character": len(before[line_start:].encode("utf-16-le", "surrogatepass")) // 2}


def ghost_cell(ghost: Json) -> Cell:
    """The cell that an editor inserts for a published ghost."""
    language = "ghostcell" if ghost["kind"] == CODE else ghost["languageId"]
    return Cell(ghost["kind"], language, ghost["text"], {"ghostcells": {"id": ghost["id"], "ghost": True}})
