"""What the queries of the protocol answer, as it words them.

Fields that the protocol marks with `?` are left unset where they do not belong; nulls are nulls.
"""

import msgspec
from msgspec import UNSET, UnsetType

from ghostcells.domain.feedback import Fate, Feedback
from ghostcells.domain.ghosts import Ghost


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all have: the protocol's names on the wire."""


class Verdict(View, frozen=True, kw_only=True):
    """What a run says of the one suggestion that it is judged against."""

    feedback: Feedback
    suggestion: str | None
    fate: Fate | None


class Event(View, frozen=True, kw_only=True):
    """A record of the log with the fields that the protocol shows."""

    id: str
    type: str
    time_ms: int
    session: str | None
    notebook: str
    cell: str | None
    reason: str | UnsetType = UNSET
    shown_ms: int | UnsetType = UNSET
    suggestion: str | UnsetType | None = UNSET
    cells: tuple[Ghost, ...] | UnsetType = UNSET
    source: str | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    text: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    edited: bool | UnsetType = UNSET
    example: str | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET


class Execution(View, frozen=True, kw_only=True):
    event: str
    time_ms: int
    success: bool
    text: str
    edited: bool


class Ending(View, frozen=True, kw_only=True):
    type: str
    reason: str
    shown_ms: int


class Lesson(View, frozen=True, kw_only=True):
    example: str
    reason: str


class CellLog(View, frozen=True, kw_only=True):
    """All that is known of one cell; `accepted` is its text at the acceptance, if that has not been undone."""

    id: str
    notebook: str
    suggestion: str | None
    generated: str | None
    accepted: str | None
    executions: tuple[Execution, ...]
    end: Ending | None
    learned: tuple[Lesson, ...]
    events: tuple[str, ...]


class Session(View, frozen=True, kw_only=True):
    """`completions` counts the suggestions worked on, `suggested` and `accepted` their cells."""

    id: str
    notebook: str
    cell: str | None
    start_ms: int
    end_ms: int | None
    completions: int
    suggested: int
    accepted: int
    executed: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


class Percentiles(View, frozen=True, kw_only=True):
    p50: float
    p90: float
    p99: float


class Stats(View, frozen=True, kw_only=True):
    """Cells count by when they were suggested, runs by when they ended; `latency_ms` has the stages of recent suggestions.

    `feedback` counts runs by what they say of a suggestion, `outcomes` searches of memory by what came of them, `failures` what
    could not be asked while searching.
    """

    suggested: int
    read: int
    accepted: int
    rejected: int
    superseded: int
    executed: int
    executed_as_suggested: int
    examples: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    latency_ms: dict[str, Percentiles]
    feedback: dict[str, int]
    outcomes: dict[str, int]
    failures: dict[str, int]


class OpenGhost(msgspec.Struct, frozen=True):
    """A ghost that nobody is there to end."""

    cell: str
    suggestion: str
    notebook: str
    session: str | None


class Cost(msgspec.Struct, frozen=True):
    """What a model's part in a suggestion cost."""

    suggestion: str
    session: str
    notebook: str
    time_ms: int
    usd: float
    input_tokens: int
    output_tokens: int
