"""How suggested cells end: each exactly once, on the log, among what is known, and off the screen."""

from collections.abc import Callable

from msgspec.structs import replace

from ghostcells.domain.events import Accepted, Rejected, Restored, Superseded
from ghostcells.domain.feedback import Shown
from ghostcells.domain.ghosts import END_OF, End, Reason
from ghostcells.engine import policy, screen, tracker
from ghostcells.engine.state import Known, LiveGhost
from ghostcells.engine.turn import Turn


def finish(turn: Turn, uri: str, one: LiveGhost, reason: Reason, *, text: str | None = None) -> None:
    """Write the one end of a suggested cell; the caller takes it out of what shows. `text`: at acceptance."""
    shown_ms = one.shown(turn.now)
    end = END_OF[reason]
    session = turn.session.id if turn.session else None
    common = {"id": turn.new_id(), "time_ms": turn.now, "notebook": uri, "session": session, "cell": one.ghost.id}
    match end:
        case End.ACCEPTED:
            turn.append(Accepted(**common, suggestion=one.suggestion, shown_ms=shown_ms, text=text or ""))  # type: ignore[arg-type]
        case End.REJECTED:
            turn.append(Rejected(**common, suggestion=one.suggestion, reason=reason, shown_ms=shown_ms))  # type: ignore[arg-type]
        case End.SUPERSEDED:
            turn.append(Superseded(**common, suggestion=one.suggestion, reason=reason, shown_ms=shown_ms))  # type: ignore[arg-type]
    accepted = end is End.ACCEPTED
    turn.remember(
        Known(
            ghost=one.ghost,
            suggestion=one.suggestion,
            accepted=accepted,
            text=one.ghost.text if text is None else text,
            example=one.example,
            firm=turn.request is not None,
        )
    )
    shown = Shown(one.ghost.id, one.ghost.text, one.example, reason, shown_ms)
    turn.tracker = tracker.ended(turn.tracker, one.suggestion, shown, turn.now)
    if not accepted:
        turn.update(uri, recent=(*turn.notebooks[uri].recent, shown)[-policy.MAX_RECENT :])


def finish_all(turn: Turn, uri: str, reason: Reason) -> tuple[str, ...]:
    """End every ghost that shows in a notebook; returns their ids."""
    screen.stop_growth(turn, uri)
    showing = turn.notebooks[uri].showing
    if showing is None:
        return ()
    for one in showing.ghosts:
        finish(turn, uri, one, reason)
    turn.update(uri, showing=None)
    return tuple(one.ghost.id for one in showing.ghosts)


def withdraw(turn: Turn, uri: str, reason: Reason, *, final: bool = True) -> tuple[str, ...]:
    """End every ghost of a notebook and say so to the editor. Not `final`: more is to come."""
    after = screen.anchor(turn, uri)
    ended = finish_all(turn, uri, reason)
    if ended:
        screen.publish(turn, uri, after=after, final=final)
    return ended


def finish_some(turn: Turn, uri: str, reason: Reason, wanted: Callable[[LiveGhost], bool]) -> tuple[str, ...]:
    """End those ghosts of a notebook that are wanted, and publish what is left."""
    if not any(map(wanted, _showing_ghosts(turn, uri))):
        return ()
    screen.stop_growth(turn, uri)
    showing = turn.notebooks[uri].showing
    assert showing is not None
    ending = [one for one in showing.ghosts if wanted(one)]
    for one in ending:
        finish(turn, uri, one, reason)
    left = tuple(one for one in showing.ghosts if one not in ending)
    turn.update(uri, showing=replace(showing, ghosts=left) if left else None)
    screen.publish(turn, uri, after=showing.after)
    return tuple(one.ghost.id for one in ending)


def _showing_ghosts(turn: Turn, uri: str) -> tuple[LiveGhost, ...]:
    showing = turn.notebooks[uri].showing
    return showing.ghosts if showing else ()


def restored(turn: Turn, uri: str, known: Known) -> Restored:
    """The record that revokes a cell's end."""
    session = turn.session.id if turn.session else None
    return Restored(
        id=turn.new_id(),
        time_ms=turn.now,
        notebook=uri,
        session=session,
        cell=known.ghost.id,
        suggestion=known.suggestion,
    )
