"""From rest to ghost: what is due is computed, what comes back is shown, kept or dropped."""

from collections.abc import Sequence

from msgspec.structs import replace

from ghostcells.domain.events import Traced
from ghostcells.domain.examples import situation_at
from ghostcells.domain.ghosts import Candidate, Reason
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate
from ghostcells.engine import policy
from ghostcells.engine.effects import Cancel, Recall
from ghostcells.engine.inputs import Recalled, RecallFailed
from ghostcells.engine.state import Computation, Due
from ghostcells.engine.turn import Turn

_BELOW = 2
"""How many of the user's cells below are looked at for a command that stands there already."""
_TRACED = 8


def schedule(turn: Turn, uri: str, cell: Cell, trigger: str) -> None:
    """Let a suggestion for this cell be due after the rest that policy asks for."""
    state = turn.notebooks[uri]
    if not policy.worth_thinking(turn.policy, uri, cell):
        if state.due is not None:
            turn.update(uri, due=None)
        return
    delay = policy.memory_delay(turn.policy, state.gap_ms if trigger == "edit" else None)
    turn.update(uri, due=Due(turn.now + delay, cell.uri, trigger))


def compute_due(turn: Turn) -> None:
    """Start what has come due."""
    for uri, state in turn.notebooks.items():
        due = state.due
        if due is None or due.at_ms > turn.now:
            continue
        turn.update(uri, due=None)
        cell = turn.documents[uri].cell(due.cell)
        session = turn.session
        if cell is None or session is None or session.cell != due.cell or session.notebook != uri:
            continue
        if turn.notebooks[uri].considered != (cell.uri, policy.squeeze(cell.text)):
            compute(turn, uri, cell, due.trigger)


def compute(turn: Turn, uri: str, cell: Cell, trigger: str) -> None:
    """Ask memory what follows this cell; it has the session."""
    assert turn.session is not None
    text = policy.squeeze(cell.text)
    asked = trigger == "asked"
    turn.cancel(lambda notebook, anchor: (notebook, anchor) == (uri, cell.uri))
    while len(turn.computations) >= policy.MAX_COMPUTATIONS:
        oldest, *rest = turn.computations
        turn.computations = tuple(rest)
        turn.effects.append(Cancel(oldest.suggestion))
        turn.settle(oldest.notebook)
    document = turn.documents[uri]
    index = document.index_of(cell.uri)
    assert index is not None
    # A code cell that is empty, or holds only comments, is where the command itself is to stand.
    unwritten = cell.kind is CellKind.CODE and (not text or policy.only_comments(cell.text))
    place = index if unwritten else index + 1
    before = turn.own_before(document, place)
    situation = situation_at(before, len(before), uri, turn.notebooks[uri].outputs)
    if unwritten and text:
        situation = replace(situation, intent=f"{situation.intent}\n\n{cell.text.strip()}".strip())
    below = turn.own_after(document, index + 1, _BELOW)
    present = tuple(one.text for one in (*below, cell) if one.kind is CellKind.CODE and policy.is_command(one.text))
    suggestion = turn.new_id()
    turn.computations = (
        *turn.computations,
        Computation(suggestion, uri, cell.uri, text, trigger, turn.session.id, turn.now, present, asked),
    )
    turn.update(uri, considered=(cell.uri, text))
    turn.effects.append(Recall(suggestion, situation, policy.MAX_RECALLED, present))


def _take(turn: Turn, suggestion: str) -> Computation | None:
    """The computation that an answer belongs to, if it still fits the world; it is no longer under way."""
    found = next((one for one in turn.computations if one.suggestion == suggestion), None)
    if found is None:
        return None
    turn.computations = tuple(one for one in turn.computations if one is not found)
    session = turn.session
    document = turn.documents.get(found.notebook)
    cell = document.cell(found.cell) if document else None
    fits = (
        session is not None
        and (session.notebook, session.cell) == (found.notebook, found.cell)
        and cell is not None
        and policy.squeeze(cell.text) == found.text
        and not turn.notebooks[found.notebook].out_of_step
    )
    if not fits and found.notebook in turn.notebooks and not _another(turn, found):
        turn.settle(found.notebook)
    return found if fits else None


def _another(turn: Turn, found: Computation) -> bool:
    """Whether something newer will answer in its place."""
    due = turn.notebooks[found.notebook].due
    return due is not None or any(one.notebook == found.notebook for one in turn.computations)


def recalled(turn: Turn, answer: Recalled) -> None:
    """Show memory's answer, keep what shows, or be silent."""
    found = _take(turn, answer.suggestion)
    if found is None:
        return
    uri = found.notebook
    cells = turn.own_before(turn.documents[uri], len(turn.documents[uri].cells))
    candidates = [policy.in_language(one, policy.fitting_language(one.language, cells)) for one in answer.candidates]
    threshold = answer.threshold * (policy.ASKED_SHARE if found.asked else 1.0)
    chosen = policy.selected(candidates, threshold, turn.policy, found.present)
    if policy.switched_off(turn.policy, uri, ""):
        chosen = ()
    result = policy.outcome(chosen)
    showing = turn.notebooks[uri].showing
    kept = None
    if showing is not None and showing.after == found.cell and showing.ghosts:
        kept = policy.still_fits(showing.ghosts[0].ghost.text, chosen)
    if showing is not None and kept is not None:
        why = "the ghost that is showing still fits"
        turn.update(uri, showing=replace(showing, candidates=chosen, index=kept))
        if found.asked or turn.notebooks[uri].owed or len(showing.candidates) != len(chosen):
            turn.publish(uri, session=turn.notebooks[uri].owed)
    elif chosen:
        why = f"confidence {chosen[0].confidence:.2f} is at least {threshold:.2f}"
        turn.finish_all(uri, Reason.NEWER)
        turn.suggest(uri, found.cell, chosen, 0, suggestion=found.suggestion)
        turn.publish(uri, session=turn.notebooks[uri].owed)
    else:
        why = _silence(answer.candidates, threshold)
        if not turn.withdraw(uri, Reason.STALE):
            turn.settle(uri)
    if result is not Outcome.SILENT or found.asked:
        _trace(turn, found, answer, result, why, chosen)


def recall_failed(turn: Turn, answer: RecallFailed) -> None:
    found = _take(turn, answer.suggestion)
    if found is not None:
        turn.settle(found.notebook)


def _silence(candidates: Sequence[Candidate], threshold: float) -> str:
    if not candidates:
        return "nothing remembered is like this"
    return f"the best confidence, {max(one.confidence for one in candidates):.2f}, is below {threshold:.2f}"


def _trace(
    turn: Turn, found: Computation, answer: Recalled, result: Outcome, why: str, chosen: Sequence[Candidate]
) -> None:
    stages = {**answer.stages_ms, "total": float(turn.now - found.started_ms)}
    rejected = [one for one in answer.candidates if all(one.text != kept.text for kept in chosen)]
    listed = [*chosen, *rejected][:_TRACED]
    trace = Trace(
        suggestion=found.suggestion,
        session=found.session,
        trigger=found.trigger,
        time_ms=found.started_ms,
        stages_ms=stages,
        candidates=tuple(
            TracedCandidate(one.text, round(one.score, 4), round(one.confidence, 4), one.source, one.example)
            for one in listed
        ),
        outcome=result,
        why=why,
        dropped=answer.notes,
    )
    turn.append(Traced(id=turn.new_id(), time_ms=turn.now, notebook=found.notebook, session=found.session, trace=trace))
