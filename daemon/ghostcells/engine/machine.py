"""The suggestion loop: `step(state, input) -> (state, effects)`.

Everything that decides what happens to a suggestion lives in this package, and all of it is reached from here. It does not know
what time it is (inputs bring their stamp), how anything is stored, sent or searched (effects ask for it), or what an editor
looks like. The rules are those of the protocol: every suggested cell ends exactly once, every request is answered exactly
once, an answer for a text that has changed is dropped.
"""

from typing import assert_never

from msgspec.structs import replace

from ghostcells.domain.errors import RequestError, RequestFailed
from ghostcells.domain.ghosts import Reason
from ghostcells.engine import answers, changes, endings, focus, requests, runs, screen, tracker, work, writing
from ghostcells.engine.effects import Announce, Effect, Refuse, Wake
from ghostcells.engine.inputs import (
    AcceptanceUndone,
    AnyInput,
    CandidateCycled,
    CellRan,
    Changed,
    Closed,
    CompletionDeclined,
    CompletionFailed,
    FellOutOfStep,
    Finished,
    FocusMoved,
    GhostsDismissed,
    GhostsWithdrawn,
    NotWritten,
    Opened,
    PolicyChanged,
    Recalled,
    RecallFailed,
    SuggestionAsked,
    TimeCame,
    VisibilityChanged,
    Written,
    Wrote,
)
from ghostcells.engine.state import Core, NotebookState, State
from ghostcells.engine.turn import Turn


def step(state: State, cause: AnyInput) -> tuple[State, tuple[Effect, ...]]:
    """What the state becomes, and what is to be done, after one input. A refused request leaves the state as it was."""
    turn = Turn(state, cause)
    try:
        _apply(turn, cause)
        screen.end_step(turn)
    except RequestError as refusal:
        assert turn.request is not None
        return state, (Refuse(turn.request, refusal),)
    after = turn.result()
    effects = tuple(turn.effects)
    wake = _next_wake(after)
    # A timer that comes too early costs less than one that is moved with every key.
    if isinstance(cause, TimeCame) or (wake is not None and (state.wake_ms is None or wake < state.wake_ms)):
        after = replace(after, wake_ms=wake)
        effects = (*effects, Wake(wake))
    return after, effects


def _apply(turn: Turn, cause: AnyInput) -> None:
    match cause:
        case Changed():
            changes.changed(turn, cause)
        case FocusMoved():
            focus.focus_moved(turn, cause)
        case CellRan():
            runs.cell_ran(turn, cause)
        case Recalled():
            answers.recalled(turn, cause)
        case RecallFailed():
            answers.recall_failed(turn, cause)
        case Wrote():
            writing.wrote(turn, cause)
        case Finished():
            writing.finished(turn, cause)
        case CompletionDeclined():
            writing.declined(turn, cause)
        case CompletionFailed():
            writing.failed(turn, cause)
        case TimeCame():
            changes.time_came(turn)
        case VisibilityChanged():
            changes.visibility_changed(turn, cause)
        case GhostsDismissed():
            requests.ghosts_dismissed(turn, cause)
        case SuggestionAsked():
            requests.suggestion_asked(turn, cause)
        case CandidateCycled():
            requests.candidate_cycled(turn, cause)
        case AcceptanceUndone():
            requests.acceptance_undone(turn, cause)
        case GhostsWithdrawn():
            requests.ghosts_withdrawn(turn, cause)
        case Opened():
            changes.opened(turn, cause)
        case Closed():
            changes.closed(turn, cause)
        case FellOutOfStep():
            changes.fell_out_of_step(turn, cause)
        case PolicyChanged():
            changes.policy_changed(turn, cause)
            _announce(turn)
        case NotWritten():
            _not_written(turn, cause)
        case Written():
            turn.trouble = ""
            _announce(turn)
        case _:
            assert_never(cause)


def _announce(turn: Turn) -> None:
    turn.effects.append(Announce(off=not turn.policy.enabled, trouble=turn.trouble))


def _next_wake(state: State) -> int | None:
    moments = [one.at_ms for one in state.computations if one.at_ms is not None]
    for one in state.core.notebooks.values():
        if one.due is not None:
            moments.append(one.due.next_ms)
        if one.missing:
            moments += [gone.until_ms for gone in one.missing]
    return min(moments, default=None)


def _not_written(turn: Turn, failure: NotWritten) -> None:
    """Requests whose records could not be written did not happen: the core goes back, the documents stay.

    What else happened since then is kept: a ghost that ended by itself stays ended, and one that appeared since is
    withdrawn, so that each still ends once.
    """
    for request in failure.requests:
        refusal = RequestFailed(f"could not be written to disk: {failure.why}", "not-durable")
        turn.effects.append(Refuse(request, refusal))
    turn.trouble = failure.why
    core = failure.core
    if isinstance(core, Core) and failure.requests:
        _take_back(turn, core)
    _announce(turn)


def _take_back(turn: Turn, core: Core) -> None:
    work.cancel(turn, lambda *_: True)
    before = {ghost: uri for uri in core.notebooks for ghost in _ghosts(core.notebooks[uri])}
    for uri in turn.notebooks:
        endings.finish_some(turn, uri, Reason.FAILED, lambda one: one.ghost.id not in before)
    ended = {key for key, known in turn.known.items() if not known.firm}
    known = {**core.known, **{key: turn.known[key] for key in ended}}
    present, turn.known, turn.session = turn.notebooks, known, core.session
    turn.tracker = tracker.taken_back(turn.tracker, core.tracker)
    turn.notebooks = {uri: _merged(core.notebooks.get(uri), state, ended) for uri, state in present.items()}
    if turn.session is not None and turn.session.notebook not in turn.notebooks:
        turn.session = None
    for uri in turn.notebooks:
        if _ghosts(turn.notebooks[uri]) != _ghosts(present[uri]):
            screen.publish(turn, uri)
        # Whoever asked was waiting for what has just been cancelled.
        screen.settle(turn, uri)


def _ghosts(state: NotebookState) -> tuple[str, ...]:
    return tuple(one.ghost.id for one in state.showing.ghosts) if state.showing else ()


def _merged(former: NotebookState | None, present: NotebookState, ended: set[str]) -> NotebookState:
    """The former state of a notebook, without the ghosts that have ended since for reasons of their own."""
    if former is None or former.showing is None:
        return replace(present, showing=None, due=None)
    left = tuple(one for one in former.showing.ghosts if one.ghost.id not in ended)
    # What was growing then has stopped since, and its SUGGESTED stands: that record is never one of a request's.
    showing = replace(former.showing, ghosts=left, growing=False) if left else None
    return replace(former, showing=showing, due=None, owed=present.owed)
