"""What the engine may ask for: orders, carried out by runtime/ in the order given.

`Append` queues a record and the loop goes on. A `Reply` is sent once every record appended before it is on disk, a `Refuse` at
once. A `Publish` that tells of an acceptance, or that follows an ask, waits for the reply of its input, and what is published
for that notebook meanwhile waits with it; where that reply is refused, they are not sent. Nothing else waits.
"""

import msgspec

from ghostcells.domain.errors import RequestError
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.examples import Situation
from ghostcells.domain.replies import PublishGhosts, Result
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


Effect = Append | Reply | Refuse | Publish | Recall | Cancel | Wake | Announce
