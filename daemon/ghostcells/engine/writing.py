"""What a model writes: when it is asked after memory has answered, and how its words become ghosts that grow in place.

A ghost of memory's that is up first is refined: it stays while the model's whole lines agree with it, and gives way when the
model is through its first line and differs. An answer that fails or is silenced leaves memory's in its place.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from ghostcells.domain.decisions import Silence
from ghostcells.domain.examples import situation_at
from ghostcells.domain.exchange import Page, Piece
from ghostcells.domain.ghosts import Candidate, Ghost, Reason
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.engine import answers, endings, policy, screen, work
from ghostcells.engine.effects import Complete
from ghostcells.engine.inputs import CompletionDeclined, CompletionFailed, Finished, Wrote
from ghostcells.engine.state import Computation, LiveGhost, Memories, Showing, Stage
from ghostcells.engine.turn import Turn

_NOTHING = Piece(CellKind.CODE, "", "")


# Asking


def rest(turn: Turn, found: Computation) -> None:
    """Memory has answered: ask the model once the typing has rested long enough for it."""
    state = turn.notebooks[found.notebook]
    at_ms = turn.now
    if found.trigger == "edit":
        at_ms = max(turn.now, state.edited_ms + policy.model_delay(state.gap_ms))
    resting = replace(found, stage=Stage.RESTING, at_ms=at_ms)
    if at_ms <= turn.now:
        _begin(turn, resting)
    else:
        turn.computations = (*turn.computations, resting)


def time_came(turn: Turn) -> None:
    """Ask where the rest is over; publish what has grown and had to wait."""
    for one in turn.computations:
        if one.at_ms is None or one.at_ms > turn.now:
            continue
        if one.stage is Stage.WRITING:
            _grow(turn, one)
        elif (found := answers.take(turn, one.suggestion, Stage.RESTING)) is not None:
            _begin(turn, found)


def _begin(turn: Turn, found: Computation) -> None:
    uri = found.notebook
    document, state, memories = turn.documents[uri], turn.notebooks[uri], found.memories
    index = document.index_of(found.cell)
    assert index is not None
    assert memories is not None
    before = turn.own_before(document, index + 1)
    after = turn.own_after(document, index + 1, policy.BELOW_CELLS)
    page = Page(
        notebook=uri,
        type=document.type,
        before=tuple(before),
        after=tuple(after),
        outputs={cell.uri: state.outputs[cell.uri] for cell in before if cell.uri in state.outputs},
        language=policy.code_language((*reversed(after), *before), document.type),
    )
    since = state.edited_ms if found.trigger == "edit" else found.started_ms
    turn.computations = (*turn.computations, replace(found, stage=Stage.WRITING, at_ms=None))
    turn.effects.append(
        Complete(
            suggestion=found.suggestion,
            session=found.session,
            page=page,
            situation=situation_at(before, len(before), uri, state.outputs),
            candidates=memories.candidates,
            sure=memories.chosen[0].confidence if memories.chosen else 0.0,
            rested_ms=turn.now - since,
            asked=found.asked,
            ran=state.ran,
            trace=memories.trace,
        )
    )


def outdated(turn: Turn, uri: str, cell: Cell) -> None:
    """The text has changed: what a model writes for the former one is closed at its source, and not shown any more."""
    old = [
        one
        for one in turn.computations
        if (one.notebook, one.cell) == (uri, cell.uri)
        and one.stage is not Stage.RECALLING
        and one.text != policy.squeeze(cell.text)
    ]
    if any(answers.writes(turn, one) for one in old):
        endings.withdraw(turn, uri, Reason.STALE)
    work.close(turn, [one for one in old if one in turn.computations])


def joined(turn: Turn, uri: str, cell: Cell) -> bool:
    """Whether a model is being asked about this very text already: whoever asks by hand is answered by that, if it answers."""
    about = (uri, cell.uri, policy.squeeze(cell.text))
    found = [
        one for one in turn.computations if (one.notebook, one.cell, one.text) == about and one.stage is Stage.WRITING
    ]
    turn.computations = tuple(replace(one, asked=True) if one in found else one for one in turn.computations)
    return bool(found)


def _asks_again(turn: Turn, found: Computation) -> bool:
    """Whether somebody has asked by hand since: what is not worth a request, or left alone, by itself is asked then."""
    session = turn.session
    if not found.asked or found.trigger == "asked" or answers.writes(turn, found) or session is None:
        return False
    cell = turn.documents[found.notebook].cell(found.cell)
    if cell is None or (session.notebook, session.cell) != (found.notebook, found.cell):
        return False
    answers.compute(turn, found.notebook, cell, "asked")
    return True


def left(turn: Turn, uri: str) -> None:
    """The editor has lost the focus: only ghosts that grow already go on growing."""
    work.close(
        turn,
        [
            one
            for one in turn.computations
            if one.notebook == uri and one.stage is not Stage.RECALLING and not answers.writes(turn, one)
        ],
    )


# Growing


def wrote(turn: Turn, more: Wrote) -> None:
    found = next((one for one in turn.computations if one.suggestion == more.suggestion), None)
    if found is None or found.stage is not Stage.WRITING or not more.pieces:
        return
    if not answers.fits(turn, found):
        work.close(turn, [found])
        screen.settle_unless_awaited(turn, found.notebook)
        return
    growing = replace(found, pieces=more.pieces)
    if answers.writes(turn, found):
        due = found.at_ms if found.at_ms is not None else turn.now
        _put(turn, replace(growing, at_ms=due))
        if due <= turn.now:
            _grow(turn, replace(growing, at_ms=due))
    elif _differs(turn, found, more.pieces):
        _put(turn, replace(growing, at_ms=turn.now))
        _start(turn, growing)
        _grow(turn, replace(growing, at_ms=turn.now))


def _put(turn: Turn, changed: Computation) -> None:
    turn.computations = tuple(changed if one.suggestion == changed.suggestion else one for one in turn.computations)


def _differs(turn: Turn, found: Computation, pieces: Sequence[Piece]) -> bool:
    """Whether what shows has to give way: nothing shows here, or the model's first lines are others."""
    showing = turn.notebooks[found.notebook].showing
    if showing is None or showing.after != found.cell:
        return True
    code = _code(pieces)
    return bool(code.text) and not policy.may_become(code.text, _code_of(showing))


def _code(pieces: Sequence[Piece]) -> Piece:
    return next((one for one in pieces if one.kind is CellKind.CODE), _NOTHING)


def _code_of(showing: Showing) -> str:
    return next((one.ghost.text for one in showing.ghosts if one.ghost.kind is CellKind.CODE), "")


def _start(turn: Turn, found: Computation) -> None:
    """Make room for ghosts that are to grow below the cell."""
    endings.finish_all(turn, found.notebook, Reason.NEWER)
    session = turn.session.id if turn.session else found.session
    turn.update(
        found.notebook,
        showing=Showing(session, found.suggestion, found.cell, (), (), 0, growing=True),
    )


def _grow(turn: Turn, found: Computation) -> None:
    """Show what was written by now; the next time is a twentieth of a second away."""
    showing = turn.notebooks[found.notebook].showing
    if showing is None or not answers.writes(turn, found):
        _put(turn, replace(found, at_ms=None))
        return
    grown = _grown(turn, showing, found.pieces)
    if grown == showing:
        _put(turn, replace(found, at_ms=None))
        return
    turn.update(found.notebook, showing=grown)
    _put(turn, replace(found, at_ms=turn.now + policy.GROWTH_MS))
    screen.publish(turn, found.notebook)


def _grown(turn: Turn, showing: Showing, pieces: Sequence[Piece]) -> Showing:
    """The ghosts with what was written into them: each piece keeps the id that it was first shown under."""
    ghosts = list(showing.ghosts)
    since = None if turn.reports_visibility else turn.now
    for place, piece in enumerate(pieces):
        if place < len(ghosts):
            ghosts[place] = replace(ghosts[place], ghost=_with(ghosts[place].ghost, piece))
        else:
            ghost = _with(
                Ghost(turn.new_id(), piece.kind, piece.language, "", "model", label=policy.by_model(turn.policy)), piece
            )
            ghosts.append(LiveGhost(ghost, showing.suggestion, None, None, since))
    return replace(showing, ghosts=tuple(ghosts))


def _with(ghost: Ghost, piece: Piece) -> Ghost:
    return replace(ghost, kind=piece.kind, language_id=piece.language, text=piece.text, warnings=piece.warnings)


# The end


def finished(turn: Turn, answer: Finished) -> None:
    """Show the whole answer; a silent one leaves memory's."""
    found = answers.take(turn, answer.suggestion, Stage.WRITING)
    if found is None:
        return
    uri = found.notebook
    showing = turn.notebooks[uri].showing
    if not answer.pieces:
        _fall_back(turn, found, Silence.CHECKED, answer.why or "the model's answer did not pass its checks")
        return
    if showing is not None and not showing.growing and _agrees(showing, found, answer.pieces):
        if turn.notebooks[uri].owed:
            screen.publish(turn, uri, session=turn.notebooks[uri].owed)
    else:
        if not answers.writes(turn, found):
            _start(turn, found)
        _whole(turn, found, answer.pieces)
    work.decide(turn, found, "a model has written it", None)


def _agrees(showing: Showing, found: Computation, pieces: Sequence[Piece]) -> bool:
    code = _code(pieces)
    return showing.after == found.cell and bool(code.text) and policy.same_command(code.text, _code_of(showing))


def _whole(turn: Turn, found: Computation, pieces: Sequence[Piece]) -> None:
    uri = found.notebook
    showing = turn.notebooks[uri].showing
    assert showing is not None
    assert found.memories is not None
    grown = replace(_grown(turn, showing, pieces), growing=False)
    screen.log_suggested(turn, uri, grown)
    for extra in grown.ghosts[len(pieces) :]:
        endings.finish(turn, uri, extra, Reason.FAILED)
    code = _code(pieces)
    said = policy.by_model(turn.policy)
    own = Candidate(code.text, code.language, 0.0, 0.0, "model", label=said, warnings=code.warnings)
    others = [one for one in found.memories.chosen if not policy.same_command(one.text, code.text)]
    candidates = (own, *others)[: policy.MAX_CANDIDATES] if code.text else ()
    turn.update(uri, showing=replace(grown, ghosts=grown.ghosts[: len(pieces)], candidates=candidates, index=0))
    screen.publish(turn, uri, session=turn.notebooks[uri].owed)


def declined(turn: Turn, answer: CompletionDeclined) -> None:
    """No model is asked, or not yet."""
    found = answers.take(turn, answer.suggestion, Stage.WRITING)
    if found is None:
        return
    if answers.writes(turn, found):
        # It has begun all the same: what it has written is not whole.
        _fall_back(turn, found, Silence.PROVIDER_DOWN, f"the model stopped: {answer.why}")
        return
    if _asks_again(turn, found):
        return
    memories = found.memories
    assert memories is not None
    if not answer.unchanged and _is_former(turn, found, memories):
        answers.show_memory(turn, found, memories.chosen, awaiting=answer.again_ms is not None)
    state = turn.notebooks[found.notebook]
    if answer.again_ms is not None and state.edited_ms + answer.again_ms > turn.now:
        again = replace(found, stage=Stage.RESTING, at_ms=state.edited_ms + answer.again_ms)
        turn.computations = (*turn.computations, again)
        return
    work.trace(turn, found, f"model: {answer.why}")
    silence = None if memories.chosen else answer.silence or memories.silence
    work.decide(turn, found, f"no model was asked: {answer.why}; memory: {memories.trace.why}", silence)
    screen.settle(turn, found.notebook)


def _is_former(turn: Turn, found: Computation, memories: Memories) -> bool:
    """Whether what shows is a model's answer to another text, for which memory's had to wait."""
    showing = turn.notebooks[found.notebook].showing
    return (
        showing is not None and showing.suggestion != memories.trace.suggestion and answers.is_by_model(showing, found)
    )


def failed(turn: Turn, answer: CompletionFailed) -> None:
    found = answers.take(turn, answer.suggestion, Stage.WRITING)
    if found is not None and not _asks_again(turn, found):
        _fall_back(turn, found, Silence.PROVIDER_DOWN, f"the model gave no answer: {answer.why}")


def _fall_back(turn: Turn, found: Computation, silence: Silence, why: str) -> None:
    """The model has nothing that may show: what it has shown goes, and memory's takes its place."""
    uri = found.notebook
    memories = found.memories
    assert memories is not None
    if answers.writes(turn, found):
        if memories.chosen and turn.session is not None:
            endings.finish_all(turn, uri, Reason.FAILED)
            screen.suggest(turn, uri, found.cell, memories.chosen, 0, suggestion=found.suggestion, failed=found.failed)
            screen.publish(turn, uri, session=turn.notebooks[uri].owed)
        else:
            endings.withdraw(turn, uri, Reason.FAILED)
    elif _is_former(turn, found, memories):
        answers.show_memory(turn, found, memories.chosen)
    work.decide(turn, found, f"{why}; memory: {memories.trace.why}", None if memories.chosen else silence)
    screen.settle(turn, uri)
