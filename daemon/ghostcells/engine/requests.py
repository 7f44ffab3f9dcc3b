"""What the editor asks to be made durable: focus, runs, dismissals, cycling, restoring. Each is answered exactly once."""

from ghostcells.domain.decisions import Silence
from ghostcells.domain.errors import InvalidParams
from ghostcells.domain.ghosts import Reason
from ghostcells.domain.replies import CycleResult, DismissResult, RestoreResult, SuggestResult, WithdrawnResult
from ghostcells.engine import endings, named, policy, screen, sessions, tracker, work, writing
from ghostcells.engine.answers import compute
from ghostcells.engine.inputs import (
    AcceptanceUndone,
    CandidateCycled,
    GhostsDismissed,
    GhostsWithdrawn,
    SuggestionAsked,
)
from ghostcells.engine.state import LiveGhost, Showing
from ghostcells.engine.turn import Turn


def ghosts_dismissed(turn: Turn, dismissal: GhostsDismissed) -> None:
    named.notebook_of(turn, dismissal.notebook)
    work.cancel_in(turn, dismissal.notebook)
    _think_no_more(turn, dismissal.notebook)
    showing = turn.notebooks[dismissal.notebook].showing
    after = showing.after if showing else None
    rejected = endings.finish_all(turn, dismissal.notebook, Reason.DISMISSED)
    turn.reply(DismissResult(rejected))
    if rejected:
        screen.publish(turn, dismissal.notebook, after=after)
    else:
        screen.settle(turn, dismissal.notebook)


def _think_no_more(turn: Turn, uri: str) -> None:
    """The text as it stands has been answered; only other text is thought about."""
    session = turn.session
    cell = turn.documents[uri].cell(session.cell) if session and session.notebook == uri else None
    if cell is not None:
        turn.update(uri, considered=(cell.uri, policy.squeeze(cell.text)))


def suggestion_asked(turn: Turn, ask: SuggestionAsked) -> None:
    document = named.notebook_of(turn, ask.notebook)
    cell = named.cell_of(document, ask.cell)
    session = turn.session
    if session is None or (session.notebook, session.cell) != (ask.notebook, cell.uri):
        raise InvalidParams(f"cell: {ask.cell!r} does not have the focus")
    turn.reply(SuggestResult(session.id))
    turn.update(ask.notebook, owed=session.id, due=None)
    if policy.switched_off(turn.policy, ask.notebook, cell.language):
        why = f"suggestions are switched off {policy.where_off(turn.policy, ask.notebook)}"
        work.decide_early(turn, ask.notebook, cell, "asked", why, Silence.OFF)
        screen.settle(turn, ask.notebook)
    elif not writing.joined(turn, ask.notebook, cell):
        compute(turn, ask.notebook, cell, "asked")


def candidate_cycled(turn: Turn, cycle: CandidateCycled) -> None:
    named.notebook_of(turn, cycle.notebook)
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
    work.cancel_in(turn, cycle.notebook)
    endings.finish_all(turn, cycle.notebook, Reason.CYCLED)
    screen.suggest(
        turn, cycle.notebook, showing.after, showing.candidates, index, suggestion=showing.suggestion, cycled=True
    )
    turn.reply(CycleResult(index, count))
    screen.publish(turn, cycle.notebook)


def acceptance_undone(turn: Turn, undo: AcceptanceUndone) -> None:
    uri = undo.notebook
    document = named.notebook_of(turn, uri)
    known = turn.known.get(undo.id)
    index = next((i for i, cell in enumerate(document.cells) if cell.claim == undo.id), None)
    if known is None or not known.accepted or index is None:
        turn.reply(RestoreResult(restored=False))
        return
    cell = document.cells[index]
    work.cancel_in(turn, uri)
    turn.append(endings.restored(turn, uri, known))
    turn.tracker = tracker.restored(turn.tracker, known.suggestion, undo.id)
    before = turn.own_before(document, index)
    turn.known = {key: value for key, value in turn.known.items() if key != undo.id}
    since = None if turn.reports_visibility else turn.now
    live = LiveGhost(known.ghost, known.suggestion, known.example, cell.uri, since)
    showing = turn.notebooks[uri].showing
    following: tuple[LiveGhost, ...] = ()
    if showing is not None and showing.after == cell.uri:
        following = showing.ghosts
    else:
        endings.finish_all(turn, uri, Reason.NEWER)
    session = turn.session
    if session is not None and (session.notebook, session.cell) == (uri, cell.uri):
        sessions.end(turn)
    anchor = before[-1].uri if before else None
    turn.update(
        uri,
        showing=Showing(
            session.id if session else turn.before.epoch, known.suggestion, anchor, (live, *following), (), 0
        ),
    )
    turn.reply(RestoreResult(restored=True))
    screen.publish(turn, uri)


def ghosts_withdrawn(turn: Turn, withdrawal: GhostsWithdrawn) -> None:
    named.notebook_of(turn, withdrawal.notebook)
    ids = frozenset(withdrawal.ids)
    _think_no_more(turn, withdrawal.notebook)
    work.cancel_in(turn, withdrawal.notebook)
    screen.settle(turn, withdrawal.notebook)
    endings.finish_some(turn, withdrawal.notebook, Reason.WITHDRAWN, lambda one: one.ghost.id in ids)
    turn.reply(WithdrawnResult())
