"""What can happen: the inputs of `machine.step`.

Each is a past event with the stamp of its arrival. A `request` is the JSON-RPC id of the message that awaits an answer; every
input that has one is answered by exactly one `Reply` or `Refuse`.
"""

from enum import StrEnum

import msgspec

from ghostcells.domain.decisions import Silence
from ghostcells.domain.exchange import Piece
from ghostcells.domain.ghosts import Candidate, Origin
from ghostcells.domain.ids import Stamp
from ghostcells.domain.notebook import Notebook, Output

RequestId = int | str


class Policy(msgspec.Struct, frozen=True):
    """The settings that the engine heeds. `model`: there is one to ask; `writer` is its name, for the label of its ghosts."""

    enabled: bool = True
    manual: bool = False
    off_languages: frozenset[str] = frozenset()
    off_notebooks: tuple[str, ...] = ()
    memory_delay_ms: int = 40
    model: bool = False
    writer: str = ""


class Form(StrEnum):
    CELL = "cell"
    PREVIEW = "preview"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    at: Stamp


class Opened(Input, frozen=True, kw_only=True):
    """A notebook was opened, or opened again. `origins` are those of the ids that its cells claim and the log knows."""

    notebook: Notebook
    origins: tuple[Origin, ...] = ()


class Changed(Input, frozen=True, kw_only=True):
    """The notebook is now this. `edited` are URIs of cells whose text changed; `structural`: cells came, went or moved."""

    notebook: Notebook
    edited: tuple[str, ...] = ()
    structural: bool = False
    origins: tuple[Origin, ...] = ()


class FellOutOfStep(Input, frozen=True, kw_only=True):
    """A change could not be applied: what the editor shows of this notebook is unknown until it is opened again."""

    notebook: str


class Closed(Input, frozen=True, kw_only=True):
    notebook: str


class FocusMoved(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    cell: str | None


class CellRan(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    cell: str
    success: bool
    exit_code: int | None = None
    duration_ms: int | None = None
    text: str | None = None
    outputs: tuple[Output, ...] = ()


class GhostsDismissed(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str


class SuggestionAsked(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    cell: str


class CandidateCycled(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    step: int


class AcceptanceUndone(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    id: str


class GhostsWithdrawn(Input, frozen=True, kw_only=True):
    request: RequestId
    notebook: str
    ids: tuple[str, ...]
    reason: str


class VisibilityChanged(Input, frozen=True, kw_only=True):
    notebook: str
    ids: tuple[str, ...]
    form: Form


class Recalled(Input, frozen=True, kw_only=True):
    """Memory has answered. `candidates` are best first and complete: those below `threshold` are for the trace.

    `stages_ms` are the times of the stages of the search, counted from its start; `known` and `failed` as in `Recollection`.
    """

    suggestion: str
    candidates: tuple[Candidate, ...]
    threshold: float
    stages_ms: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    known: int | None = None
    failed: tuple[str, ...] = ()


class RecallFailed(Input, frozen=True, kw_only=True):
    suggestion: str
    why: str


class Wrote(Input, frozen=True, kw_only=True):
    """A model's answer has grown to this; more is on its way."""

    suggestion: str
    pieces: tuple[Piece, ...]


class Finished(Input, frozen=True, kw_only=True):
    """A model's answer is whole and checked: nothing is left of one that is not to be shown, for the reason `why`."""

    suggestion: str
    pieces: tuple[Piece, ...]
    why: str = ""


class CompletionDeclined(Input, frozen=True, kw_only=True):
    """No model was asked. `again_ms`: a rest that long would be reason to; `unchanged`: the last answer still fits the text."""

    suggestion: str
    why: str
    again_ms: int | None = None
    unchanged: bool = False
    silence: Silence | None = None


class CompletionFailed(Input, frozen=True, kw_only=True):
    """A model gave no whole answer; what of it shows is not to be trusted."""

    suggestion: str
    why: str


class TimeCame(Input, frozen=True, kw_only=True):
    """The moment of the last `Wake` has come."""


class PolicyChanged(Input, frozen=True, kw_only=True):
    policy: Policy


class NotWritten(Input, frozen=True, kw_only=True):
    """Records could not be written. `requests` are to be refused; `core` is the engine's from before the first of them."""

    requests: tuple[RequestId, ...]
    core: object
    why: str


class Written(Input, frozen=True, kw_only=True):
    """The log can be written again, after `NotWritten`."""


AnyInput = (
    Opened
    | Changed
    | FellOutOfStep
    | Closed
    | FocusMoved
    | CellRan
    | GhostsDismissed
    | SuggestionAsked
    | CandidateCycled
    | AcceptanceUndone
    | GhostsWithdrawn
    | VisibilityChanged
    | Recalled
    | RecallFailed
    | Wrote
    | Finished
    | CompletionDeclined
    | CompletionFailed
    | TimeCame
    | PolicyChanged
    | NotWritten
    | Written
)
