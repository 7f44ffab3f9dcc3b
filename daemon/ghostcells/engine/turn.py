"""One step in progress: the state being rewritten, the effects so far, the ids that its stamp has given.

Its methods are the moves that several inputs share: end a ghost, start a session, publish. Nothing outlives the step.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from ghostcells.domain.decisions import Decision, Silence, Weighed
from ghostcells.domain.events import (
    Accepted,
    AnyRecord,
    Rejected,
    SessionEnded,
    SessionStarted,
    Suggested,
    Superseded,
    Traced,
)
from ghostcells.domain.feedback import Shown
from ghostcells.domain.ghosts import END_OF, Candidate, End, Ghost, Reason
from ghostcells.domain.notebook import GHOST_LANGUAGE, Cell, CellKind, Notebook
from ghostcells.domain.replies import CandidatePosition, NotebookVersion, PublishGhosts, Result
from ghostcells.domain.trace import Outcome, Search, Trace
from ghostcells.engine import policy, tracker
from ghostcells.engine.effects import Append, Cancel, Decide, Effect, Publish, Reply
from ghostcells.engine.inputs import Input, RequestId
from ghostcells.engine.state import (
    Computation,
    Core,
    Known,
    LiveGhost,
    NotebookState,
    SessionState,
    Showing,
    Stage,
    State,
)

_NO_CANDIDATES = CandidatePosition(0, 0)


class Turn:
    """A mutable copy of the state for the length of one step."""

    def __init__(self, state: State, cause: Input) -> None:
        self.before = state
        self.at = cause.at
        self.now = cause.at.time_ms
        self.request: RequestId | None = getattr(cause, "request", None)
        self.effects: list[Effect] = []
        self.session = state.core.session
        self.notebooks = state.core.notebooks
        self.known = state.core.known
        self.tracker = state.core.tracker
        self.documents = state.documents
        self.computations = state.computations
        self.policy = state.policy
        self.reports_focus = state.reports_focus
        self.reports_visibility = state.reports_visibility
        self.trouble = state.trouble
        self._ids = 0
        # Notebooks whose ghosts stopped growing in this step, so that the editor has to hear that they are final.
        self._stopped: set[str] = set()

    def result(self) -> State:
        return State(
            epoch=self.before.epoch,
            policy=self.policy,
            core=Core(self.session, self.notebooks, self.known, self.tracker),
            documents=self.documents,
            computations=self.computations,
            wake_ms=self.before.wake_ms,
            reports_focus=self.reports_focus,
            reports_visibility=self.reports_visibility,
            trouble=self.trouble,
        )

    def new_id(self) -> str:
        self._ids += 1
        return self.at.id(self._ids)

    def update(self, uri: str, **fields: Any) -> NotebookState:
        """Rewrite fields of a notebook's state."""
        changed = replace(self.notebooks[uri], **fields)
        self.notebooks = {**self.notebooks, uri: changed}
        return changed

    def append(self, record: AnyRecord) -> None:
        self.effects.append(Append(record, firm=self.request is not None))

    def reply(self, result: Result) -> None:
        assert self.request is not None
        self.effects.append(Reply(self.request, result))

    def remember(self, known: Known) -> None:
        kept = self.known
        if len(kept) >= policy.MAX_KNOWN:
            kept = dict(list(kept.items())[policy.MAX_KNOWN // 4 :])
        self.known = {**kept, known.id: known}

    # What a cell is

    def live(self, uri: str) -> dict[str, LiveGhost]:
        showing = self.notebooks[uri].showing
        return {} if showing is None else {one.ghost.id: one for one in showing.ghosts}

    def is_own(self, uri: str, cell: Cell) -> bool:
        """Whether a cell is the user's: no ghost, no leak."""
        if cell.claim is None:
            return not cell.looks_like_ghost or cell.uri in self.notebooks[uri].adopted
        if cell.claim in self.live(uri):
            return False
        known = self.known.get(cell.claim)
        if known is not None and known.accepted:
            return True
        return not cell.looks_like_ghost or cell.uri in self.notebooks[uri].adopted

    def own_cell(self, uri: str, cell: Cell) -> Cell | None:
        """The cell as context: None for ghosts and leaks; an accepted one in its real language, however the editor lags."""
        if cell.claim is None and not cell.flagged and cell.language != GHOST_LANGUAGE:
            return cell
        if not self.is_own(uri, cell):
            return None
        if cell.language == GHOST_LANGUAGE:
            known = self.known.get(cell.claim or "")
            return replace(cell, language=known.language if known else "")
        return cell

    def own_before(self, notebook: Notebook, index: int) -> list[Cell]:
        """The user's cells before `index`, the nearest `CONTEXT_CELLS` of them."""
        found: list[Cell] = []
        for position in range(index - 1, -1, -1):
            cell = self.own_cell(notebook.uri, notebook.cells[position])
            if cell is not None:
                found.append(cell)
                if len(found) == policy.CONTEXT_CELLS:
                    break
        found.reverse()
        return found

    def own_after(self, notebook: Notebook, index: int, limit: int) -> list[Cell]:
        """The user's next cells from `index` on, at most `limit`."""
        found: list[Cell] = []
        for position in range(index, len(notebook.cells)):
            if len(found) == limit:
                break
            cell = self.own_cell(notebook.uri, notebook.cells[position])
            if cell is not None:
                found.append(cell)
        return found

    # Endings

    def finish(self, uri: str, one: LiveGhost, reason: Reason, *, text: str | None = None) -> None:
        """Write the one end of a suggested cell; the caller takes it out of what shows. `text`: at acceptance."""
        shown_ms = one.shown(self.now)
        end = END_OF[reason]
        session = self.session.id if self.session else None
        common = {"id": self.new_id(), "time_ms": self.now, "notebook": uri, "session": session, "cell": one.ghost.id}
        match end:
            case End.ACCEPTED:
                self.append(Accepted(**common, suggestion=one.suggestion, shown_ms=shown_ms, text=text or ""))  # type: ignore[arg-type]
            case End.REJECTED:
                self.append(Rejected(**common, suggestion=one.suggestion, reason=reason, shown_ms=shown_ms))  # type: ignore[arg-type]
            case End.SUPERSEDED:
                self.append(Superseded(**common, suggestion=one.suggestion, reason=reason, shown_ms=shown_ms))  # type: ignore[arg-type]
        accepted = end is End.ACCEPTED
        self.remember(
            Known(
                id=one.ghost.id,
                suggestion=one.suggestion,
                accepted=accepted,
                text=one.ghost.text if text is None else text,
                language=one.ghost.language_id,
                example=one.example,
                ghost=one.ghost,
                firm=self.request is not None,
            )
        )
        shown = Shown(one.ghost.id, one.ghost.text, one.example, reason, shown_ms)
        self.tracker = tracker.ended(self.tracker, one.suggestion, shown, self.now)
        if not accepted:
            self.update(uri, recent=(*self.notebooks[uri].recent, shown)[-policy.MAX_RECENT :])

    def finish_all(self, uri: str, reason: Reason) -> tuple[str, ...]:
        """End every ghost that shows in a notebook; returns their ids."""
        self.stop_growth(uri)
        showing = self.notebooks[uri].showing
        if showing is None:
            return ()
        for one in showing.ghosts:
            self.finish(uri, one, reason)
        self.update(uri, showing=None)
        return tuple(one.ghost.id for one in showing.ghosts)

    def withdraw(self, uri: str, reason: Reason, *, final: bool = True) -> tuple[str, ...]:
        """End every ghost of a notebook and say so to the editor. Not `final`: more is to come."""
        after = self._after(uri)
        ended = self.finish_all(uri, reason)
        if ended:
            self.publish(uri, after=after, final=final)
        return ended

    def finish_some(self, uri: str, reason: Reason, wanted: Callable[[LiveGhost], bool]) -> tuple[str, ...]:
        """End those ghosts of a notebook that are wanted, and publish what is left."""
        if not any(map(wanted, self._showing_ghosts(uri))):
            return ()
        self.stop_growth(uri)
        showing = self.notebooks[uri].showing
        assert showing is not None
        ending = [one for one in showing.ghosts if wanted(one)]
        for one in ending:
            self.finish(uri, one, reason)
        left = tuple(one for one in showing.ghosts if one not in ending)
        self.update(uri, showing=replace(showing, ghosts=left) if left else None)
        self.publish(uri, after=showing.after)
        return tuple(one.ghost.id for one in ending)

    def _showing_ghosts(self, uri: str) -> tuple[LiveGhost, ...]:
        showing = self.notebooks[uri].showing
        return showing.ghosts if showing else ()

    # Growing

    def log_suggested(self, uri: str, showing: Showing) -> None:
        """Write what a model suggested, once its text is known.

        Not as part of a request, though one may be the occasion: it stands, whether or not the request can be written.
        """
        record = Suggested(
            id=self.new_id(),
            time_ms=self.now,
            notebook=uri,
            session=showing.session,
            suggestion=showing.suggestion,
            cells=tuple(one.ghost for one in showing.ghosts),
            source="model",
            examples=tuple(one.example for one in showing.ghosts),
        )
        self.effects.append(Append(record))
        code = [one for one in showing.ghosts if one.ghost.kind is CellKind.CODE and one.ghost.text.strip()]
        if code:
            self._track(uri, showing, code, recommended=code[0].ghost.text)

    def _track(self, uri: str, showing: Showing, ghosts: Sequence[LiveGhost], *, recommended: str | None) -> None:
        """What is logged as suggested waits for its verdict."""
        shown = tuple(Shown(one.ghost.id, one.ghost.text, one.example) for one in ghosts)
        listed = tuple(dict.fromkeys([*(one.text for one in shown), *(one.text for one in showing.candidates)]))
        anchor = self.documents[uri].cell(showing.after) if showing.after is not None else None
        within = anchor is not None and policy.unwritten(anchor)
        made = tracker.Tracked(showing.suggestion, uri, showing.after, recommended, listed, shown, self.now, within)
        self.tracker = tracker.begun(self.tracker, made, self.now)

    def stop_growth(self, uri: str) -> None:
        """Leave growing ghosts as they are shown: what writes them is closed, and their SUGGESTED written."""
        showing = self.notebooks[uri].showing
        if showing is None or not showing.growing:
            return
        self.log_suggested(uri, showing)
        self.update(uri, showing=replace(showing, growing=False))
        self._stopped.add(uri)
        for one in self.computations:
            if one.suggestion == showing.suggestion:
                self.effects.append(Cancel(one.suggestion))
        self.computations = tuple(one for one in self.computations if one.suggestion != showing.suggestion)

    def end_step(self) -> None:
        """Say that ghosts are final which stopped growing, where nothing was published since."""
        told = {effect.params.notebook.uri for effect in self.effects if isinstance(effect, Publish)}
        for uri in self._stopped - told:
            if uri in self.notebooks and self.notebooks[uri].showing is not None:
                self.publish(uri)

    # Sessions

    def start_session(self, uri: str, cell: Cell) -> SessionState:
        self.end_session()
        self.session = SessionState(self.new_id(), uri, cell.uri)
        self.append(
            SessionStarted(
                id=self.new_id(), time_ms=self.now, notebook=uri, session=self.session.id, cell=cell.identity
            )
        )
        return self.session

    def end_session(self) -> None:
        session = self.session
        if session is None:
            return
        self.settle(session.notebook)
        document = self.documents.get(session.notebook)
        cell = document.cell(session.cell) if document else None
        self.append(
            SessionEnded(
                id=self.new_id(),
                time_ms=self.now,
                notebook=session.notebook,
                session=session.id,
                cell=cell.identity if cell else session.cell,
                outcomes=session.outcomes,
                failures=session.failures,
            )
        )
        self.session = None

    def count(self, outcome: Search, failed: Sequence[str]) -> None:
        """Count a search of memory; it is told when the session ends."""
        session = self.session
        if session is not None:
            outcomes = {**session.outcomes, outcome.value: session.outcomes.get(outcome.value, 0) + 1}
            failures = session.failures | {name: session.failures.get(name, 0) + 1 for name in failed}
            self.session = replace(session, outcomes=outcomes, failures=failures)

    def settle(self, uri: str) -> None:
        """Pay the final publish that a session is owed, because what it waited for will not come any more."""
        state = self.notebooks.get(uri)
        if state is not None and state.owed is not None:
            owed = state.owed
            self.update(uri, owed=None)
            self.publish(uri, session=owed, final=True)

    def settle_unless_awaited(self, uri: str) -> None:
        """Pay it if nothing is due or under way that will."""
        state = self.notebooks.get(uri)
        if state is not None and state.due is None and all(one.notebook != uri for one in self.computations):
            self.settle(uri)

    # Computations

    def cancel(self, unwanted: Callable[[str, str], bool]) -> None:
        """Close computations at their source; `unwanted` is asked with notebook and cell."""
        self.close([one for one in self.computations if unwanted(one.notebook, one.cell)])

    def close(self, unwanted: Sequence[Computation]) -> None:
        """Close these computations; ghosts that one of them is writing stay as they are shown."""
        self.computations = tuple(one for one in self.computations if one not in unwanted)
        for one in unwanted:
            self.decide_dropped(one)
            if one.stage is Stage.RESTING:
                self.trace(one)
            else:
                self.effects.append(Cancel(one.suggestion))
            showing = self.notebooks[one.notebook].showing
            if showing is not None and showing.growing and showing.suggestion == one.suggestion:
                self.stop_growth(one.notebook)

    def trace(self, found: Computation, note: str = "") -> None:
        """Keep what there is to tell of a suggestion that no model was asked for."""
        if found.memories is None:
            return
        trace = found.memories.trace
        if trace.outcome is Outcome.SILENT and not found.asked:
            return
        self._traced(found, replace(trace, dropped=(*trace.dropped, note)) if note else trace)

    def _traced(self, found: Computation, trace: Trace) -> None:
        self.append(
            Traced(id=self.new_id(), time_ms=self.now, notebook=found.notebook, session=found.session, trace=trace)
        )

    # Why

    def decide(self, found: Computation, why: str, silence: Silence | None) -> None:
        """Tell what became of a computation; `silence` is None where something shows."""
        trace = found.memories.trace if found.memories is not None else None
        document = self.documents.get(found.notebook)
        cell = document.cell(found.cell) if document is not None else None
        self._decide(
            Decision(
                time_ms=self.now,
                notebook=found.notebook,
                cell=found.cell if cell is None else cell.identity,
                session=found.session,
                trigger=found.trigger,
                why=why,
                silence=silence,
                suggestion=found.suggestion,
                stages_ms=trace.stages_ms if trace is not None else {},
                candidates=tuple(
                    Weighed(one.score, one.confidence, one.source, one.example) for one in trace.candidates
                )
                if trace is not None
                else (),
            ),
            found.cell,
        )

    def decide_early(self, uri: str, cell: Cell, trigger: str, why: str, silence: Silence) -> None:
        """Tell why nothing is even thought about; once, however many keys have the same answer."""
        if self.notebooks[uri].decided == (cell.uri, silence):
            return
        session = self.session.id if self.session is not None else None
        self._decide(
            Decision(
                time_ms=self.now,
                notebook=uri,
                cell=cell.identity,
                session=session,
                trigger=trigger,
                why=why,
                silence=silence,
            ),
            cell.uri,
        )

    def decide_dropped(self, found: Computation) -> None:
        """Tell that a computation came to nothing more because the world has moved on."""
        memories = found.memories
        if memories is not None and memories.chosen:
            self.decide(found, memories.trace.why, None)
            return
        early = "the text or the focus changed before memory had answered"
        late = "the text or the focus changed before a model had answered"
        why = early if memories is None else f"{late}; memory: {memories.trace.why}"
        self.decide(found, why, Silence.DEBOUNCED)

    def _decide(self, decision: Decision, cell: str) -> None:
        if decision.notebook in self.notebooks:
            silence = decision.silence
            self.update(decision.notebook, decided=None if silence is None else (cell, silence))
        self.effects.append(Decide(decision))

    def cancel_in(self, uri: str) -> None:
        """Forget what was due or under way for a notebook."""
        self.cancel(lambda notebook, _: notebook == uri)
        if self.notebooks[uri].due is not None:
            self.update(uri, due=None)

    # What the editor is told

    def suggest(
        self,
        uri: str,
        after: str,
        candidates: Sequence[Candidate],
        index: int,
        *,
        suggestion: str,
        cycled: bool = False,
        failed: Sequence[str] = (),
    ) -> None:
        """Show a candidate as a fresh ghost below `after`; the former ghosts have been ended."""
        assert self.session is not None
        candidate = candidates[index]
        ghost = Ghost(
            id=self.new_id(),
            kind=CellKind.CODE,
            language_id=candidate.language,
            text=candidate.text,
            source=candidate.source,
            confidence=None if candidate.source == "model" else round(candidate.confidence, 4),
            label=policy.label(candidates, index),
            warnings=candidate.warnings,
        )
        since = None if self.reports_visibility else self.now
        live = LiveGhost(ghost, suggestion, candidate.example, None, since)
        showing = Showing(self.session.id, suggestion, after, (live,), tuple(candidates), index)
        self.update(uri, showing=showing)
        self.append(
            Suggested(
                id=self.new_id(),
                time_ms=self.now,
                notebook=uri,
                session=self.session.id,
                suggestion=suggestion,
                cells=(ghost,),
                source=candidate.source,
                examples=(candidate.example,),
                cycled_from=suggestion if cycled else None,
            )
        )
        if cycled:
            self.tracker = tracker.cycled(self.tracker, suggestion, Shown(ghost.id, ghost.text, candidate.example))
        else:
            leads = policy.outcome(candidates, failed) is Outcome.RECOMMENDED
            self._track(uri, showing, (live,), recommended=ghost.text if leads else None)

    def publish(
        self,
        uri: str,
        *,
        session: str | None = None,
        after: str | None = None,
        accepted: tuple[str, ...] = (),
        final: bool | None = None,
    ) -> None:
        """Tell the editor the whole list. `after` and `session` matter only where nothing shows any more.

        It is final unless what shows is growing, or the caller knows better.
        """
        state = self.notebooks[uri]
        showing = state.showing
        named = session or (showing.session if showing else self.session.id if self.session else self.before.epoch)
        if showing is not None:
            after = showing.after
        elif after is None:
            after = self.session.cell if self.session and self.session.notebook == uri else None
        if final is None:
            final = showing is None or not showing.growing
        if final and state.owed is not None and state.owed == named:
            self.update(uri, owed=None)
        document = self.documents[uri]
        position = CandidatePosition(showing.index, len(showing.candidates)) if showing else _NO_CANDIDATES
        self.effects.append(
            Publish(
                PublishGhosts(
                    epoch=self.before.epoch,
                    notebook=NotebookVersion(uri, document.version),
                    session=named,
                    revision=0,
                    after=after,
                    ghosts=tuple(one.ghost for one in showing.ghosts) if showing else (),
                    accepted=accepted,
                    final=final,
                    candidates=position,
                )
            )
        )

    def _after(self, uri: str) -> str | None:
        showing = self.notebooks[uri].showing
        return showing.after if showing else None
