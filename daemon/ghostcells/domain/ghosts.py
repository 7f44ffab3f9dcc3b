"""Suggestions: what is shown, what else could be, and the closed list of ways a suggested cell ends."""

from enum import StrEnum

import msgspec

from ghostcells.domain.notebook import CellKind


class Caution(msgspec.Struct, frozen=True):
    """`code` is a stable word such as `destructive-command` or `redacted-secret`."""

    code: str
    message: str


class Ghost(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A suggested cell as the protocol publishes it."""

    id: str
    kind: CellKind
    language_id: str
    text: str
    source: str
    confidence: float | None = None
    label: str | None = None
    warnings: tuple[Caution, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """One possible answer, before it has an id.

    `score` orders candidates, `confidence` is the calibrated probability (0..1) that the user runs it as it is or nearly
    so (argument distance up to 0.3), `example` the example it was adapted from, `cosine` how near the sentence model finds its
    situation to the one at hand, None where that was not asked.
    """

    text: str
    language: str
    score: float
    confidence: float
    source: str = "memory"
    example: str | None = None
    label: str | None = None
    warnings: tuple[Caution, ...] = ()
    cosine: float | None = None


class Recollection(msgspec.Struct, frozen=True):
    """What memory answers: candidates best first, those below `threshold` for the trace only.

    `threshold` is the confidence below which one is not shown, `stages_ms` the time of each stage of the search, `notes` what
    was left out and why. `known` is how many examples there are, None where that could not be found out; `failed` names the
    searches that failed.
    """

    candidates: tuple[Candidate, ...]
    threshold: float
    stages_ms: dict[str, float]
    notes: tuple[str, ...] = ()
    known: int | None = None
    failed: tuple[str, ...] = ()


class End(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"


class Reason(StrEnum):
    """Why a suggested cell ended; `END_OF` says which end each belongs to."""

    FOCUS = "focus"
    SKIPPED = "skipped"
    MOVED = "moved"
    INSERTED = "inserted"
    DISMISSED = "dismissed"
    DELETED = "deleted"
    CLOSED = "closed"
    NEWER = "newer"
    CYCLED = "cycled"
    STALE = "stale"
    ANCHOR_GONE = "anchor-gone"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    LOST = "lost"


END_OF: dict[Reason, End] = {
    Reason.FOCUS: End.ACCEPTED,
    Reason.SKIPPED: End.REJECTED,
    Reason.MOVED: End.REJECTED,
    Reason.INSERTED: End.REJECTED,
    Reason.DISMISSED: End.REJECTED,
    Reason.DELETED: End.REJECTED,
    Reason.CLOSED: End.REJECTED,
    Reason.NEWER: End.SUPERSEDED,
    Reason.CYCLED: End.SUPERSEDED,
    Reason.STALE: End.SUPERSEDED,
    Reason.ANCHOR_GONE: End.SUPERSEDED,
    Reason.WITHDRAWN: End.SUPERSEDED,
    Reason.FAILED: End.SUPERSEDED,
    Reason.LOST: End.SUPERSEDED,
}

READ_MS = 750
"""A ghost visible for this long counts as read (protocol)."""


class Origin(msgspec.Struct, frozen=True):
    """What the log knows of a suggested cell that is not in the engine's state: it was accepted, or it ended.

    `ghost` is the cell as it was suggested; `text` is the text at acceptance, or that of the suggestion.
    """

    ghost: Ghost
    suggestion: str
    accepted: bool
    text: str
    example: str | None = None
