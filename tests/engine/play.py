"""Drives the engine by hand: a clock that is a value, cells in one line, and the effects of each step to look at."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from ghostcells.domain.events import Record, Traced
from ghostcells.domain.exchange import Piece
from ghostcells.domain.ghosts import Candidate
from ghostcells.domain.ids import STRIDE_BITS, Stamp
from ghostcells.domain.notebook import Cell, CellKind, Notebook
from ghostcells.engine import effects as out
from ghostcells.engine import inputs as into
from ghostcells.engine.machine import step
from ghostcells.engine.state import Stage, State

NB = "file:///runbooks/deploy.md"
THRESHOLD = 0.5


def prose(text="", uri="p1", **more):
    return Cell(uri=uri, kind=CellKind.MARKUP, language="markdown", text=text, **more)


def code(text="", uri="c1", language="shellscript", **more):
    return Cell(uri=uri, kind=CellKind.CODE, language=language, text=text, **more)


def ghost_cell(ghost, uri=None):
    """The cell that an editor inserts for a published ghost."""
    return Cell(
        uri=uri or f"g-{ghost.id[-6:]}",
        kind=ghost.kind,
        language="ghostcell",
        text=ghost.text,
        own_id=ghost.id,
        claim=ghost.id,
        flagged=True,
    )


def candidate(text="ls", confidence=0.9, **more):
    return Candidate(text=text, language="shellscript", score=confidence, confidence=confidence, **more)


def piece(text="ls", kind=CellKind.CODE, language="shellscript", **more):
    return Piece(kind=kind, language=language, text=text, **more)


@dataclass
class Play:
    """`effects` are those of the last step; `records` all that were appended."""

    state: State = field(default_factory=lambda: State(epoch="0" * 26))
    now: int = 1_000_000
    effects: tuple = ()
    records: list[Record] = field(default_factory=list)
    replies: dict = field(default_factory=dict)
    refusals: dict = field(default_factory=dict)
    published: list = field(default_factory=list)
    requests: int = 0
    ordered: set = field(default_factory=set)
    answered: set = field(default_factory=set)
    closed: set = field(default_factory=set)
    steps: int = 0

    def send(self, kind, **fields):
        self.steps += 1
        at = Stamp(self.now, self.steps << STRIDE_BITS)
        if kind in (into.Finished, into.CompletionFailed, into.CompletionDeclined):
            self.answered.add(fields["suggestion"])
        self.state, self.effects = step(self.state, kind(at=at, **fields))
        for effect in self.effects:
            match effect:
                case out.Append(record):
                    self.records.append(record)
                case out.Reply(request, result):
                    assert request not in self.replies | self.refusals
                    self.replies[request] = result
                case out.Refuse(request, error):
                    assert request not in self.refusals
                    self.refusals[request] = error
                case out.Complete():
                    self.ordered.add(effect.suggestion)
                    self.answered.discard(effect.suggestion)
                case out.Cancel(suggestion):
                    self.closed.add(suggestion)
                case out.Publish(params):
                    self.published.append(params)
        return self

    def ask(self, kind, **fields):
        """Send a request; returns its result, or raises the error that refuses it."""
        self.requests += 1
        request = self.requests
        self.send(kind, request=request, **fields)
        if request in self.refusals:
            raise self.refusals[request]
        return self.replies[request]

    def wait(self, ms):
        """Let time pass; a wake-up that was asked for comes when it is due."""
        until = self.now + ms
        while self.state.wake_ms is not None and self.state.wake_ms <= until:
            self.now = max(self.now, self.state.wake_ms)
            self.send(into.TimeCame)
        self.now = until
        return self

    def of(self, kind):
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def logged(self, *types):
        return [one for one in self.records if not isinstance(one, Traced) and (not types or isinstance(one, types))]

    # The editor

    @property
    def document(self):
        return self.state.documents[NB]

    def open(self, *cells, uri=NB, **more):
        return self.send(into.Opened, notebook=Notebook(uri, "jupyter-notebook", 0, tuple(cells)), **more)

    def cells(self, *cells, edited=(), uri=NB, **more):
        former = self.state.documents[uri]
        structural = [one.uri for one in former.cells] != [one.uri for one in cells]
        notebook = replace(former, version=former.version + 1, cells=tuple(cells))
        return self.send(into.Changed, notebook=notebook, edited=edited, structural=structural, **more)

    def type(self, text, uri="p1", notebook=NB):
        cells = (replace(one, text=text) if one.uri == uri else one for one in self.state.documents[notebook].cells)
        return self.cells(*cells, edited=(uri,), uri=notebook)

    def insert(self, cell, at):
        cells = list(self.document.cells)
        cells.insert(at, cell)
        return self.cells(*cells)

    def remove(self, *uris):
        return self.cells(*(one for one in self.document.cells if one.uri not in uris))

    def focus(self, uri, notebook=NB):
        return self.ask(into.FocusMoved, notebook=notebook, cell=uri)

    def run(self, uri, *, success=True, **more):
        return self.ask(into.CellRan, notebook=NB, cell=uri, success=success, **more)

    # Memory

    @property
    def pending(self):
        return [one.suggestion for one in self.state.computations]

    def answer(self, *candidates, suggestion=None, threshold=THRESHOLD):
        return self.send(
            into.Recalled,
            suggestion=suggestion or self.pending[-1],
            candidates=tuple(candidates),
            threshold=threshold,
        )

    # A model

    def at(self, stage):
        return [one.suggestion for one in self.state.computations if one.stage is stage]

    @property
    def writing(self):
        return self.at(Stage.WRITING)

    def ask_model(self, *candidates, text="show the pods", uri="p1"):
        """Type an intent, rest, let memory answer, and rest until the model is asked; the order for it."""
        self.type(text, uri).wait(200)
        self.answer(*candidates)
        orders = self.of(out.Complete)
        self.now += 1000
        self.send(into.TimeCame)
        return (orders + self.of(out.Complete))[-1]

    def write(self, *pieces, suggestion=None):
        return self.send(into.Wrote, suggestion=suggestion or self.writing[-1], pieces=pieces)

    def finish(self, *pieces, suggestion=None):
        return self.send(into.Finished, suggestion=suggestion or self.writing[-1], pieces=pieces)

    def fail(self, suggestion=None):
        return self.send(into.CompletionFailed, suggestion=suggestion or self.writing[-1], why="cut off")

    def decline(self, **more):
        return self.send(into.CompletionDeclined, suggestion=self.writing[-1], why="little is new", **more)

    def suggest(self, *candidates, text="show the pods", uri="p1"):
        """Type an intent, rest, and let memory answer; returns the ghost that shows, if one does."""
        self.type(text, uri).wait(200)
        self.answer(*(candidates or (candidate("kubectl get pods"),)))
        shown = self.shown()
        return shown[0] if shown else None

    def shown(self, uri=NB):
        showing = self.state.core.notebooks[uri].showing
        return [one.ghost for one in showing.ghosts] if showing else []

    def materialise(self):
        """Insert the ghosts that show as cells, as an editor does; returns their URIs."""
        showing = self.state.core.notebooks[NB].showing
        place = self.document.index_of(showing.after) + 1
        cells = [ghost_cell(one.ghost) for one in showing.ghosts]
        self.cells(*self.document.cells[:place], *cells, *self.document.cells[place:])
        return [one.uri for one in cells]


def started(*cells):
    """A notebook with the focus on its first cell."""
    play = Play().open(*(cells or (prose(),)))
    play.focus((cells or (prose(),))[0].uri)
    return play


def assisted(*cells):
    """As `started`, with a model to ask."""
    play = started(*cells)
    return play.send(into.PolicyChanged, policy=into.Policy(model=True))
