"""The records of the event log: one tagged struct per type.

What `ghostcells/events` shows of them is the protocol's `Event`; a record may hold more, for the learner and the views.
Every record has a ULID, which is its sort key and its identity: to read one twice changes nothing.
"""

import msgspec

from ghostcells.domain.examples import Reason, Situation
from ghostcells.domain.feedback import Judgement, Shown
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.notebook import Output
from ghostcells.domain.trace import Trace


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="type"):
    """What all have: `cell` is the id of the cell (`Cell.identity`) where the record is about one."""

    id: str
    time_ms: int
    notebook: str
    session: str | None = None
    cell: str | None = None


class SessionStarted(Record, frozen=True, kw_only=True, tag="SESSION_STARTED"):
    pass


class SessionEnded(Record, frozen=True, kw_only=True, tag="SESSION_ENDED"):
    """`outcomes` counts the searches of the session by `trace.Search`, `failures` what failed in them by its name."""

    outcomes: dict[str, int] = {}
    failures: dict[str, int] = {}


class Suggested(Record, frozen=True, kw_only=True, tag="SUGGESTED"):
    """`examples` names, for each of `cells`, the example that it was adapted from."""

    suggestion: str
    cells: tuple[Ghost, ...]
    source: str
    examples: tuple[str | None, ...] = ()
    cycled_from: str | None = None


class Accepted(Record, frozen=True, kw_only=True, tag="ACCEPTED"):
    """`text` is what the editor's cell held at that moment."""

    suggestion: str
    shown_ms: int
    text: str
    reason: str = "focus"


class Rejected(Record, frozen=True, kw_only=True, tag="REJECTED"):
    suggestion: str
    reason: str
    shown_ms: int


class Superseded(Record, frozen=True, kw_only=True, tag="SUPERSEDED"):
    suggestion: str
    reason: str
    shown_ms: int


class Restored(Record, frozen=True, kw_only=True, tag="RESTORED"):
    suggestion: str


class Executed(Record, frozen=True, kw_only=True, tag="EXECUTED"):
    """A code cell ended. Holds all that the learner reads.

    `suggestion`, `example` and `accepted_text` are those of the suggestion that the cell came from, where it came from one;
    `shown` are the ghosts on show in this notebook since the run before, `feedback` what the run says of the suggestion that
    stood in its place. `outputs` go with retention, the rest stays.
    """

    success: bool
    text: str
    language: str
    situation: Situation
    exit_code: int | None = None
    duration_ms: int | None = None
    edited: bool = False
    suggestion: str | None = None
    example: str | None = None
    accepted_text: str | None = None
    shown: tuple[Shown, ...] = ()
    feedback: Judgement | None = None
    outputs: tuple[Output, ...] = ()


class Deleted(Record, frozen=True, kw_only=True, tag="DELETED"):
    suggestion: str | None = None


class Learned(Record, frozen=True, kw_only=True, tag="LEARNED"):
    """Says that `executed` taught `example`; for `reason` "read" it is itself what teaches, and holds the lesson."""

    example: str
    reason: Reason
    executed: str | None = None
    situation: Situation | None = None
    text: str = ""
    language: str = ""


class Forgotten(Record, frozen=True, kw_only=True, tag="FORGOTTEN"):
    """The example is gone, with every lesson of it before this record; `events` are the records that taught it."""

    example: str
    events: tuple[str, ...] = ()


class Pinned(Record, frozen=True, kw_only=True, tag="PINNED"):
    example: str
    pinned: bool


class Edited(Record, frozen=True, kw_only=True, tag="EDITED"):
    """The user has rewritten an example: what taught it before this record counts no more, and this teaches `becomes`.

    Unlike FORGOTTEN it takes nothing out of the log.
    """

    example: str
    becomes: str
    situation: Situation
    text: str
    language: str


class Traced(Record, frozen=True, kw_only=True, tag="TRACE"):
    """How a suggestion was made; not an event of the protocol, dropped by retention."""

    trace: Trace


AnyRecord = (
    SessionStarted
    | SessionEnded
    | Suggested
    | Accepted
    | Rejected
    | Superseded
    | Restored
    | Executed
    | Deleted
    | Learned
    | Forgotten
    | Pinned
    | Edited
    | Traced
)
"""The union that the log holds; a line decodes with `msgspec.json.Decoder(AnyRecord)`."""

INTERNAL = frozenset({"PINNED", "EDITED", "TRACE"})
"""Types that `ghostcells/events` does not show."""
