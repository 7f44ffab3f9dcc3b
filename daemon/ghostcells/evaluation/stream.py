"""A notebook as it is written and run, cell by cell -> moments. What the data's format is, its readers know."""

from collections.abc import Iterator, Mapping

import msgspec

from ghostcells.domain.events import Executed
from ghostcells.domain.examples import cut_output, situation_at
from ghostcells.domain.exchange import Page
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import Cell, CellKind, Output
from ghostcells.engine.policy import MAX_OUTPUT_CHARS, code_language
from ghostcells.evaluation.items import Moment, Question
from ghostcells.evaluation.steps import SHELLS

NAMES = {"bash": "shellscript", "sh": "shellscript", "shell": "shellscript", "console": "shellscript"}
HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000
"""When the first document of a set without times of its own begins: any fixed time will do."""
_RESTED_MS = 10_000
_RUNS = 10_000
"""More than one document has."""


class Writing:
    """One document under way. A question is due where prose stands directly before a shell cell that is run."""

    def __init__(self, dataset: str, repo: str, document: str, uri: str, *, number: int = 0) -> None:
        """`number` tells documents of one data set apart, also where they have one name."""
        self.dataset, self.repo, self.document, self.uri, self._number = dataset, repo, document, uri, number
        self._cells: list[Cell] = []
        self._outputs: dict[str, str] = {}
        self._runs = 0

    def cell(self, kind: CellKind, language: str, text: str = "") -> None:
        """A new last cell."""
        uri = f"{self.uri}#{len(self._cells)}"
        self._cells.append(Cell(uri, kind, NAMES.get(language, language), text))

    def write(self, text: str) -> None:
        """What the last cell holds now."""
        self._cells[-1] = msgspec.structs.replace(self._cells[-1], text=text)

    @property
    def text(self) -> str:
        return self._cells[-1].text

    def executed(
        self, text: str, output: str, time_ms: int, *, success: bool = True, rested_ms: int = _RESTED_MS
    ) -> Moment:
        """The last cell is run with this text."""
        index = len(self._cells) - 1
        cell = self._cells[index]
        before = tuple(self._cells[:index])
        situation = situation_at(before, index, self.uri, self._outputs)
        key = f"{self.dataset}/{self._number}/{self._runs}"
        question = None
        if before and before[-1].kind is CellKind.MARKUP and cell.language in SHELLS and text.strip():
            page = Page(self.uri, "runme", before, (), dict(self._outputs), code_language(before, "runme"))
            question = Question(
                key,
                self.dataset,
                self.repo,
                self.document,
                time_ms,
                page,
                situation,
                text.strip(),
                cell.language,
                rested_ms,
            )
        event = ulid(time_ms, self._number * _RUNS + self._runs + 1)
        outputs = (Output("text/plain", cut_output(output, MAX_OUTPUT_CHARS)),) if output else ()
        record = Executed(
            id=event,
            time_ms=time_ms,
            notebook=self.uri,
            cell=cell.uri,
            success=success,
            text=text,
            language=cell.language,
            situation=situation,
            outputs=outputs,
        )
        self._runs += 1
        self._cells[index] = msgspec.structs.replace(cell, text=text)
        self._outputs[cell.uri] = output
        return Moment(question, (record,))


def written(
    writing: Writing, cells: Iterator[tuple[Cell, bool]], outputs: Mapping[str, str], begin_ms: int
) -> Iterator[Moment]:
    """A finished document as if written from top to bottom, a minute for each cell; True beside a cell: it is run."""
    for number, (cell, runs) in enumerate(cells):
        if runs:
            writing.cell(cell.kind, cell.language)
            yield writing.executed(cell.text, outputs.get(cell.uri, ""), begin_ms + number * 60_000)
        else:
            writing.cell(cell.kind, cell.language, cell.text)
