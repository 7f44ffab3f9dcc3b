"""What the editor shows: ghosts put there, growing, told of, and the final publish that a session is owed."""

from collections.abc import Sequence

from msgspec.structs import replace

from ghostcells.domain.events import Suggested
from ghostcells.domain.feedback import Shown
from ghostcells.domain.ghosts import Candidate, Ghost
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.replies import CandidatePosition, NotebookVersion, PublishGhosts
from ghostcells.domain.trace import Outcome
from ghostcells.engine import policy, tracker
from ghostcells.engine.effects import Append, Cancel, Publish
from ghostcells.engine.state import LiveGhost, Showing
from ghostcells.engine.turn import Turn

_NO_CANDIDATES = CandidatePosition(0, 0)


def suggest(
    turn: Turn,
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
    assert turn.session is not None
    candidate = candidates[index]
    ghost = Ghost(
        id=turn.new_id(),
        kind=CellKind.CODE,
        language_id=candidate.language,
        text=candidate.text,
        source=candidate.source,
        confidence=None if candidate.source == "model" else round(candidate.confidence, 4),
        label=policy.label(candidates, index),
        warnings=candidate.warnings,
    )
    since = None if turn.reports_visibility else turn.now
    live = LiveGhost(ghost, suggestion, candidate.example, None, since)
    showing = Showing(turn.session.id, suggestion, after, (live,), tuple(candidates), index)
    turn.update(uri, showing=showing)
    turn.append(
        Suggested(
            id=turn.new_id(),
            time_ms=turn.now,
            notebook=uri,
            session=turn.session.id,
            suggestion=suggestion,
            cells=(ghost,),
            source=candidate.source,
            examples=(candidate.example,),
            cycled_from=suggestion if cycled else None,
        )
    )
    if cycled:
        turn.tracker = tracker.cycled(turn.tracker, suggestion, Shown(ghost.id, ghost.text, candidate.example))
    else:
        leads = policy.outcome(candidates, failed) is Outcome.RECOMMENDED
        _track(turn, uri, showing, (live,), recommended=ghost.text if leads else None)


def log_suggested(turn: Turn, uri: str, showing: Showing) -> None:
    """Write what a model suggested, once its text is known.

    Not as part of a request, though one may be the occasion: it stands, whether or not the request can be written.
    """
    record = Suggested(
        id=turn.new_id(),
        time_ms=turn.now,
        notebook=uri,
        session=showing.session,
        suggestion=showing.suggestion,
        cells=tuple(one.ghost for one in showing.ghosts),
        source="model",
        examples=tuple(one.example for one in showing.ghosts),
    )
    turn.effects.append(Append(record))
    code = [one for one in showing.ghosts if one.ghost.kind is CellKind.CODE and one.ghost.text.strip()]
    if code:
        _track(turn, uri, showing, code, recommended=code[0].ghost.text)


def _track(turn: Turn, uri: str, showing: Showing, ghosts: Sequence[LiveGhost], *, recommended: str | None) -> None:
    """What is logged as suggested waits for its verdict."""
    shown = tuple(Shown(one.ghost.id, one.ghost.text, one.example) for one in ghosts)
    listed = tuple(dict.fromkeys([*(one.text for one in shown), *(one.text for one in showing.candidates)]))
    anchor = turn.documents[uri].cell(showing.after) if showing.after is not None else None
    within = anchor is not None and policy.unwritten(anchor)
    made = tracker.Tracked(showing.suggestion, uri, showing.after, recommended, listed, shown, turn.now, within)
    turn.tracker = tracker.begun(turn.tracker, made, turn.now)


def stop_growth(turn: Turn, uri: str) -> None:
    """Leave growing ghosts as they are shown: what writes them is closed, and their SUGGESTED written."""
    showing = turn.notebooks[uri].showing
    if showing is None or not showing.growing:
        return
    log_suggested(turn, uri, showing)
    turn.update(uri, showing=replace(showing, growing=False))
    turn.stopped.add(uri)
    for one in turn.computations:
        if one.suggestion == showing.suggestion:
            turn.effects.append(Cancel(one.suggestion))
    turn.computations = tuple(one for one in turn.computations if one.suggestion != showing.suggestion)


def publish(
    turn: Turn,
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
    state = turn.notebooks[uri]
    showing = state.showing
    named = session or (showing.session if showing else turn.session.id if turn.session else turn.before.epoch)
    if showing is not None:
        after = showing.after
    elif after is None:
        after = turn.session.cell if turn.session and turn.session.notebook == uri else None
    if final is None:
        final = showing is None or not showing.growing
    if final and state.owed is not None and state.owed == named:
        turn.update(uri, owed=None)
    document = turn.documents[uri]
    position = CandidatePosition(showing.index, len(showing.candidates)) if showing else _NO_CANDIDATES
    turn.effects.append(
        Publish(
            PublishGhosts(
                epoch=turn.before.epoch,
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


def grows(turn: Turn, uri: str) -> bool:
    """Whether what shows in a notebook is still being written, so that its final publish is to come."""
    state = turn.notebooks.get(uri)
    return state is not None and state.showing is not None and state.showing.growing


def settle(turn: Turn, uri: str) -> None:
    """Pay the final publish that a session is owed, because what it waited for will not come any more."""
    state = turn.notebooks.get(uri)
    if state is not None and state.owed is not None:
        owed = state.owed
        turn.update(uri, owed=None)
        publish(turn, uri, session=owed, final=True)


def settle_unless_awaited(turn: Turn, uri: str) -> None:
    """Pay it if nothing is due or under way that will."""
    state = turn.notebooks.get(uri)
    if state is not None and state.due is None and all(one.notebook != uri for one in turn.computations):
        settle(turn, uri)


def end_step(turn: Turn) -> None:
    """Say that ghosts are final which stopped growing, where nothing was published since."""
    told = {effect.params.notebook.uri for effect in turn.effects if isinstance(effect, Publish)}
    for uri in turn.stopped - told:
        if uri in turn.notebooks and turn.notebooks[uri].showing is not None:
            publish(turn, uri)


def anchor(turn: Turn, uri: str) -> str | None:
    showing = turn.notebooks[uri].showing
    return showing.after if showing else None
