"""The focus moved: which ghost that accepts, which ones it rejects, and whose session begins."""

from msgspec.structs import replace

from ghostcells.domain.ghosts import Reason
from ghostcells.domain.notebook import Cell, CellKind, Notebook
from ghostcells.domain.replies import FocusResult
from ghostcells.engine import endings, named, policy, runs, screen, sessions, work, writing
from ghostcells.engine.answers import schedule
from ghostcells.engine.inputs import FocusMoved
from ghostcells.engine.state import Known, LiveGhost, Showing
from ghostcells.engine.turn import Turn


def focus_moved(turn: Turn, move: FocusMoved) -> None:
    turn.reports_focus = True
    document = named.notebook_of(turn, move.notebook)
    if move.cell is None:
        if turn.session is not None and turn.session.notebook == move.notebook:
            sessions.end(turn)
            writing.left(turn, move.notebook)
        turn.reply(FocusResult(None))
        return
    cell = named.cell_of(document, move.cell)
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
            work.cancel_in(turn, other)
            left += endings.withdraw(turn, other, Reason.MOVED)
    return tuple(left)


def _accept(turn: Turn, uri: str, cell: Cell, one: LiveGhost) -> None:
    rejected = _leave_others(turn, uri)
    work.cancel_in(turn, uri)
    showing = turn.notebooks[uri].showing
    assert showing is not None
    place = showing.ghosts.index(one)
    for skipped in showing.ghosts[:place]:
        endings.finish(turn, uri, skipped, Reason.SKIPPED)
    endings.finish(turn, uri, one, Reason.FOCUS, text=cell.text)
    rest = showing.ghosts[place + 1 :]
    session = sessions.start(turn, uri, cell)
    left = Showing(session.id, showing.suggestion, cell.uri, rest, (), 0) if rest else None
    turn.update(uri, showing=left)
    skipped_ids = tuple(skipped.ghost.id for skipped in showing.ghosts[:place])
    turn.reply(FocusResult(session.id, (one.ghost.id,), (*rejected, *skipped_ids)))
    screen.publish(turn, uri, accepted=(one.ghost.id,))


def _return(turn: Turn, uri: str, cell: Cell, known: Known) -> None:
    """A suggested cell that had ended is back, and has the focus: its end is revoked, and it is accepted."""
    rejected = (*_leave_others(turn, uri), *endings.withdraw(turn, uri, Reason.MOVED))
    work.cancel_in(turn, uri)
    turn.append(endings.restored(turn, uri, known))
    back = LiveGhost(known.ghost, known.suggestion, known.example, cell.uri, None)
    endings.finish(turn, uri, back, Reason.FOCUS, text=cell.text)
    session = sessions.start(turn, uri, cell)
    turn.reply(FocusResult(session.id, (known.ghost.id,), rejected))
    screen.publish(turn, uri, accepted=(known.ghost.id,))


def _visit(turn: Turn, document: Notebook, cell: Cell) -> None:
    uri = document.uri
    rejected = _leave_others(turn, uri)
    state = turn.notebooks[uri]
    adopts = state.showing is not None and state.showing.after == cell.uri
    if not adopts:
        work.cancel_in(turn, uri)
        rejected = (*rejected, *endings.withdraw(turn, uri, Reason.MOVED))
    if not turn.is_own(uri, cell):
        turn.update(uri, adopted=state.adopted | {cell.uri})
    session = sessions.start(turn, uri, cell)
    showing = turn.notebooks[uri].showing
    if showing is not None:
        turn.update(uri, showing=replace(showing, session=session.id))
    turn.reply(FocusResult(session.id, (), rejected))
    if cell.kind is CellKind.MARKUP or policy.only_comments(cell.text) or cell.uri in turn.notebooks[uri].outputs:
        schedule(turn, uri, cell, "focus")
    elif runs.is_next(turn, document, cell):
        schedule(turn, uri, cell, "executed")
