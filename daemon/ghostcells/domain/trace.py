"""How one suggestion was made: the protocol's `Trace`."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """A clear leader, several to choose from, or nothing good enough."""

    RECOMMENDED = "recommended"
    OFFERED = "offered"
    SILENT = "silent"


class Search(StrEnum):
    """What came of one search of memory, as statistics count it.

    `ASK_USER`: several are close, or memory could not be searched as it should, so the choice is the user's. `NO_MATCHES`:
    nothing is likely enough; `NO_EXAMPLES`: nothing has been learned yet.
    """

    RECOMMENDED = "recommended"
    ASK_USER = "ask_user"
    NO_MATCHES = "no_matches"
    NO_EXAMPLES = "no_examples"


class TracedCandidate(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str
    score: float
    confidence: float
    source: str
    example: str | None = None


class TracedModel(msgspec.Struct, frozen=True, rename="camel"):
    """What was said to a model and what it answered, after redaction; `estimated`: tokens not reported."""

    provider: str
    name: str
    prompt: str
    answer: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cost_usd: float
    estimated: bool


class Assertion(msgspec.Struct, frozen=True):
    name: str
    result: str


AHEAD = "ahead"
"""The stage that says by how much memory began to look before the rest."""


class Trace(msgspec.Struct, frozen=True, rename="camel"):
    """`stages_ms` counts from rest, or from as long before as its `ahead` says.

    `why` is the outcome's reason in a sentence, `dropped` what was left out.

    `gap` is by how much the first candidate's confidence exceeds the second's, where two may be shown.
    """

    suggestion: str
    session: str
    trigger: str
    time_ms: int
    stages_ms: dict[str, float]
    candidates: tuple[TracedCandidate, ...]
    outcome: Outcome
    why: str
    dropped: tuple[str, ...] = ()
    model: TracedModel | msgspec.UnsetType = msgspec.UNSET
    assertions: tuple[Assertion, ...] = ()
    redactions: int = 0
    gap: float | msgspec.UnsetType = msgspec.UNSET
