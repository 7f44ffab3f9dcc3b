"""Builders of pages and examples."""

from ghostcells.domain.exchange import Page, Remembered
from ghostcells.domain.notebook import Cell, CellKind


def md(text: str, name: str = "") -> Cell:
    return Cell(f"cell:{name or text}", CellKind.MARKUP, "markdown", text)


def sh(text: str, name: str = "", language: str = "shellscript") -> Cell:
    return Cell(f"cell:{name or text}", CellKind.CODE, language, text)


def page(
    *before: Cell, after: tuple[Cell, ...] = (), outputs: dict[str, str] | None = None, language: str = "shellscript"
) -> Page:
    return Page("file:///home/user/deploy.md", "runme", before, after, outputs or {}, language)


def example(
    intent: str, text: str, similarity: float = 0.8, name: str = "", language: str = "shellscript"
) -> Remembered:
    return Remembered(name or intent, intent, language, text, similarity)


def count(text: str) -> int:
    """A stand-in for a tokenizer."""
    return (len(text.encode()) + 3) // 4


def untouched(text: str) -> tuple[str, int]:
    return text, 0
