"""Computations under way: closed at their source, and what became of each told, with the reason for silence."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ghostcells.domain.decisions import Decision, Silence, Weighed
from ghostcells.domain.events import Traced
from ghostcells.domain.notebook import Cell
from ghostcells.domain.trace import Outcome, Trace
from ghostcells.engine import screen
from ghostcells.engine.effects import Cancel, Decide
from ghostcells.engine.state import Computation, Stage
from ghostcells.engine.turn import Turn


def cancel(turn: Turn, unwanted: Callable[[str, str], bool]) -> None:
    """Close computations at their source; `unwanted` is asked with notebook and cell."""
    close(turn, [one for one in turn.computations if unwanted(one.notebook, one.cell)])


def close(turn: Turn, unwanted: Sequence[Computation]) -> None:
    """Close these computations; ghosts that one of them is writing stay as they are shown."""
    turn.computations = tuple(one for one in turn.computations if one not in unwanted)
    for one in unwanted:
        decide_dropped(turn, one)
        if one.stage is Stage.RESTING:
            trace(turn, one)
        else:
            turn.effects.append(Cancel(one.suggestion))
        showing = turn.notebooks[one.notebook].showing
        if showing is not None and showing.growing and showing.suggestion == one.suggestion:
            screen.stop_growth(turn, one.notebook)


def cancel_in(turn: Turn, uri: str) -> None:
    """Forget what was due or under way for a notebook."""
    cancel(turn, lambda notebook, _: notebook == uri)
    if turn.notebooks[uri].due is not None:
        turn.update(uri, due=None)


def trace(turn: Turn, found: Computation, note: str = "") -> None:
    """Keep what there is to tell of a suggestion that no model was asked for."""
    if found.memories is None:
        return
    trace = found.memories.trace
    if trace.outcome is Outcome.SILENT and not found.asked:
        return
    _traced(turn, found, replace(trace, dropped=(*trace.dropped, note)) if note else trace)


def _traced(turn: Turn, found: Computation, trace: Trace) -> None:
    turn.append(Traced(id=turn.new_id(), time_ms=turn.now, notebook=found.notebook, session=found.session, trace=trace))


def decide(turn: Turn, found: Computation, why: str, silence: Silence | None) -> None:
    """Tell what became of a computation; `silence` is None where something shows."""
    trace = found.memories.trace if found.memories is not None else None
    document = turn.documents.get(found.notebook)
    cell = document.cell(found.cell) if document is not None else None
    _decide(
        turn,
        Decision(
            time_ms=turn.now,
            notebook=found.notebook,
            cell=found.cell if cell is None else cell.identity,
            session=found.session,
            trigger=found.trigger,
            why=why,
            silence=silence,
            suggestion=found.suggestion,
            stages_ms=trace.stages_ms if trace is not None else {},
            candidates=tuple(Weighed(one.score, one.confidence, one.source, one.example) for one in trace.candidates)
            if trace is not None
            else (),
        ),
        found.cell,
    )


def decide_early(turn: Turn, uri: str, cell: Cell, trigger: str, why: str, silence: Silence) -> None:
    """Tell why nothing is even thought about; once, however many keys have the same answer."""
    if turn.notebooks[uri].decided == (cell.uri, silence):
        return
    session = turn.session.id if turn.session is not None else None
    _decide(
        turn,
        Decision(
            time_ms=turn.now,
            notebook=uri,
            cell=cell.identity,
            session=session,
            trigger=trigger,
            why=why,
            silence=silence,
            suggestion=turn.new_id(),
        ),
        cell.uri,
    )


def decide_dropped(turn: Turn, found: Computation) -> None:
    """Tell that a computation came to nothing more because the world has moved on."""
    memories = found.memories
    if memories is not None and memories.chosen:
        decide(turn, found, memories.trace.why, None)
        return
    early = "the text or the focus changed before memory had answered"
    late = "the text or the focus changed before a model had answered"
    why = early if memories is None else f"{late}; memory: {memories.trace.why}"
    decide(turn, found, why, Silence.DEBOUNCED)


def _decide(turn: Turn, decision: Decision, cell: str) -> None:
    if decision.notebook in turn.notebooks:
        silence = decision.silence
        turn.update(decision.notebook, decided=None if silence is None else (cell, silence))
    turn.effects.append(Decide(decision))
