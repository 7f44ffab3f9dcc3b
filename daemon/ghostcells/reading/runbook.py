"""A runbook that was read: cells in order, what the document shows as their output, and the lessons it holds.

A lesson is prose with the command that stands directly below it. Nobody ran it here, which is why the log calls it "read".
"""

import msgspec

from ghostcells.domain.errors import GhostcellsError
from ghostcells.domain.examples import Situation, situation_at
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.reading.languages import RUNNABLE, declares_only


class Unreadable(GhostcellsError):
    """A file that holds no runbook that can be read; the message names it and says why."""


class Runbook(msgspec.Struct, frozen=True):
    """`outputs` has the text that the document shows below a code cell, by the cell's URI."""

    uri: str
    cells: tuple[Cell, ...]
    outputs: dict[str, str]


class Lesson(msgspec.Struct, frozen=True):
    situation: Situation
    language: str
    text: str


class Builder:
    """Collects cells in order and gives each its address within the document."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._cells: list[Cell] = []
        self._outputs: dict[str, str] = {}

    def prose(self, text: str) -> None:
        self._add(CellKind.MARKUP, "markdown", text.strip("\n"))

    def code(self, language: str, text: str, output: str = "") -> None:
        self._add(CellKind.CODE, language, text)
        if output.strip():
            self.output(output)

    def output(self, text: str) -> bool:
        """Give the last cell an output; False where that is not a code cell, or has one."""
        last = self._cells[-1] if self._cells else None
        if last is None or last.kind is not CellKind.CODE or last.uri in self._outputs:
            return False
        self._outputs[last.uri] = text.rstrip("\n")
        return True

    def runbook(self) -> Runbook:
        return Runbook(self._uri, tuple(self._cells), dict(self._outputs))

    def _add(self, kind: CellKind, language: str, text: str) -> None:
        if text.strip():
            uri = f"{self._uri}#{len(self._cells) + 1}"
            self._cells.append(Cell(uri=uri, kind=kind, language=language, text=text))


def lessons(runbook: Runbook) -> tuple[Lesson, ...]:
    """Each command that prose stands directly above."""
    cells = runbook.cells
    return tuple(
        Lesson(situation_at(cells, index, runbook.uri, runbook.outputs), cell.language, cell.text)
        for index, cell in enumerate(cells)
        if cell.kind is CellKind.CODE
        and cell.language in RUNNABLE
        and not declares_only(cell.language, cell.text)
        and index > 0
        and cells[index - 1].kind is CellKind.MARKUP
    )
