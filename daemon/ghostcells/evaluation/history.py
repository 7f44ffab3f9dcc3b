"""The user's own log as a data set: before each run it is asked what memory would have suggested at that moment.

Everything that was recorded is replayed in its order: runs, what was read, failures, rejections, pins, what was forgotten.
What the ghosts of that time were does not matter here; that they were shown and overridden does, and is in the records.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ghostcells.domain.events import AnyRecord, Executed, Forgotten, Learned, Pinned
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Page
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.evaluation.items import Moment, Question
from ghostcells.evaluation.steps import SHELLS

NAME = "mine"
TEACHING = (Executed, Learned, Forgotten, Pinned)
"""The records from which memory learns."""


def keep_records(path: Path, records: Iterable[AnyRecord]) -> int:
    """A copy of what teaches, for processes that must not open the user's data; readable by the user alone."""
    path.touch(0o600)
    count = 0
    with path.open("wb") as file:
        for record in records:
            if isinstance(record, TEACHING):
                file.write(msgspec.json.encode(record) + b"\n")
                count += 1
    return count


def records_in(path: Path) -> Iterator[AnyRecord]:
    """What `keep_records` has written."""
    decode = msgspec.json.Decoder(AnyRecord).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)


class History:
    """`records` gives the log's records in the order of their ids, each time anew."""

    name = NAME
    ordered = True

    def __init__(self, records: Callable[[], Iterable[AnyRecord]]) -> None:
        self._records = records

    def fingerprint(self) -> str:
        found = hashlib.blake2b(digest_size=10)
        for record in self._records():
            if isinstance(record, TEACHING):
                found.update(record.id.encode())
        return found.hexdigest()

    def moments(self) -> Iterator[Moment]:
        for record in self._records():
            if isinstance(record, Executed):
                yield Moment(_question(record), (record,))
            elif isinstance(record, TEACHING):
                yield Moment(None, (record,))


def _question(run: Executed) -> Question | None:
    """What was asked implicitly: a run of a shell cell that something stands before."""
    situation = run.situation
    asked = run.language in SHELLS and bool(run.text.strip()) and bool(situation.intent or situation.above)
    if not asked:
        return None
    return Question(
        key=f"{NAME}/{run.id}",
        dataset=NAME,
        repo=run.notebook.rpartition("/")[0].rpartition("/")[2] or NAME,
        document=run.notebook.rpartition("/")[2],
        time_ms=run.time_ms,
        page=page_of(situation, run.language),
        situation=situation,
        answer=run.text.strip(),
        language=run.language,
        feedback="" if run.feedback is None else run.feedback.feedback.value,
    )


def page_of(situation: Situation, language: str) -> Page:
    """As much of the notebook as the log has kept."""
    cells: list[Cell] = []
    outputs: dict[str, str] = {}
    if situation.heading and situation.heading not in situation.intent:
        cells.append(Cell(f"{situation.notebook}#0", CellKind.MARKUP, "markdown", f"## {situation.heading}"))
    for one in situation.above:
        uri = f"{situation.notebook}#{len(cells)}"
        cells.append(Cell(uri, one.kind, one.language, one.text))
        if one.output:
            outputs[uri] = one.output
    if situation.intent:
        cells.append(Cell(f"{situation.notebook}#{len(cells)}", CellKind.MARKUP, "markdown", situation.intent))
    return Page(situation.notebook, "runme", tuple(cells), (), outputs, language)
