"""Situations and what was run in them.

A `Situation` is what can be known before a command is written; an `Example` is a situation with the command that answered
it and the evidence for it. The pure functions that cut a situation out of a notebook stand here, because what is stored and
what is asked must be cut alike.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from ghostcells.domain.notebook import Cell, CellKind

ANSWERED_BY = "\0"
"""Stands between an example's prose and its command where both are given to an embedder as one text."""

INTENT_CHARS = 600
"""The end of the prose before a command that counts as its intent."""
ABOVE_CELLS = 6
"""How many cells before the intent are remembered."""
ABOVE_CHARS = 400
OUTPUT_CHARS = 600
HEADING_CHARS = 200
HEADING_WITHIN = 20_000
"""How far from a cell's end a heading is looked for."""


class Above(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A cell before the intent: `text` cut at its end, `output` (of its last run) holding head and tail."""

    kind: CellKind
    language: str
    text: str
    output: str = ""


class Situation(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What stands before a code cell.

    `intent` is the run of prose cells directly before it (its last `INTENT_CHARS`), empty where a code cell comes directly
    before; `heading` the nearest Markdown heading above; `above` the cells before the intent, nearest last; `notebook` its
    URI; `language` that of the nearest code cell above, or empty.
    """

    notebook: str
    intent: str = ""
    heading: str = ""
    above: tuple[Above, ...] = ()
    language: str = ""


class Reason(StrEnum):
    """How a lesson was taught (the protocol's LEARNED reasons)."""

    AS_SUGGESTED = "as-suggested"
    EDITED = "edited"
    OWN = "own"
    READ = "read"


class Verdict(StrEnum):
    """What one event says about an example."""

    RAN = "ran"
    READ = "read"
    FAILED = "failed"
    REJECTED = "rejected"
    SHOWN_AND_RUN = "shown-and-run"
    OVERRIDDEN = "overridden"


class Evidence(msgspec.Struct, frozen=True):
    """What one event says about one example.

    `situation`, `language`, `text` and `reason` are there for `RAN` and `READ`, which teach; the others only count. The index
    is a fold of evidence by (example, event, verdict), in the order of event ids, so it does not depend on arrival.
    """

    example: str
    event: str
    time_ms: int
    verdict: Verdict
    reason: Reason | None = None
    situation: Situation | None = None
    language: str = ""
    text: str = ""


class Example(msgspec.Struct, frozen=True, rename="camel"):
    """A situation, the command that answered it, and the tally of its evidence.

    `id` is made from the content, so the same lesson has the same id in every daemon. `row` is its number in this index.
    `runs` counts RAN (successful runs, whoever wrote the cell), `shown_runs` those that had been shown before, `reads` READ;
    times are Unix milliseconds of the first and the last RAN or READ. `reason` is that of the last. `overrides` counts
    OVERRIDDEN since the last RAN or SHOWN_AND_RUN, by the ids of the events. `notes` is what memory noted of it when it was
    stored, for itself alone; empty where that has to be read anew.
    """

    id: str
    row: int
    situation: Situation
    language: str
    text: str
    reason: Reason
    runs: int
    reads: int
    failures: int
    rejections: int
    shown_runs: int
    first_ms: int
    last_ms: int
    pinned: bool = False
    overrides: int = 0
    notes: bytes = b""


def cut_output(text: str, limit: int = OUTPUT_CHARS) -> str:
    """Head and tail of an output; the middle is what carries least."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def _heading(cells: Sequence[Cell], end: int) -> str:
    for cell in reversed(cells[:end]):
        if cell.kind is CellKind.MARKUP:
            for line in reversed(cell.text[-HEADING_WITHIN:].splitlines()):
                if line.startswith("#"):
                    return line.lstrip("#").strip()[:HEADING_CHARS]
    return ""


def situation_at(
    cells: Sequence[Cell], index: int, notebook: str, outputs: Mapping[str, str] | None = None
) -> Situation:
    """The situation of a code cell that stands, or would stand, at `index` among `cells` (which hold no ghosts).

    `outputs` has the text that a cell's last run gave, by the cell's URI.
    """
    start = index
    while start > 0 and cells[start - 1].kind is CellKind.MARKUP and index - start < ABOVE_CELLS:
        start -= 1
    prose = "\n\n".join(cell.text[-HEADING_WITHIN:].strip() for cell in cells[start:index])
    given = outputs or {}
    above = tuple(
        Above(cell.kind, cell.language, cell.text[-ABOVE_CHARS:], cut_output(given.get(cell.uri, "")))
        for cell in cells[max(0, start - ABOVE_CELLS) : start]
    )
    language = next((cell.language for cell in reversed(cells[:index]) if cell.kind is CellKind.CODE), "")
    return Situation(
        notebook=notebook,
        intent=prose[-INTENT_CHARS:],
        heading=_heading(cells, index),
        above=above,
        language=language,
    )
