"""Sessions: the time one cell has the focus; at most one is open."""

from collections.abc import Sequence

from msgspec.structs import replace

from ghostcells.domain.events import SessionEnded, SessionStarted
from ghostcells.domain.notebook import Cell
from ghostcells.domain.trace import Search
from ghostcells.engine import screen
from ghostcells.engine.state import SessionState
from ghostcells.engine.turn import Turn


def start(turn: Turn, uri: str, cell: Cell) -> SessionState:
    end(turn)
    turn.session = SessionState(turn.new_id(), uri, cell.uri)
    turn.append(
        SessionStarted(id=turn.new_id(), time_ms=turn.now, notebook=uri, session=turn.session.id, cell=cell.identity)
    )
    return turn.session


def end(turn: Turn) -> None:
    session = turn.session
    if session is None:
        return
    if not screen.grows(turn, session.notebook):
        screen.settle(turn, session.notebook)
    document = turn.documents.get(session.notebook)
    cell = document.cell(session.cell) if document else None
    turn.append(
        SessionEnded(
            id=turn.new_id(),
            time_ms=turn.now,
            notebook=session.notebook,
            session=session.id,
            cell=cell.identity if cell else session.cell,
            outcomes=session.outcomes,
            failures=session.failures,
        )
    )
    turn.session = None


def count(turn: Turn, outcome: Search, failed: Sequence[str]) -> None:
    """Count a search of memory; it is told when the session ends."""
    session = turn.session
    if session is not None:
        outcomes = {**session.outcomes, outcome.value: session.outcomes.get(outcome.value, 0) + 1}
        failures = session.failures | {name: session.failures.get(name, 0) + 1 for name in failed}
        turn.session = replace(session, outcomes=outcomes, failures=failures)
