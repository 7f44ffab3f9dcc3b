"""What the editor reports of its documents: opened, changed, closed, out of step; and what time brings about.

Cells are followed through replacement here: a cell that returns under its URI or its id within the grace time was never
removed, however the editor expressed the change.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from ghostcells.domain.decisions import Silence
from ghostcells.domain.events import Deleted
from ghostcells.domain.ghosts import Origin, Reason
from ghostcells.domain.notebook import Cell, Notebook
from ghostcells.engine import endings, policy, screen, sessions, tracker, work, writing
from ghostcells.engine.answers import compute_due, schedule
from ghostcells.engine.inputs import Changed, Closed, FellOutOfStep, Opened, PolicyChanged, VisibilityChanged
from ghostcells.engine.state import Known, LiveGhost, Missing, NotebookState
from ghostcells.engine.turn import Turn


def opened(turn: Turn, change: Opened) -> None:
    uri = change.notebook.uri
    if uri in turn.notebooks:
        _leave(turn, uri)
        turn.tracker = tracker.closed(turn.tracker, uri)
    _learn_origins(turn, change.origins)
    turn.documents = {**turn.documents, uri: change.notebook}
    turn.notebooks = {**turn.notebooks, uri: NotebookState()}


def closed(turn: Turn, change: Closed) -> None:
    uri = change.notebook
    if uri not in turn.notebooks:
        return
    _leave(turn, uri)
    turn.tracker = tracker.closed(turn.tracker, uri)
    turn.documents = {key: value for key, value in turn.documents.items() if key != uri}
    turn.notebooks = {key: value for key, value in turn.notebooks.items() if key != uri}


def _leave(turn: Turn, uri: str) -> None:
    work.cancel_in(turn, uri)
    endings.finish_all(turn, uri, Reason.CLOSED)
    if turn.session is not None and turn.session.notebook == uri:
        sessions.end(turn)


def fell_out_of_step(turn: Turn, change: FellOutOfStep) -> None:
    uri = change.notebook
    if uri not in turn.notebooks or turn.notebooks[uri].out_of_step:
        return
    work.cancel_in(turn, uri)
    session = turn.session
    cell = turn.documents[uri].cell(session.cell) if session is not None and session.notebook == uri else None
    if cell is not None:
        why = "a change of the notebook could not be applied"
        work.decide_early(turn, uri, cell, "edit", why, Silence.OUT_OF_STEP)
    endings.withdraw(turn, uri, Reason.STALE)
    if turn.session is not None and turn.session.notebook == uri:
        sessions.end(turn)
    turn.update(uri, out_of_step=True, missing=())


def changed(turn: Turn, change: Changed) -> None:
    uri = change.notebook.uri
    if uri not in turn.notebooks or turn.notebooks[uri].out_of_step:
        return
    _learn_origins(turn, change.origins)
    former = turn.documents[uri]
    turn.documents = {**turn.documents, uri: change.notebook}
    if change.structural:
        _restructured(turn, former, change.notebook)
    for cell_uri in change.edited:
        cell = change.notebook.cell(cell_uri)
        if cell is not None and turn.is_own(uri, cell):
            _edited(turn, uri, cell)


def _learn_origins(turn: Turn, origins: Iterable[Origin]) -> None:
    """Take in what the log knows; a ghost that shows has not ended, though the log cannot tell that."""
    live = {ghost for uri in turn.notebooks for ghost in turn.live(uri)}
    for one in origins:
        if one.ghost.id not in turn.known and one.ghost.id not in live:
            turn.remember(Known(one.ghost, one.suggestion, one.accepted, one.text, one.example, firm=False))


def _edited(turn: Turn, uri: str, cell: Cell) -> None:
    if not _has_session(turn, uri, cell):
        # The cell being typed in has the focus where the editor has never said so, or could not: a session that cannot be
        # written is refused, but what is typed is suggested for all the same.
        if not turn.trouble and (turn.session is not None or turn.reports_focus):
            return
        sessions.start(turn, uri, cell)
    state = turn.notebooks[uri]
    gap = policy.rhythm(state.gap_ms, state.edited_ms, turn.now)
    turn.update(uri, gap_ms=gap, edited_ms=turn.now)
    if not cell.text.strip():
        work.cancel_in(turn, uri)
        turn.update(uri, considered=None)
        if not endings.withdraw(turn, uri, Reason.STALE):
            screen.settle(turn, uri)
        return
    writing.outdated(turn, uri, cell)
    schedule(turn, uri, cell, "edit")
    if state.owed is not None:
        screen.settle_unless_awaited(turn, uri)


def _has_session(turn: Turn, uri: str, cell: Cell) -> bool:
    session = turn.session
    return session is not None and (session.notebook, session.cell) == (uri, cell.uri)


def _restructured(turn: Turn, former: Notebook, present: Notebook) -> None:
    """Cells came and went. What went is missing for a while; what came may be something that was missing."""
    uri = present.uri
    before = {cell.uri: cell for cell in former.cells}
    after = {cell.uri: cell for cell in present.cells}
    came = [cell for cell in present.cells if cell.uri not in before]
    gone = [cell for cell in former.cells if cell.uri not in after]
    awaited = [*(one.cell for one in turn.notebooks[uri].missing), *gone]
    returned: set[str] = set()
    for cell in came:
        old = next((one for one in awaited if _same(one, cell)), None)
        if old is not None:
            returned.add(cell.uri)
            _follow(turn, uri, old.uri, cell.uri)
    still = [cell for cell in awaited if not any(_same(cell, one) for one in present.cells)]
    deadlines = {one.cell.uri: one.until_ms for one in turn.notebooks[uri].missing}
    turn.update(
        uri,
        missing=tuple(
            Missing(cell, deadlines.get(cell.uri, turn.now + policy.GRACE_MS))
            for cell in still
            if _matters(turn, uri, cell)
        ),
    )
    _locate_ghosts(turn, present)
    if any(_among_ghosts(turn, present, cell) for cell in came if cell.uri not in returned):
        work.cancel_in(turn, uri)
        endings.withdraw(turn, uri, Reason.INSERTED)


def _same(one: Cell, other: Cell) -> bool:
    return one.uri == other.uri or (one.own_id is not None and one.own_id == other.own_id)


def _matters(turn: Turn, uri: str, cell: Cell) -> bool:
    """Whether anything is to be said or ended when this cell stays away."""
    showing = turn.notebooks[uri].showing
    if cell.claim is not None:
        known = turn.known.get(cell.claim)
        if cell.claim in turn.live(uri) or (known is not None and known.accepted):
            return True
    anchors = showing is not None and showing.after == cell.uri
    return anchors or (turn.session is not None and turn.session.cell == cell.uri)


def _follow(turn: Turn, uri: str, old: str, new: str) -> None:
    """A cell has come back under another URI: what pointed at it points at it again."""
    if old == new:
        return
    turn.tracker = tracker.moved(turn.tracker, uri, old, new)
    session = turn.session
    if session is not None and (session.notebook, session.cell) == (uri, old):
        turn.session = replace(session, cell=new)
    state = turn.notebooks[uri]
    if state.showing is not None and state.showing.after == old:
        state = turn.update(uri, showing=replace(state.showing, after=new))
    if state.due is not None and state.due.cell == old:
        state = turn.update(uri, due=replace(state.due, cell=new))
    if state.considered is not None and state.considered[0] == old:
        state = turn.update(uri, considered=(new, state.considered[1]))
    if old in state.outputs:
        state = turn.update(uri, outputs={**state.outputs, new: state.outputs[old]})
    if state.ran_in == old:
        turn.update(uri, ran_in=new)
    turn.computations = tuple(
        replace(one, cell=new) if (one.notebook, one.cell) == (uri, old) else one for one in turn.computations
    )


def _locate_ghosts(turn: Turn, present: Notebook) -> None:
    showing = turn.notebooks[present.uri].showing
    if showing is None:
        return
    places = {cell.claim: cell.uri for cell in present.cells if cell.claim is not None}
    ghosts = tuple(replace(one, cell=places.get(one.ghost.id)) for one in showing.ghosts)
    if ghosts != showing.ghosts:
        turn.update(present.uri, showing=replace(showing, ghosts=ghosts))


def _among_ghosts(turn: Turn, present: Notebook, cell: Cell) -> bool:
    """Whether a new cell of the user's stands where the ghosts are: right below their anchor, or before one of them."""
    showing = turn.notebooks[present.uri].showing
    if showing is None or not turn.is_own(present.uri, cell):
        return False
    anchor = -1 if showing.after is None else present.index_of(showing.after)
    place = present.index_of(cell.uri)
    if anchor is None or place is None or place <= anchor:
        return False
    inserted = [present.index_of(one.cell) for one in showing.ghosts if one.cell is not None]
    last = max((index for index in inserted if index is not None), default=anchor + 1)
    return place <= max(last, anchor + 1)


def time_came(turn: Turn) -> None:
    """Cells that stayed away are gone; suggestions that are due are computed."""
    for uri in list(turn.notebooks):
        late = [one for one in turn.notebooks[uri].missing if one.until_ms <= turn.now]
        if late:
            turn.update(uri, missing=tuple(one for one in turn.notebooks[uri].missing if one.until_ms > turn.now))
        for one in late:
            _gone(turn, uri, one.cell)
    writing.time_came(turn)
    compute_due(turn)


def _gone(turn: Turn, uri: str, cell: Cell) -> None:
    if cell.claim is not None and cell.claim in turn.live(uri):
        endings.finish_some(turn, uri, Reason.DELETED, lambda ghost: ghost.ghost.id == cell.claim)
        return
    known = turn.known.get(cell.claim) if cell.claim is not None else None
    if known is not None and known.accepted:
        session = turn.session.id if turn.session else None
        turn.append(
            Deleted(
                id=turn.new_id(),
                time_ms=turn.now,
                notebook=uri,
                session=session,
                cell=known.ghost.id,
                suggestion=known.suggestion,
            )
        )
        turn.tracker = tracker.deleted(turn.tracker, known.suggestion)
    showing = turn.notebooks[uri].showing
    if showing is not None and showing.after == cell.uri:
        endings.withdraw(turn, uri, Reason.ANCHOR_GONE)
    if turn.session is not None and (turn.session.notebook, turn.session.cell) == (uri, cell.uri):
        work.cancel_in(turn, uri)
        sessions.end(turn)


def visibility_changed(turn: Turn, change: VisibilityChanged) -> None:
    """Count the time in view by what the editor says, from the first time that it says anything."""
    if change.notebook not in turn.notebooks:
        return
    first = not turn.reports_visibility
    turn.reports_visibility = True
    for uri, state in turn.notebooks.items():
        if state.showing is not None and (first or uri == change.notebook):
            seen = frozenset(change.ids) if uri == change.notebook else frozenset()
            ghosts = tuple(_seen(turn, one, one.ghost.id in seen, first) for one in state.showing.ghosts)
            turn.update(uri, showing=replace(state.showing, ghosts=ghosts))


def _seen(turn: Turn, one: LiveGhost, visible: bool, first: bool) -> LiveGhost:  # noqa: FBT001
    so_far = 0 if first else one.shown(turn.now)
    if visible and one.visible_since is not None and not first:
        return one
    return replace(one, shown_ms=so_far, visible_since=turn.now if visible else None)


def policy_changed(turn: Turn, change: PolicyChanged) -> None:
    """Settings are live: what has been switched off disappears."""
    turn.policy = change.policy
    for uri in list(turn.notebooks):
        if policy.switched_off(turn.policy, uri, ""):
            work.cancel_in(turn, uri)
            screen.settle(turn, uri)
            endings.withdraw(turn, uri, Reason.WITHDRAWN)
            continue
        if turn.policy.manual and turn.notebooks[uri].due is not None:
            turn.update(uri, due=None)
        if not turn.policy.model:
            writing.left(turn, uri)
        screen.settle_unless_awaited(turn, uri)
