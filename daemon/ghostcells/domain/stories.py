"""One cell, one suggestion, one session, told whole: what the command line prints and a page shows."""

from ghostcells.domain.decisions import Decision
from ghostcells.domain.examples import Example
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.trace import Trace
from ghostcells.domain.views import CellLog, Event, Session, View


class UsedExample(View, frozen=True, kw_only=True):
    """A remembered command that a suggestion was made from; `text` is None where it has been forgotten since."""

    id: str
    text: str | None
    intent: str = ""
    notebook: str = ""
    runs: int = 0
    rejections: int = 0


class RunStory(View, frozen=True, kw_only=True):
    """One run of a cell. `diff` is against what was suggested; `learned` the example or None, `why` how or why not."""

    event: str
    time_ms: int
    success: bool
    text: str
    edited: bool
    diff: str
    learned: str | None
    why: str


class CellStory(View, frozen=True, kw_only=True):
    """The life of a cell. `diff` is from what was suggested to what was accepted, `siblings` other cells of the suggestion."""

    log: CellLog
    ghost: Ghost | None
    example: UsedExample | None
    trace: Trace | None
    diff: str
    runs: tuple[RunStory, ...]
    siblings: tuple[str, ...]


class SuggestionStory(View, frozen=True, kw_only=True):
    """How a suggestion was made and what became of it. Of one without a trace in the log there is the `decision` alone."""

    id: str
    trace: Trace | None
    decision: Decision | None
    advice: str
    examples: tuple[UsedExample, ...]
    cells: tuple[CellLog, ...]


class SessionStory(View, frozen=True, kw_only=True):
    """The time that a cell had the focus; `asked` and `shown` count completions of a model and suggested cells."""

    session: Session
    asked: int
    shown: int
    outcome: str
    traces: tuple[Trace, ...]
    cells: tuple[CellLog, ...]
    events: tuple[Event, ...]


class ExampleEvent(View, frozen=True, kw_only=True):
    """Something that counts for or against an example; `verdict` says how (`domain.examples.Verdict`)."""

    time_ms: int
    verdict: str
    notebook: str
    session: str | None
    cell: str | None


class ExampleStory(View, frozen=True, kw_only=True):
    """A remembered command, and what last counted for or against it, the latest first."""

    example: Example
    events: tuple[ExampleEvent, ...]
