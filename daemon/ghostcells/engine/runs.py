"""A cell ran: what the log is told of it, and what it says of the suggestion that stood in its place."""

from ghostcells.domain.errors import InvalidParams
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import cut_output, situation_at
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.domain.notebook import Cell, CellKind, Notebook, Output
from ghostcells.domain.replies import ExecutedResult
from ghostcells.engine import named, policy, sessions, tracker
from ghostcells.engine.answers import schedule
from ghostcells.engine.inputs import CellRan
from ghostcells.engine.state import NotebookState
from ghostcells.engine.turn import Turn

_NOTHING = Judgement(Feedback.NONE)
_TEXT_MIMES = ("text/", "application/json", "application/vnd.code.notebook.")


def cell_ran(turn: Turn, run: CellRan) -> None:
    document = named.notebook_of(turn, run.notebook)
    cell = named.cell_of(document, run.cell)
    if cell.kind is not CellKind.CODE:
        raise InvalidParams(f"cell: {run.cell!r} is a Markdown cell, which does not run")
    own = turn.own_cell(run.notebook, cell)
    if own is None:
        raise InvalidParams(f"cell: {run.cell!r} is a ghost that was not accepted")
    event = turn.new_id()
    turn.append(_executed(turn, event, document, own, run))
    printed = "\n".join(one.text for one in run.outputs if one.mime.startswith(_TEXT_MIMES))
    state = turn.notebooks[run.notebook]
    outputs = {**_still_there(state, document), cell.uri: cut_output(printed, policy.KEPT_OUTPUT)}
    ran = (*state.ran, own.text if run.text is None else run.text)[-policy.MAX_RAN :]
    turn.update(run.notebook, outputs=outputs, ran=ran, ran_in=cell.uri, recent=(), considered=None)
    turn.reply(ExecutedResult(event))
    if turn.session is None and not turn.reports_focus:
        sessions.start(turn, run.notebook, cell)
    focused = document.cell(turn.session.cell) if turn.session is not None else None
    if focused is not None and (focused.uri == own.uri or is_next(turn, document, focused)):
        schedule(turn, run.notebook, focused, "executed")


def _still_there(state: NotebookState, document: Notebook) -> dict[str, str]:
    """The outputs, without those of cells that are gone once there are many: a notebook may stay open for weeks."""
    if len(state.outputs) < len(document.cells) + policy.MAX_RAN:
        return state.outputs
    standing = {cell.uri for cell in document.cells} | {one.cell.uri for one in state.missing}
    return {uri: text for uri, text in state.outputs.items() if uri in standing}


def is_next(turn: Turn, document: Notebook, cell: Cell) -> bool:
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
    if not turn.tracker.waiting:
        return _NOTHING
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
