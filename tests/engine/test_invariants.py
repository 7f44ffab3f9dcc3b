"""Whatever happens in whatever order: one end for each suggested cell, one answer for each request."""

import contextlib
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from ghostcells.domain.errors import RequestError
from ghostcells.domain.events import Accepted, Executed, Rejected, Restored, Suggested, Superseded
from ghostcells.domain.feedback import Feedback
from ghostcells.engine import effects as out
from ghostcells.engine import inputs as into
from ghostcells.engine import tracker
from ghostcells.engine.state import Stage

from .play import NB, Play, candidate, code, ghost_cell, piece, prose

TEXTS = st.sampled_from(["", "show the pods", "show the nodes", "deploy", "roll back"])
COMMANDS = st.sampled_from(["kubectl get pods", "kubectl get nodes", "make deploy"])


class AnyDay(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.play = (
            Play()
            .send(into.PolicyChanged, policy=into.Policy(model=True))
            .open(prose(uri="p1"), code("ls", uri="c1"), prose("later", uri="p2"))
        )
        self.asked = 0
        self.removed = []
        self.opened_at = 0

    def attempt(self, kind, **fields):
        self.asked += 1
        with contextlib.suppress(RequestError):
            self.play.ask(kind, **fields)

    def cell(self, number):
        cells = self.play.document.cells
        return cells[number % len(cells)] if cells else None

    @rule(number=st.integers(0, 9))
    def focus(self, number):
        cell = self.cell(number)
        self.attempt(into.FocusMoved, notebook=NB, cell=cell.uri if cell else None)

    @rule()
    def blur(self):
        self.attempt(into.FocusMoved, notebook=NB, cell=None)

    @rule(number=st.integers(0, 9), text=TEXTS)
    def write(self, number, text):
        cell = self.cell(number)
        if cell is not None:
            self.play.type(text, cell.uri)

    @rule(ms=st.sampled_from([10, 50, 300, 2500]))
    def rest(self, ms):
        self.play.wait(ms)

    @precondition(lambda self: self.play.at(Stage.RECALLING))
    @rule(texts=st.lists(COMMANDS, max_size=3), sure=st.booleans())
    def remember(self, texts, sure):
        suggestion = self.play.at(Stage.RECALLING)[-1]
        self.play.answer(*(candidate(text, 0.9 if sure else 0.2) for text in texts), suggestion=suggestion)

    @precondition(lambda self: self.play.writing)
    @rule(texts=st.lists(COMMANDS, min_size=1, max_size=3), which=st.integers(0, 1), later=st.booleans())
    def stream(self, texts, which, later):
        suggestion = self.play.writing[which % len(self.play.writing)]
        self.play.write(
            piece("\n".join(texts)), *([piece("why", 1, "markdown")] if later else []), suggestion=suggestion
        )

    @precondition(lambda self: self.play.writing)
    @rule(texts=st.lists(COMMANDS, max_size=3), which=st.integers(0, 1))
    def stream_ends(self, texts, which):
        suggestion = self.play.writing[which % len(self.play.writing)]
        self.play.finish(*([piece("\n".join(texts))] if texts else []), suggestion=suggestion)

    @precondition(lambda self: self.play.writing)
    @rule(which=st.integers(0, 1))
    def stream_breaks(self, which):
        self.play.fail(self.play.writing[which % len(self.play.writing)])

    @precondition(lambda self: self.play.writing)
    @rule(again=st.booleans(), unchanged=st.booleans())
    def stream_is_declined(self, again, unchanged):
        self.play.decline(again_ms=1500 if again else None, unchanged=unchanged)

    @precondition(lambda self: self.play.state.core.session is not None)
    @rule(again=st.booleans(), number=st.integers(0, 9))
    def fail_to_write(self, again, number):
        """The disk is full: what a request has just done is taken back."""
        before, count, live = self.play.state.core, len(self.play.records), self.play.closed
        request = self.play.requests + 1
        with contextlib.suppress(RequestError):
            self.asked += 1
            if number % 2:
                self.play.ask(into.GhostsDismissed, notebook=NB)
            else:
                self.play.ask(into.CellRan, notebook=NB, cell=self.cell(number).uri, success=True)
        if request in self.play.refusals:
            return
        lost = [one.record for one in self.play.effects if isinstance(one, out.Append) and one.firm]
        self.play.records = [one for one in self.play.records if not any(one is gone for gone in lost)]
        assert count <= len(self.play.records) or lost
        del self.play.replies[request]
        self.play.closed = live
        self.play.send(into.NotWritten, requests=(request,), core=before, why="disk full")
        if again:
            self.play.send(into.Written)

    @precondition(lambda self: self.play.shown() and self.play.state.core.notebooks[NB].showing.after)
    @rule()
    def draw(self):
        showing = self.play.state.core.notebooks[NB].showing
        place = self.play.document.index_of(showing.after)
        present = {one.claim for one in self.play.document.cells}
        if place is not None and not present & {one.ghost.id for one in showing.ghosts}:
            self.play.materialise()

    @rule(number=st.integers(0, 9))
    def delete(self, number):
        cell = self.cell(number)
        if cell is not None and len(self.play.document.cells) > 1:
            self.removed.append(cell)
            self.play.remove(cell.uri)

    @precondition(lambda self: self.removed)
    @rule(number=st.integers(0, 9), fresh=st.booleans())
    def bring_back(self, number, fresh):
        cell = self.removed.pop()
        if fresh:
            cell = replace(cell, uri=f"{cell.uri}'")
        if self.play.document.cell(cell.uri) is None:
            self.play.insert(cell, number % (len(self.play.document.cells) + 1))

    @rule(number=st.integers(0, 9))
    def insert(self, number):
        place = number % (len(self.play.document.cells) + 1)
        self.play.insert(prose("new", uri=f"n{self.play.steps}"), place)

    @rule(number=st.integers(0, 9), success=st.booleans())
    def run_cell(self, number, success):
        cell = self.cell(number)
        if cell is not None:
            self.attempt(into.CellRan, notebook=NB, cell=cell.uri, success=success)

    @rule()
    def dismiss(self):
        self.attempt(into.GhostsDismissed, notebook=NB)

    @rule(step=st.sampled_from([1, -1]))
    def cycle(self, step):
        self.attempt(into.CandidateCycled, notebook=NB, step=step)

    @rule(number=st.integers(0, 9))
    def ask(self, number):
        cell = self.cell(number)
        if cell is not None:
            self.attempt(into.SuggestionAsked, notebook=NB, cell=cell.uri)

    @rule(number=st.integers(0, 9))
    def undo(self, number):
        accepted = [one.cell for one in self.play.logged(Accepted)]
        identifier = accepted[number % len(accepted)] if accepted else "none"
        self.attempt(into.AcceptanceUndone, notebook=NB, id=identifier)

    @rule(number=st.integers(0, 9))
    def resurrect(self, number):
        """Undo or hot exit brings back the cell of a ghost that has ended."""
        suggested = [ghost for one in self.play.logged(Suggested) for ghost in one.cells]
        if suggested:
            ghost = suggested[number % len(suggested)]
            if all(one.claim != ghost.id for one in self.play.document.cells):
                self.play.insert(ghost_cell(ghost, f"r{self.play.steps}"), number % (len(self.play.document.cells) + 1))

    @rule(reason=st.sampled_from(["saved", "undo"]))
    def withdraw(self, reason):
        ids = tuple(one.id for one in self.play.shown())
        self.attempt(into.GhostsWithdrawn, notebook=NB, ids=ids, reason=reason)

    @rule(manual=st.booleans(), enabled=st.booleans(), model=st.booleans())
    def configure(self, manual, enabled, model):
        self.play.send(into.PolicyChanged, policy=into.Policy(manual=manual, enabled=enabled, model=model))

    @rule(visible=st.booleans())
    def look(self, visible):
        ids = tuple(one.id for one in self.play.shown()) if visible else ()
        self.play.send(into.VisibilityChanged, notebook=NB, ids=ids, form=into.Form.CELL)

    @rule()
    def reopen(self):
        cells = self.play.document.cells
        self.play.send(into.Closed, notebook=NB).open(*cells)
        self.opened_at = len(self.play.published)

    @invariant()
    def every_suggested_cell_ends_once(self):
        ends = Counter()
        for one in self.play.logged():
            if isinstance(one, Suggested):
                ends.update({ghost.id: 0 for ghost in one.cells})
            elif isinstance(one, Accepted | Rejected | Superseded):
                ends[one.cell] += 1
                assert ends[one.cell] == 1
                assert one.shown_ms >= 0
            elif isinstance(one, Restored):
                ends[one.cell] -= 1
                assert ends[one.cell] == 0
        live = {one.id for one in self.play.shown()}
        showing = self.play.state.core.notebooks[NB].showing
        if showing is not None and showing.growing:
            assert not live & ends.keys()
            live = set()
        assert live == {identifier for identifier, count in ends.items() if count == 0}

    @invariant()
    def every_suggestion_is_judged_at_most_once(self):
        suggested = {one.suggestion for one in self.play.logged(Suggested)}
        verdicts = [one.feedback for one in self.play.logged(Executed)]
        judged = [one.suggestion for one in verdicts if one.suggestion is not None]
        assert len(judged) == len(set(judged))
        assert set(judged) <= suggested
        assert all((one.suggestion is None) == (one.feedback is Feedback.NONE) for one in verdicts)
        waiting = self.play.state.core.tracker.waiting
        assert not {one.suggestion for one in waiting} & set(judged)
        assert {one.suggestion for one in waiting} <= suggested
        assert len(waiting) <= tracker.MAX_TRACKED

    @invariant()
    def what_grows_is_being_written(self):
        showing = self.play.state.core.notebooks[NB].showing
        if showing is not None and showing.growing:
            assert showing.suggestion in self.play.writing
            assert not self.play.published[-1].final or self.play.state.core.session is None

    @invariant()
    def what_is_not_awaited_was_closed(self):
        """Each order to a model is either under way, was answered, or was closed at its source."""
        assert self.play.ordered - self.play.answered - self.play.closed == set(self.play.writing)

    @invariant()
    def what_is_final_is_said_to_be(self):
        showing = self.play.state.core.notebooks[NB].showing
        if showing is not None and not showing.growing:
            assert self.play.published[-1].final

    @invariant()
    def every_request_is_answered(self):
        assert len(self.play.replies) + len(self.play.refusals) == self.asked

    @invariant()
    def what_is_published_is_what_shows(self):
        published = self.play.published[self.opened_at :]
        assert [one.id for one in self.play.shown()] == ([one.id for one in published[-1].ghosts] if published else [])

    @invariant()
    def the_accepted_are_not_published(self):
        for one in self.play.published[-1:]:
            assert not {ghost.id for ghost in one.ghosts} & set(one.accepted)

    @invariant()
    def at_most_two_computations(self):
        assert len(self.play.state.computations) <= 2

    @invariant()
    def ids_rise(self):
        ids = [one.id for one in self.play.records]
        assert len(set(ids)) == len(ids)

    @invariant()
    def who_asked_will_be_answered(self):
        state = self.play.state.core.notebooks[NB]
        if state.owed is not None:
            assert self.play.state.computations or state.due


AnyDay.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestAnyDay = AnyDay.TestCase
