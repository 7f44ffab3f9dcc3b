"""What the engine may ask for: orders, carried out by runtime/ in the order given.

`Append` queues a record and the loop goes on. A `Reply` is sent once every record appended before it is on disk, a `Refuse` at
once. A `Publish` that tells of an acceptance, or that follows an ask, waits for the reply of its input, and what is published
for that notebook meanwhile waits with it; where that reply is refused, they are not sent. Nothing else waits.
"""

import msgspec

from ghostcells.domain.decisions import Decision
from ghostcells.domain.errors import RequestError
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Page
from ghostcells.domain.ghosts import Candidate
from ghostcells.domain.replies import PublishGhosts, Result
from ghostcells.domain.trace import Trace
from ghostcells.engine.inputs import RequestId


class Append(msgspec.Struct, frozen=True):
    """`firm` records are those of a request: if they cannot be written they did not happen. The others are kept and retried."""

    record: AnyRecord
    firm: bool = False


class Reply(msgspec.Struct, frozen=True):
    request: RequestId
    result: Result


class Refuse(msgspec.Struct, frozen=True):
    request: RequestId
    error: RequestError


class Publish(msgspec.Struct, frozen=True):
    params: PublishGhosts


class Recall(msgspec.Struct, frozen=True):
    """Search memory for this situation; the answer comes back as `Recalled` or `RecallFailed` with the same `suggestion`.

    `present` are commands that are not worth suggesting: what stands right below, and what has just been run.
    """

    suggestion: str
    situation: Situation
    limit: int
    present: tuple[str, ...] = ()


class Prepare(msgspec.Struct, frozen=True):
    """Begin to search memory as for a `Recall` of the same, which is likely to follow; nothing comes back."""

    situation: Situation
    limit: int
    present: tuple[str, ...] = ()


class Complete(msgspec.Struct, frozen=True):
    """Let a model write what follows; answered by `Wrote`s, then `Finished`, `CompletionDeclined` or `CompletionFailed`.

    `candidates` are memory's, best first, and `sure` is the confidence of the best that may show. `ran` is what was run in
    this notebook, the last last. `trace` is what there is to tell so far: who carries this out completes and keeps it, also
    where the completion is cancelled or fails, since that costs, too. Only of a declined one the engine keeps it.
    """

    suggestion: str
    session: str
    page: Page
    situation: Situation
    candidates: tuple[Candidate, ...]
    sure: float
    rested_ms: int
    asked: bool
    ran: tuple[str, ...]
    trace: Trace


class Cancel(msgspec.Struct, frozen=True):
    """Close the computation of this suggestion at its source; nothing comes back."""

    suggestion: str


class Wake(msgspec.Struct, frozen=True):
    """Send `TimeCame` at this time (Unix milliseconds); replaces the former. None: no more."""

    at_ms: int | None


class Announce(msgspec.Struct, frozen=True):
    """The daemon's state as the engine sees it: `off`, or `ready`; `trouble` says what is degraded, empty when nothing is."""

    off: bool
    trouble: str = ""


class Decide(msgspec.Struct, frozen=True):
    """Tell what became of a rest: why something shows, or nothing."""

    decision: Decision


Effect = Append | Reply | Refuse | Publish | Prepare | Recall | Complete | Cancel | Wake | Announce | Decide
