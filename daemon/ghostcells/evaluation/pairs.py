"""Pairs of intent and command (JSON Lines: `intent`, `command`, perhaps `group` or `tool`), each against all the others.

They have no order, so everything may be used but the pair itself. Asked are those whose command some other pair has in other
words, where the set has such pairs (`group` tells it apart from a set in which each command stands once); else all.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Page
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.evaluation.files import digest, lines_of
from ghostcells.evaluation.items import Moment, Question
from ghostcells.evaluation.stream import START_MS
from ghostcells.learning.lessons import example_id

_STEP_MS = 60_000
_LANGUAGE = "shellscript"


class Pair(msgspec.Struct, frozen=True):
    intent: str
    command: str
    group: str = ""
    tool: str = ""


class Pairs:
    """A data set in that format."""

    ordered = False

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def fingerprint(self) -> str:
        return digest(self.path)

    def templates(self) -> dict[str, str]:
        """The form of each command, where the data names one."""
        return {one.command.strip(): one.group for one in lines_of(self.path, Pair) if one.group}

    def moments(self) -> Iterator[Moment]:
        rows = list(dict.fromkeys(lines_of(self.path, Pair)))
        wordings = Counter(one.command.strip() for one in {(row.intent, row.command): row for row in rows}.values())
        grouped = any(one.group for one in rows)
        for number, row in enumerate(rows):
            uri = f"file:///home/user/{self.name}/{number}.md"
            situation = Situation(uri, row.intent.strip())
            time_ms = START_MS + number * _STEP_MS
            asked = not grouped or wordings[row.command.strip()] > 1
            record = Executed(
                id=ulid(time_ms, 1), time_ms=time_ms, notebook=uri, success=True, text=row.command.strip(),
                language=_LANGUAGE, situation=situation,
            )  # fmt: skip
            yield Moment(self._question(number, row, situation, time_ms) if asked else None, (record,))

    def _question(self, number: int, row: Pair, situation: Situation, time_ms: int) -> Question:
        prose = Cell(f"{situation.notebook}#0", CellKind.MARKUP, "markdown", row.intent.strip())
        answer = row.command.strip()
        return Question(
            key=f"{self.name}/{number}",
            dataset=self.name,
            repo=row.tool.split(" ")[0] or self.name,
            document=str(number),
            time_ms=time_ms,
            page=Page(situation.notebook, "runme", (prose,), (), {}, _LANGUAGE),
            situation=situation,
            answer=answer,
            language=_LANGUAGE,
            hidden=frozenset({example_id(situation, _LANGUAGE, answer)}),
            template=row.group,
        )
