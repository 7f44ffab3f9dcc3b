"""How one suggestion was made: the protocol's `Trace`."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """A clear leader, several to choose from, or nothing good enough."""

    RECOMMENDED = "recommended"
    OFFERED = "offered"
    SILENT = "silent"


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


class Trace(msgspec.Struct, frozen=True, rename="camel"):
    """`stages_ms` counts from rest; `why` is the outcome's reason in a sentence, `dropped` what was left out."""

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
