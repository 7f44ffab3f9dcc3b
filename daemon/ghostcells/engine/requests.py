"""What the editor asks to be made durable: focus, runs, dismissals, cycling, restoring. Each is answered exactly once."""

from msgspec.structs import replace

from ghostcells.domain.decisions import Silence
from ghostcells.domain.errors import InvalidParams, RequestFailed
from ghostcells.domain.events import Executed, Restored
from ghostcells.domain.examples import cut_output, situation_at
from ghostcells.domain.feedback import Judgement, Shown
from ghostcells.domain.ghosts import Ghost, Reason
from ghostcells.domain.notebook import Cell, CellKind, Notebook, Output
from ghostcells.domain.replies import (
    CycleResult,
    DismissResult,
    ExecutedResult,
    FocusResult,
    RestoreResult,
    SuggestResult,
    WithdrawnResult,
)
from ghostcells.engine import policy, tracker, writing
from ghostcells.engine.answers import compute, schedule
from ghostcells.engine.inputs import (
    AcceptanceUndone,
    CandidateCycled,
    CellRan,
    FocusMoved,
    GhostsDismissed,
    GhostsWithdrawn,
    SuggestionAsked,
)
from ghostcells.engine.state import Known, LiveGhost, Showing
from ghostcells.engine.turn import Turn

_TEXT_MIMES = ("text/", "application/json", "application/vnd.code.notebook.")


def _notebook(turn: Turn, uri: str) -> Notebook:
    if uri not in turn.notebooks:
        raise InvalidParams(f"notebook.uri: no notebook {uri!r} is open")
    if turn.notebooks[uri].out_of_step:
        raise RequestFailed(f"{uri} is out of step with the editor: close and open it", "out-of-step")
    return turn.documents[uri]


def _cell(document: Notebook, uri: str) -> Cell:
    cell = document.cell(uri)
    if cell is None:
        raise InvalidParams(f"cell: {document.uri} has no cell {uri!r}")
    return cell


# Focus


def focus_moved(turn: Turn, move: FocusMoved) -> None:
    turn.reports_focus = True
    document = _notebook(turn, move.notebook)
    if move.cell is None:
        if turn.session is not None and turn.session.notebook == move.notebook:
            turn.end_session()
            writing.left(turn, move.notebook)
        turn.reply(FocusResult(None))
        return
    cell = _cell(document, move.cell)
    session = turn.session
    if session is not None and (session.notebook, session.cell) == (move.notebook, cell.uri):
        turn.reply(FocusResult(session.id))
        return
    live = turn.live(move.notebook)
    known = turn.known.get(cell.claim) if cell.claim is not None else None
    if cell.claim is not None and cell.claim in live:
        _accept(turn, move.notebook, cell, live[cell.claim])
    elif known is not None and not known.accepted:
        _return(turn, move.notebook, cell, known)
    else:
        _visit(turn, document, cell)


def _leave_others(turn: Turn, uri: str) -> tuple[str, ...]:
    """The focus has come to `uri`: the ghosts of other notebooks are left behind."""
    left: list[str] = []
    for other in list(turn.notebooks):
        if other != uri:
            turn.cancel_in(other)
            left += turn.withdraw(other, Reason.MOVED)
    return tuple(left)


def _accept(turn: Turn, uri: str, cell: Cell, one: LiveGhost) -> None:
    rejected = _leave_others(turn, uri)
    turn.cancel_in(uri)
    showing = turn.notebooks[uri].showing
    assert showing is not None
    place = showing.ghosts.index(one)
    for skipped in showing.ghosts[:place]:
        turn.finish(uri, skipped, Reason.SKIPPED)
    turn.finish(uri, one, Reason.FOCUS, text=cell.text)
    rest = showing.ghosts[place + 1 :]
    session = turn.start_session(uri, cell)
    left = Showing(session.id, showing.suggestion, cell.uri, rest, (), 0) if rest else None
    turn.update(uri, showing=left)
    skipped_ids = tuple(skipped.ghost.id for skipped in showing.ghosts[:place])
    turn.reply(FocusResult(session.id, (one.ghost.id,), (*rejected, *skipped_ids)))
    turn.publish(uri, accepted=(one.ghost.id,))


def _return(turn: Turn, uri: str, cell: Cell, known: Known) -> None:
    """A suggested cell that had ended is back, and has the focus: its end is revoked, and it is accepted."""
    rejected = (*_leave_others(turn, uri), *turn.withdraw(uri, Reason.MOVED))
    turn.cancel_in(uri)
    turn.append(_restored(turn, uri, known))
    ghost = known.ghost or _ghost_of(known)
    turn.finish(uri, LiveGhost(ghost, known.suggestion, known.example, cell.uri, None), Reason.FOCUS, text=cell.text)
    session = turn.start_session(uri, cell)
    turn.reply(FocusResult(session.id, (known.id,), rejected))
    turn.publish(uri, accepted=(known.id,))


def _visit(turn: Turn, document: Notebook, cell: Cell) -> None:
    uri = document.uri
    rejected = _leave_others(turn, uri)
    state = turn.notebooks[uri]
    adopts = state.showing is not None and state.showing.after == cell.uri
    if not adopts:
        turn.cancel_in(uri)
        rejected = (*rejected, *turn.withdraw(uri, Reason.MOVED))
    if not turn.is_own(uri, cell):
        turn.update(uri, adopted=state.adopted | {cell.uri})
    session = turn.start_session(uri, cell)
    showing = turn.notebooks[uri].showing
    if showing is not None:
        turn.update(uri, showing=replace(showing, session=session.id))
    turn.reply(FocusResult(session.id, (), rejected))
    if cell.kind is CellKind.MARKUP or policy.only_comments(cell.text) or cell.uri in turn.notebooks[uri].outputs:
        schedule(turn, uri, cell, "focus")
    elif _is_next(turn, document, cell):
        schedule(turn, uri, cell, "executed")


def _ghost_of(known: Known) -> Ghost:
    return Ghost(known.id, CellKind.CODE, known.language, known.text, "memory")


def _restored(turn: Turn, uri: str, known: Known) -> Restored:
    session = turn.session.id if turn.session else None
    return Restored(
        id=turn.new_id(),
        time_ms=turn.now,
        notebook=uri,
        session=session,
        cell=known.id,
        suggestion=known.suggestion,
    )


# Runs


def cell_ran(turn: Turn, run: CellRan) -> None:
    document = _notebook(turn, run.notebook)
    cell = _cell(document, run.cell)
    if cell.kind is not CellKind.CODE:
        raise InvalidParams(f"cell: {run.cell!r} is a Markdown cell, which does not run")
    own = turn.own_cell(run.notebook, cell)
    if own is None:
        raise InvalidParams(f"cell: {run.cell!r} is a ghost that was not accepted")
    event = turn.new_id()
    turn.append(_executed(turn, event, document, own, run))
    printed = "\n".join(one.text for one in run.outputs if one.mime.startswith(_TEXT_MIMES))
    state = turn.notebooks[run.notebook]
    outputs = {**state.outputs, cell.uri: cut_output(printed, policy.KEPT_OUTPUT)}
    ran = (*state.ran, own.text if run.text is None else run.text)[-policy.MAX_RAN :]
    turn.update(run.notebook, outputs=outputs, ran=ran, ran_in=cell.uri, recent=(), considered=None)
    turn.reply(ExecutedResult(event))
    if turn.session is None and not turn.reports_focus:
        turn.start_session(run.notebook, cell)
    focused = document.cell(turn.session.cell) if turn.session is not None else None
    if focused is not None and (focused.uri == own.uri or _is_next(turn, document, focused)):
        schedule(turn, run.notebook, focused, "executed")


def _is_next(turn: Turn, document: Notebook, cell: Cell) -> bool:
    """Whether this is the empty cell that a run moves on to, where the next step is to stand."""
    place = document.index_of(cell.uri)
    if place is None or cell.kind is not CellKind.CODE or cell.text.strip():
        return False
    before = turn.own_before(document, place)
    return bool(before) and before[-1].uri == turn.notebooks[document.uri].ran_in


def _executed(turn: Turn, event: str, document: Notebook, cell: Cell, run: CellRan) -> Executed:
    uri = run.notebook
    known = turn.known.get(cell.claim) if cell.claim is not None else None
    origin = known if known is not None and known.accepted else None
    text = cell.text if run.text is None else run.text
    index = document.index_of(cell.uri)
    assert index is not None
    before = turn.own_before(document, index)
    state = turn.notebooks[uri]
    showing = state.showing.ghosts if state.showing else ()
    on_show = tuple(Shown(one.ghost.id, one.ghost.text, one.example, "", one.shown(turn.now)) for one in showing)
    edited = origin is not None and text.strip() != origin.text.strip()
    session = turn.session
    return Executed(
        id=event,
        time_ms=turn.now,
        notebook=uri,
        session=session.id if session and (session.notebook, session.cell) == (uri, cell.uri) else None,
        cell=cell.identity,
        success=run.success,
        text=text[: policy.MAX_RUN_CHARS],
        language=cell.language,
        situation=situation_at(before, len(before), uri, state.outputs),
        exit_code=run.exit_code,
        duration_ms=run.duration_ms,
        edited=edited,
        suggestion=origin.suggestion if origin else None,
        example=origin.example if origin else None,
        accepted_text=origin.text if origin else None,
        shown=(*state.recent, *on_show),
        feedback=_judged(turn, document, cell, text, on_show, edited=edited),
        outputs=tuple(Output(one.mime, cut_output(one.text, policy.MAX_OUTPUT_CHARS)) for one in run.outputs),
    )


def _judged(
    turn: Turn, document: Notebook, cell: Cell, text: str, on_show: tuple[Shown, ...], *, edited: bool
) -> Judgement:
    """What this run says of the suggestion that stood in its place, which is consumed."""
    waiting = tracker.alive(turn.tracker, turn.now)
    known = turn.known.get(cell.claim) if cell.claim is not None else None
    own = known is not None and known.accepted
    found = next((one for one in waiting if own and known is not None and one.suggestion == known.suggestion), None)
    if found is None:
        own = False
        below = (one for one in reversed(waiting) if not one.accepted and _follows(turn, document, cell, one))
        found = next(below, None)
    turn.tracker, verdict = tracker.judged(
        turn.tracker,
        None if found is None else tracker.on_show(on_show, found),
        text,
        own=cell.claim if own else None,
        edited=edited,
        now_ms=turn.now,
    )
    return verdict


def _follows(turn: Turn, document: Notebook, cell: Cell, one: tracker.Tracked) -> bool:
    """Whether a cell is the one that a suggestion was meant to be: the first of the user's code cells below its anchor."""
    if one.notebook != document.uri:
        return False
    place = document.index_of(cell.uri)
    anchor = -1 if one.anchor is None else document.index_of(one.anchor)
    if place is None or anchor is None or place < anchor or (place == anchor and not one.within):
        return False
    between = document.cells[anchor + 1 : place]
    return not any(other.kind is CellKind.CODE and turn.own_cell(document.uri, other) for other in between)


# The ghosts on show


def ghosts_dismissed(turn: Turn, dismissal: GhostsDismissed) -> None:
    _notebook(turn, dismissal.notebook)
    turn.cancel_in(dismissal.notebook)
    _think_no_more(turn, dismissal.notebook)
    showing = turn.notebooks[dismissal.notebook].showing
    after = showing.after if showing else None
    rejected = turn.finish_all(dismissal.notebook, Reason.DISMISSED)
    turn.reply(DismissResult(rejected))
    if rejected:
        turn.publish(dismissal.notebook, after=after)
    else:
        turn.settle(dismissal.notebook)


def _think_no_more(turn: Turn, uri: str) -> None:
    """The text as it stands has been answered; only other text is thought about."""
    session = turn.session
    cell = turn.documents[uri].cell(session.cell) if session and session.notebook == uri else None
    if cell is not None:
        turn.update(uri, considered=(cell.uri, policy.squeeze(cell.text)))


def suggestion_asked(turn: Turn, ask: SuggestionAsked) -> None:
    document = _notebook(turn, ask.notebook)
    cell = _cell(document, ask.cell)
    session = turn.session
    if session is None or (session.notebook, session.cell) != (ask.notebook, cell.uri):
        raise InvalidParams(f"cell: {ask.cell!r} does not have the focus")
    turn.reply(SuggestResult(session.id))
    turn.update(ask.notebook, owed=session.id, due=None)
    if policy.switched_off(turn.policy, ask.notebook, cell.language):
        why = f"suggestions are switched off {policy.where_off(turn.policy, ask.notebook)}"
        turn.decide_early(ask.notebook, cell, "asked", why, Silence.OFF)
        turn.settle(ask.notebook)
    elif not writing.under_way(turn, ask.notebook, cell):
        compute(turn, ask.notebook, cell, "asked")


def candidate_cycled(turn: Turn, cycle: CandidateCycled) -> None:
    _notebook(turn, cycle.notebook)
    if cycle.step not in (1, -1):
        raise InvalidParams(f"step: expected 1 or -1, got {cycle.step}")
    showing = turn.notebooks[cycle.notebook].showing
    if showing is None or not showing.candidates or showing.after is None:
        turn.reply(CycleResult(0, 0))
        return
    count = len(showing.candidates)
    index = (showing.index + cycle.step) % count
    if count == 1 or turn.session is None:
        turn.reply(CycleResult(showing.index, count))
        return
    turn.cancel_in(cycle.notebook)
    turn.finish_all(cycle.notebook, Reason.CYCLED)
    turn.suggest(cycle.notebook, showing.after, showing.candidates, index, suggestion=showing.suggestion, cycled=True)
    turn.reply(CycleResult(index, count))
    turn.publish(cycle.notebook)


def acceptance_undone(turn: Turn, undo: AcceptanceUndone) -> None:
    uri = undo.notebook
    document = _notebook(turn, uri)
    known = turn.known.get(undo.id)
    index = next((i for i, cell in enumerate(document.cells) if cell.claim == undo.id), None)
    if known is None or not known.accepted or index is None:
        turn.reply(RestoreResult(restored=False))
        return
    cell = document.cells[index]
    turn.cancel_in(uri)
    turn.append(_restored(turn, uri, known))
    turn.tracker = tracker.restored(turn.tracker, known.suggestion, known.id)
    before = turn.own_before(document, index)
    turn.known = {key: value for key, value in turn.known.items() if key != known.id}
    since = None if turn.reports_visibility else turn.now
    live = LiveGhost(known.ghost or _ghost_of(known), known.suggestion, known.example, cell.uri, since)
    showing = turn.notebooks[uri].showing
    following: tuple[LiveGhost, ...] = ()
    if showing is not None and showing.after == cell.uri:
        following = showing.ghosts
    else:
        turn.finish_all(uri, Reason.NEWER)
    session = turn.session
    if session is not None and (session.notebook, session.cell) == (uri, cell.uri):
        turn.end_session()
    anchor = before[-1].uri if before else None
    turn.update(
        uri,
        showing=Showing(
            session.id if session else turn.before.epoch, known.suggestion, anchor, (live, *following), (), 0
        ),
    )
    turn.reply(RestoreResult(restored=True))
    turn.publish(uri)


def ghosts_withdrawn(turn: Turn, withdrawal: GhostsWithdrawn) -> None:
    _notebook(turn, withdrawal.notebook)
    ids = frozenset(withdrawal.ids)
    _think_no_more(turn, withdrawal.notebook)
    turn.cancel_in(withdrawal.notebook)
    turn.settle(withdrawal.notebook)
    turn.finish_some(withdrawal.notebook, Reason.WITHDRAWN, lambda one: one.ghost.id in ids)
    turn.reply(WithdrawnResult())
