"""The whole state of the suggestion loop, frozen.

`Core` is what a request may change and a failed write takes back: the session, what shows, which cells are whose. The rest of
`State` are facts from the editor and computations under way, which stay as they are.
"""

from enum import StrEnum

import msgspec

from ghostcells.domain.decisions import Silence
from ghostcells.domain.exchange import Piece
from ghostcells.domain.feedback import Shown
from ghostcells.domain.ghosts import Candidate, Ghost
from ghostcells.domain.notebook import Cell, Notebook
from ghostcells.domain.trace import Trace
from ghostcells.engine.inputs import Policy
from ghostcells.engine.tracker import Tracker


class LiveGhost(msgspec.Struct, frozen=True):
    """A suggested cell that has not ended.

    `cell` is the URI of the cell that the editor inserted for it, None before and in a preview. `shown_ms` is the time it was
    visible up to `visible_since` (Unix ms), which is None while it is out of view.
    """

    ghost: Ghost
    suggestion: str
    example: str | None
    cell: str | None
    visible_since: int | None
    shown_ms: int = 0

    def shown(self, now_ms: int) -> int:
        """Milliseconds it has been visible until `now_ms`."""
        return self.shown_ms + (0 if self.visible_since is None else max(0, now_ms - self.visible_since))


class Showing(msgspec.Struct, frozen=True):
    """The ghosts of one notebook: they follow the cell `after`; `candidates[index]` is the one on show.

    `growing`: a model is still writing them. Their SUGGESTED is written when their texts are known: when the answer is whole,
    or the first of them ends. A record cannot be changed, and no cell ends before the record that names it.
    """

    session: str
    suggestion: str
    after: str | None
    ghosts: tuple[LiveGhost, ...]
    candidates: tuple[Candidate, ...]
    index: int
    growing: bool = False


class Known(msgspec.Struct, frozen=True):
    """A suggested cell that was accepted or has ended; `text` is the one at acceptance, else the suggested one.

    `firm`: its end belongs to a request, and is taken back with it if it cannot be written.
    """

    ghost: Ghost
    suggestion: str
    accepted: bool
    text: str
    example: str | None
    firm: bool


class SessionState(msgspec.Struct, frozen=True):
    """The time one cell (a URI) has the focus, with what came of its searches so far."""

    id: str
    notebook: str
    cell: str
    outcomes: dict[str, int] = {}
    failures: dict[str, int] = {}


class Due(msgspec.Struct, frozen=True):
    """A suggestion for `cell` is due at `at_ms` unless something happens first; to be prepared at `ahead_ms`, None: it is."""

    at_ms: int
    cell: str
    trigger: str
    ahead_ms: int | None = None

    @property
    def next_ms(self) -> int:
        """When the next thing is to be done about it."""
        return self.at_ms if self.ahead_ms is None else self.ahead_ms


class Missing(msgspec.Struct, frozen=True):
    """A cell that disappeared and may be back before `until_ms`."""

    cell: Cell
    until_ms: int


class NotebookState(msgspec.Struct, frozen=True):
    """What the loop remembers of one open notebook.

    `considered` is the cell and the text last thought about; `owed` the session that waits for a final publish; `gap_ms` a
    running mean of the time between keys; `outputs` the text of each cell's last run, by URI; `ran` the texts that were run,
    the last last, and `ran_in` the URI of the cell that ran last; `recent` the ghosts that ended since the last run;
    `adopted` leaks that the user has focused and so made theirs; `decided` the cell and the reason of the last silence, None
    where something was shown since.
    """

    showing: Showing | None = None
    due: Due | None = None
    considered: tuple[str, str] | None = None
    owed: str | None = None
    gap_ms: float | None = None
    edited_ms: int = 0
    missing: tuple[Missing, ...] = ()
    outputs: dict[str, str] = {}
    ran: tuple[str, ...] = ()
    ran_in: str | None = None
    recent: tuple[Shown, ...] = ()
    adopted: frozenset[str] = frozenset()
    out_of_step: bool = False
    decided: tuple[str, Silence] | None = None


class Stage(StrEnum):
    """Memory is searched; it has answered and the model's rest is waited for; a model is asked."""

    RECALLING = "recalling"
    RESTING = "resting"
    WRITING = "writing"


class Memories(msgspec.Struct, frozen=True):
    """Memory's answer: all candidates, those that may be shown, and what is to be traced of it.

    `silence` is why none may be shown, where none may.
    """

    candidates: tuple[Candidate, ...]
    chosen: tuple[Candidate, ...]
    trace: Trace
    silence: Silence | None = None


class Computation(msgspec.Struct, frozen=True):
    """A suggestion under way: for which text of which cell, and why; `asked` by hand.

    `at_ms` is when the next thing is to happen: to ask the model after `RESTING`, to publish `pieces` while `WRITING`; `failed`
    names the searches of memory that failed.
    """

    suggestion: str
    notebook: str
    cell: str
    text: str
    trigger: str
    session: str
    started_ms: int
    present: tuple[str, ...]
    asked: bool = False
    stage: Stage = Stage.RECALLING
    at_ms: int | None = None
    memories: Memories | None = None
    failed: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()


class Core(msgspec.Struct, frozen=True):
    session: SessionState | None = None
    notebooks: dict[str, NotebookState] = {}
    known: dict[str, Known] = {}
    tracker: Tracker = Tracker()


class State(msgspec.Struct, frozen=True):
    epoch: str
    policy: Policy = Policy()
    core: Core = Core()
    documents: dict[str, Notebook] = {}
    computations: tuple[Computation, ...] = ()
    wake_ms: int | None = None
    reports_focus: bool = False
    reports_visibility: bool = False
    trouble: str = ""
