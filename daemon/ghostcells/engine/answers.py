"""From rest to ghost: what is due is computed, what memory answers is shown, kept or dropped; for models see writing.py."""

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from ghostcells.domain.decisions import Silence
from ghostcells.domain.examples import Situation, situation_at
from ghostcells.domain.ghosts import Candidate, Reason
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.domain.trace import Trace, TracedCandidate
from ghostcells.engine import endings, policy, screen, sessions, work, writing
from ghostcells.engine.effects import Prepare, Recall
from ghostcells.engine.inputs import Recalled, RecallFailed
from ghostcells.engine.state import Computation, Due, Memories, Showing, Stage
from ghostcells.engine.turn import Turn

_BELOW = 2
"""How many of the user's cells below are looked at for a command that stands there already."""
_TRACED = 8
_KEPT = "the ghost that is showing still fits"


def schedule(turn: Turn, uri: str, cell: Cell, trigger: str) -> None:
    """Let a suggestion for this cell be due after the rest that policy asks for."""
    state = turn.notebooks[uri]
    if not policy.worth_thinking(turn.policy, uri, cell, follows_run=trigger == "executed"):
        if state.due is not None:
            turn.update(uri, due=None)
        _decide_early(turn, uri, cell, trigger)
        return
    delay = policy.memory_delay(turn.policy, state.gap_ms if trigger == "edit" else None)
    at_ms = turn.now + delay
    turn.update(uri, due=Due(at_ms, cell.uri, trigger, at_ms - policy.ahead(delay)))


def compute_due(turn: Turn) -> None:
    """Start what has come due, and prepare what soon will."""
    for uri, state in turn.notebooks.items():
        due = state.due
        if due is None or due.next_ms > turn.now:
            continue
        now = due.at_ms <= turn.now
        turn.update(uri, due=None if now else replace(due, ahead_ms=None))
        cell = turn.documents[uri].cell(due.cell)
        session = turn.session
        if cell is None or session is None or session.cell != due.cell or session.notebook != uri:
            continue
        fresh = turn.notebooks[uri].considered != (cell.uri, policy.squeeze(cell.text))
        if fresh and not now:
            turn.effects.append(Prepare(*_question(turn, uri, cell)))
        elif fresh:
            compute(turn, uri, cell, due.trigger)
        elif now and _was_answered(turn, uri):
            why = "this text has had its suggestion already"
            work.decide_early(turn, uri, cell, due.trigger, why, Silence.UNCHANGED)


def _was_answered(turn: Turn, uri: str) -> bool:
    """Whether something was shown for the text as it is, and has ended."""
    state = turn.notebooks[uri]
    under_way = any(one.notebook == uri for one in turn.computations)
    return state.showing is None and state.decided is None and not under_way


def _decide_early(turn: Turn, uri: str, cell: Cell, trigger: str) -> None:
    if not cell.text.strip():
        work.decide_early(turn, uri, cell, trigger, "the cell is empty", Silence.EMPTY)
    elif policy.switched_off(turn.policy, uri, cell.language):
        why = f"suggestions are switched off {policy.where_off(turn.policy, uri)}"
        work.decide_early(turn, uri, cell, trigger, why, Silence.OFF)
    else:
        work.decide_early(turn, uri, cell, trigger, "suggestions come only when asked for", Silence.MANUAL)


def compute(turn: Turn, uri: str, cell: Cell, trigger: str) -> None:
    """Ask memory what follows this cell; it has the session."""
    assert turn.session is not None
    text = policy.squeeze(cell.text)
    asked = trigger == "asked"
    if turn.notebooks[uri].showing is not None and turn.notebooks[uri].showing.growing:  # type: ignore[union-attr]
        endings.withdraw(turn, uri, Reason.STALE, final=not asked)
    work.cancel(turn, lambda notebook, anchor: (notebook, anchor) == (uri, cell.uri))
    while len(turn.computations) >= policy.MAX_COMPUTATIONS:
        oldest = turn.computations[0]
        work.close(turn, [oldest])
        screen.settle(turn, oldest.notebook)
    situation, limit, present = _question(turn, uri, cell)
    suggestion = turn.new_id()
    turn.computations = (
        *turn.computations,
        Computation(suggestion, uri, cell.uri, text, trigger, turn.session.id, turn.now, present, asked),
    )
    turn.update(uri, considered=(cell.uri, text))
    turn.effects.append(Recall(suggestion, situation, limit, present))


def _question(turn: Turn, uri: str, cell: Cell) -> tuple[Situation, int, tuple[str, ...]]:
    """What memory is asked about this cell: the situation, how many candidates, and which commands are of no use."""
    document = turn.documents[uri]
    index = document.index_of(cell.uri)
    assert index is not None
    unwritten = policy.unwritten(cell)
    place = index if unwritten else index + 1
    before = turn.own_before(document, place)
    situation = situation_at(before, len(before), uri, turn.notebooks[uri].outputs)
    if unwritten and cell.text.strip():
        situation = replace(situation, intent=f"{situation.intent}\n\n{cell.text.strip()}".strip())
    below = turn.own_after(document, index + 1, _BELOW)
    present = tuple(one.text for one in (*below, cell) if one.kind is CellKind.CODE and policy.is_command(one.text))
    return situation, policy.MAX_RECALLED, present


def take(turn: Turn, suggestion: str, stage: Stage) -> Computation | None:
    """The computation that an answer belongs to, if it still fits the world; it is no longer under way."""
    found = next((one for one in turn.computations if one.suggestion == suggestion and one.stage is stage), None)
    if found is None:
        return None
    turn.computations = tuple(one for one in turn.computations if one is not found)
    if fits(turn, found):
        return found
    work.decide_dropped(turn, found)
    screen.settle_unless_awaited(turn, found.notebook)
    return None


def fits(turn: Turn, found: Computation) -> bool:
    """Whether the cell is as it was, and its session open: ghosts that grow already need none."""
    document = turn.documents.get(found.notebook)
    cell = document.cell(found.cell) if document else None
    if cell is None or policy.squeeze(cell.text) != found.text or turn.notebooks[found.notebook].out_of_step:
        return False
    session = turn.session
    return writes(turn, found) or (
        session is not None and (session.notebook, session.cell) == (found.notebook, found.cell)
    )


def writes(turn: Turn, found: Computation) -> bool:
    """Whether the ghosts that show are growing by this computation."""
    showing = turn.notebooks[found.notebook].showing
    return showing is not None and showing.growing and showing.suggestion == found.suggestion


def recalled(turn: Turn, answer: Recalled) -> None:
    """Show memory's answer, keep what shows, or be silent; then let a model be asked, if there is one."""
    found = take(turn, answer.suggestion, Stage.RECALLING)
    if found is None:
        return
    uri = found.notebook
    found = replace(found, failed=answer.failed)
    cells = turn.own_before(turn.documents[uri], len(turn.documents[uri].cells))
    candidates = [policy.in_language(one, policy.fitting_language(one.language, cells)) for one in answer.candidates]
    threshold = answer.threshold * (policy.ASKED_SHARE if found.asked else 1.0)
    chosen = policy.selected(candidates, threshold, turn.policy, found.present)
    if policy.switched_off(turn.policy, uri, ""):
        chosen = ()
        silence: Silence | None = Silence.OFF
    else:
        silence = None if chosen else _silence(answer.candidates, threshold)
        sessions.count(
            turn, policy.search(policy.outcome(chosen, answer.failed), answer.known, answer.failed), answer.failed
        )
    asks = policy.asks_model(turn.policy, found.trigger) and not policy.switched_off(turn.policy, uri, "")
    if asks and is_by_model(turn.notebooks[uri].showing, found):
        # A model wrote what shows: whether it still fits is found out before memory's answer takes its place.
        why = "what a model wrote is showing"
    else:
        kept = show_memory(turn, found, chosen, awaiting=asks)
        if chosen:
            why = _KEPT if kept else f"confidence {chosen[0].confidence:.2f} is at least {threshold:.2f}"
        else:
            why = _silence_in_words(silence, answer.candidates, threshold)
    memories = Memories(tuple(candidates), chosen, _trace(turn, found, answer, why, chosen), silence)
    found = replace(found, memories=memories)
    if asks:
        writing.rest(turn, found)
    else:
        work.trace(turn, found)
        work.decide(turn, found, why, silence)


def is_by_model(showing: Showing | None, found: Computation) -> bool:
    return showing is not None and showing.after == found.cell and showing.ghosts[0].ghost.source == "model"


def recall_failed(turn: Turn, answer: RecallFailed) -> None:
    """Go on without memory where there is a model."""
    found = take(turn, answer.suggestion, Stage.RECALLING)
    if found is None:
        return
    nothing = Recalled(
        at=answer.at, suggestion=answer.suggestion, candidates=(), threshold=1.0, failed=(policy.MEMORY,)
    )
    sessions.count(turn, policy.search(policy.outcome(()), None, nothing.failed), nothing.failed)
    why = f"memory failed: {answer.why}"
    memories = Memories((), (), _trace(turn, found, nothing, why, ()), Silence.MEMORY_DOWN)
    found = replace(found, memories=memories)
    if policy.asks_model(turn.policy, found.trigger):
        writing.rest(turn, found)
    else:
        work.trace(turn, found)
        work.decide(turn, found, why, Silence.MEMORY_DOWN)
        screen.settle(turn, found.notebook)


def show_memory(turn: Turn, found: Computation, chosen: Sequence[Candidate], *, awaiting: bool = False) -> bool:
    """Show what memory chose, keep what shows, or withdraw it; whether what shows was kept.

    `awaiting`: a model may have something to say where memory has not, so who asked goes on waiting.
    """
    uri = found.notebook
    showing = turn.notebooks[uri].showing
    kept = None
    if showing is not None and showing.after == found.cell and showing.ghosts:
        kept = policy.still_fits(showing.ghosts[0].ghost.text, chosen)
    if showing is not None and kept is not None:
        turn.update(uri, showing=replace(showing, candidates=tuple(chosen), index=kept))
        if found.asked or turn.notebooks[uri].owed or len(showing.candidates) != len(chosen):
            screen.publish(turn, uri, session=turn.notebooks[uri].owed)
        return True
    if chosen:
        endings.finish_all(turn, uri, Reason.NEWER)
        screen.suggest(turn, uri, found.cell, chosen, 0, suggestion=found.suggestion, failed=found.failed)
        screen.publish(turn, uri, session=turn.notebooks[uri].owed)
        return False
    waits = awaiting and turn.notebooks[uri].owed is not None
    if not endings.withdraw(turn, uri, Reason.STALE, final=not waits) and not awaiting:
        screen.settle(turn, uri)
    return False


def _silence(candidates: Sequence[Candidate], threshold: float) -> Silence:
    if not candidates:
        return Silence.UNKNOWN
    return Silence.ABSTAINED if max(one.confidence for one in candidates) < threshold else Silence.PRESENT


def _silence_in_words(silence: Silence | None, candidates: Sequence[Candidate], threshold: float) -> str:
    match silence:
        case Silence.OFF:
            return "suggestions are switched off"
        case Silence.UNKNOWN:
            return "nothing remembered is like this"
        case Silence.PRESENT:
            return "what fits stands there already, or its language is switched off"
    return f"the best confidence, {max(one.confidence for one in candidates):.2f}, is below {threshold:.2f}"


def _trace(turn: Turn, found: Computation, answer: Recalled, why: str, chosen: Sequence[Candidate]) -> Trace:
    stages = {**answer.stages_ms, "total": float(turn.now - found.started_ms)}
    rejected = [one for one in answer.candidates if all(one.text != kept.text for kept in chosen)]
    listed = [*chosen, *rejected][:_TRACED]
    return Trace(
        suggestion=found.suggestion,
        session=found.session,
        trigger=found.trigger,
        time_ms=found.started_ms,
        stages_ms=stages,
        candidates=tuple(
            TracedCandidate(one.text, round(one.score, 4), round(one.confidence, 4), one.source, one.example)
            for one in listed
        ),
        outcome=policy.outcome(chosen, answer.failed),
        why=why,
        dropped=answer.notes,
        gap=UNSET if (gap := policy.gap(chosen)) is None else round(gap, 4),
    )
