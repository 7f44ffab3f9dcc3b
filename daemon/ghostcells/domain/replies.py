"""What the daemon answers and announces: the results and notifications of the protocol, as it words them."""

from enum import IntEnum

import msgspec

from ghostcells.domain.ghosts import Ghost


class FocusResult(msgspec.Struct, frozen=True):
    session: str | None
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


class ExecutedResult(msgspec.Struct, frozen=True):
    event: str


class DismissResult(msgspec.Struct, frozen=True):
    rejected: tuple[str, ...]


class SuggestResult(msgspec.Struct, frozen=True):
    session: str


class CycleResult(msgspec.Struct, frozen=True):
    index: int
    count: int


class RestoreResult(msgspec.Struct, frozen=True):
    restored: bool


class WithdrawnResult(msgspec.Struct, frozen=True):
    pass


class Sample(msgspec.Struct, frozen=True):
    """A lesson that could be learned: the end of its prose, and its command."""

    notebook: str
    intent: str
    text: str


class LearnPreview(msgspec.Struct, frozen=True):
    """What the runbooks of the workspace hold; `asked`: the user has answered before, whatever the answer was."""

    asked: bool
    files: int
    fresh: int
    known: int
    problems: tuple[str, ...]
    samples: tuple[Sample, ...]


class LearnResult(msgspec.Struct, frozen=True):
    learned: int
    known: int
    problems: tuple[str, ...]


Result = FocusResult | ExecutedResult | DismissResult | SuggestResult | CycleResult | RestoreResult | WithdrawnResult


class NotebookVersion(msgspec.Struct, frozen=True):
    uri: str
    version: int


class CandidatePosition(msgspec.Struct, frozen=True):
    index: int
    count: int


class PublishGhosts(msgspec.Struct, frozen=True):
    """The whole list of ghosts that a notebook is to show. `revision` is numbered by who sends it."""

    epoch: str
    notebook: NotebookVersion
    session: str
    revision: int
    after: str | None
    ghosts: tuple[Ghost, ...]
    accepted: tuple[str, ...]
    final: bool
    candidates: CandidatePosition


class SessionUsage(msgspec.Struct, frozen=True, rename="camel"):
    input_tokens: int
    output_tokens: int
    cost_usd: float


class Severity(IntEnum):
    """Of what is said in a window: LSP's `MessageType`."""

    ERROR = 1
    WARNING = 2
    INFO = 3


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """`state` is ready, thinking, degraded or off."""

    state: str
    provider: str
    model: str
    message: str | None = None
    session: SessionUsage | None = None
