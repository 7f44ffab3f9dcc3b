"""Which suggestions wait for their verdict, and the verdict: pure functions on a bounded `Tracker`.

A suggestion is tracked from the moment that it is written to the log as SUGGESTED. It is consumed by the run of the cell that
follows its anchor, or of the cell that it became, and is never tracked again; one that something newer replaced, or that
nobody ran anything after for `EXPIRY_MS`, is dropped without a verdict.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from ghostcells.domain.feedback import Fate, Feedback, Judgement, Shown
from ghostcells.domain.ghosts import END_OF, READ_MS, End, Reason

EXPIRY_MS = 30 * 60_000
"""After this long a run says nothing of a suggestion any more. A choice."""
MAX_TRACKED = 32
"""Over all open notebooks; the oldest are dropped first."""
MAX_JUDGED = 64
"""How many consumed suggestions are known, so that none is tracked again: far more than can be under way at once."""


class Tracked(msgspec.Struct, frozen=True):
    """A suggestion that waits, below the cell `anchor` (a URI) of a notebook, None at its top.

    `within`: that cell was a code cell without a command, in which this one may be written. `recommended` is the text that
    led clearly, None where there was a choice; `listed` all that could be cycled to. `shown` are the ghosts that were on
    show, with how each ended. `accepted`: the user took one and has not removed it.
    """

    suggestion: str
    notebook: str
    anchor: str | None
    recommended: str | None
    listed: tuple[str, ...]
    shown: tuple[Shown, ...]
    at_ms: int
    within: bool = False
    accepted: bool = False
    fate: Fate = Fate.IGNORED


class Tracker(msgspec.Struct, frozen=True):
    """`waiting` are oldest first, `judged` the ids of those consumed."""

    waiting: tuple[Tracked, ...] = ()
    judged: tuple[str, ...] = ()


def begun(tracker: Tracker, one: Tracked, now_ms: int) -> Tracker:
    """A suggestion is shown. It takes the place of an earlier one below the same cell; one that was consumed stays so."""
    if one.suggestion in tracker.judged:
        return tracker
    place = (one.notebook, one.anchor)
    others = [
        other
        for other in alive(tracker, now_ms)
        if other.suggestion != one.suggestion and ((other.notebook, other.anchor) != place or other.accepted)
    ]
    return replace(tracker, waiting=(*others, one)[-MAX_TRACKED:])


def cycled(tracker: Tracker, suggestion: str, ghost: Shown) -> Tracker:
    """Another candidate of a suggestion is on show."""
    return _changed(tracker, suggestion, lambda one: replace(one, shown=(*one.shown, ghost)))


def ended(tracker: Tracker, suggestion: str, ghost: Shown, now_ms: int) -> Tracker:
    """A ghost has ended as `ghost` says."""
    reason = Reason(ghost.reason)
    match END_OF[reason]:
        case End.ACCEPTED:
            return _changed(tracker, suggestion, lambda one: replace(_with(one, ghost), accepted=True, at_ms=now_ms))
        case End.REJECTED:
            fate = Fate.DISMISSED if reason is Reason.DISMISSED else Fate.IGNORED
            return _changed(tracker, suggestion, lambda one: replace(_with(one, ghost), fate=fate))
        case End.SUPERSEDED if reason is Reason.CYCLED:
            return _changed(tracker, suggestion, lambda one: _with(one, ghost))
        case End.SUPERSEDED:
            return _changed(tracker, suggestion, lambda one: _without(one, ghost.cell))


def deleted(tracker: Tracker, suggestion: str) -> Tracker:
    """The user has removed the cell that a suggestion became."""
    return _changed(tracker, suggestion, lambda one: replace(one, accepted=False, fate=Fate.DELETED))


def restored(tracker: Tracker, suggestion: str, cell: str) -> Tracker:
    """An acceptance was undone: the cell is a ghost again."""

    def back(one: Tracked) -> Tracked:
        shown = tuple(replace(ghost, reason="") if ghost.cell == cell else ghost for ghost in one.shown)
        return replace(one, shown=shown, accepted=False, fate=Fate.IGNORED)

    return _changed(tracker, suggestion, back)


def moved(tracker: Tracker, notebook: str, old: str, new: str) -> Tracker:
    """A cell has come back under another URI."""
    return replace(
        tracker,
        waiting=tuple(
            replace(one, anchor=new) if (one.notebook, one.anchor) == (notebook, old) else one
            for one in tracker.waiting
        ),
    )


def closed(tracker: Tracker, notebook: str) -> Tracker:
    """A notebook is closed. What became a cell waits on, since its id tells it; the URIs of others may be given anew."""
    return replace(tracker, waiting=tuple(one for one in tracker.waiting if one.accepted or one.notebook != notebook))


def alive(tracker: Tracker, now_ms: int) -> list[Tracked]:
    return [one for one in tracker.waiting if now_ms - one.at_ms < EXPIRY_MS]


def taken_back(present: Tracker, former: Tracker) -> Tracker:
    """The former tracker, of which a request that failed had consumed some, without what has been dropped since."""
    open_now = {one.suggestion for one in present.waiting} | set(present.judged)
    return replace(former, waiting=tuple(one for one in former.waiting if one.suggestion in open_now))


def judged(
    tracker: Tracker, found: Tracked | None, text: str, *, own: str | None, edited: bool, now_ms: int
) -> tuple[Tracker, Judgement]:
    """The verdict of a run of `text` on `found`, which is consumed by it.

    `own` is the id of the suggested cell that ran, where it was one of this suggestion; `edited`: since its acceptance.
    """
    if found is None:
        return replace(tracker, waiting=tuple(alive(tracker, now_ms))), Judgement(Feedback.NONE)
    picked = next((one for one in found.listed if _same(one, text)), None)
    if picked is None and own is not None:
        picked = next((one.text for one in found.shown if one.cell == own), found.listed[0])
    fate = found.fate if own is None else Fate.EDITED if edited else Fate.RAN
    passed = tuple(one for one in found.shown if _was_read(one) and not _same(one.text, text))
    verdict = Judgement(_feedback(found, picked, text, edited=edited), found.suggestion, fate, passed)
    left = tuple(one for one in alive(tracker, now_ms) if one.suggestion != found.suggestion)
    return Tracker(left, (*tracker.judged, found.suggestion)[-MAX_JUDGED:]), verdict


def _feedback(found: Tracked, picked: str | None, text: str, *, edited: bool) -> Feedback:
    if picked is None:
        return Feedback.RAN_UNLISTED
    if found.recommended is None:
        return Feedback.RAN_LISTED
    if not _same(picked, found.recommended):
        return Feedback.OVERRODE_LISTED
    return Feedback.EDITED if edited and not _same(picked, text) else Feedback.ACCEPTED


def _same(one: str, other: str) -> bool:
    """Whether two commands are the same but for blanks within their lines."""
    return [line.split() for line in one.strip().splitlines()] == [line.split() for line in other.strip().splitlines()]


def _was_read(one: Shown) -> bool:
    return one.shown_ms >= READ_MS or one.reason == Reason.FOCUS


def _changed(tracker: Tracker, suggestion: str, change: Callable[[Tracked], Tracked]) -> Tracker:
    changed = [change(one) if one.suggestion == suggestion else one for one in tracker.waiting]
    return replace(tracker, waiting=tuple(one for one in changed if one.shown))


def _with(one: Tracked, ghost: Shown) -> Tracked:
    return replace(one, shown=tuple(ghost if known.cell == ghost.cell else known for known in one.shown))


def _without(one: Tracked, cell: str) -> Tracked:
    return replace(one, shown=tuple(known for known in one.shown if known.cell != cell))


def on_show(ghosts: Sequence[Shown], one: Tracked) -> Tracked:
    """The suggestion with what is known by now of its ghosts that still show."""
    for ghost in ghosts:
        one = _with(one, ghost)
    return one
