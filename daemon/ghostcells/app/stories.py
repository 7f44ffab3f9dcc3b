"""Stories put together: what the log, the index and the decisions on file say of one cell, one suggestion, one session."""

import difflib
from pathlib import Path

from ghostcells.app.decisions import decision_of
from ghostcells.domain.decisions import ADVICE
from ghostcells.domain.events import Executed
from ghostcells.domain.stories import CellStory, ExampleStory, RunStory, SessionStory, SuggestionStory, UsedExample
from ghostcells.domain.trace import Trace
from ghostcells.domain.views import CellLog, Session
from ghostcells.learning.lessons import why_nothing
from ghostcells.store.examples import Examples
from ghostcells.store.histories import Histories
from ghostcells.store.queries import Queries

_EVENTS = 100
"""So many of what counted for or against an example are told."""


class Stories:
    """Used by one thread. `logs` is where decisions are on file."""

    def __init__(self, queries: Queries, examples: Examples, logs: Path) -> None:
        self._queries = queries
        self._examples = examples
        self._histories = Histories(queries)
        self._logs = logs

    def cell(self, identity: str) -> CellStory | None:
        log = self._queries.cell_log(identity)
        if log is None:
            return None
        made = self._histories.ghost(identity)
        ghost, example = made if made is not None else (None, None)
        siblings = self._histories.cells(log.suggestion) if log.suggestion else []
        return CellStory(
            log=log,
            ghost=ghost,
            example=None if example is None else self.used(example),
            trace=self._queries.trace(log.suggestion) if log.suggestion else None,
            diff=difference(log.generated, log.accepted, "suggested", "accepted"),
            runs=self._runs(log),
            siblings=tuple(one for one in siblings if one != identity),
        )

    def suggestion(self, identity: str) -> SuggestionStory | None:
        """Of a suggestion, or of one of its cells."""
        trace = self._queries.trace(identity)
        suggestion = trace.suggestion if trace is not None else identity
        decision = decision_of(self._logs, suggestion)
        if trace is None and decision is None:
            return None
        named = trace.candidates if trace is not None else decision.candidates if decision is not None else ()
        silence = decision.silence if decision is not None else None
        return SuggestionStory(
            id=suggestion,
            trace=trace,
            decision=decision,
            advice="" if silence is None else ADVICE[silence],
            examples=tuple(map(self.used, dict.fromkeys(one.example for one in named if one.example is not None))),
            cells=self._logs_of(suggestion),
        )

    def session(self, identity: str) -> SessionStory | None:
        session = self._histories.session(identity)
        if session is None:
            return None
        events = self._histories.session_events(identity)
        # A run belongs to the session of its cell, which may have been suggested in the one before.
        suggestions = dict.fromkeys(
            one.suggestion for one in events if one.type == "SUGGESTED" and isinstance(one.suggestion, str)
        )
        cells = tuple(log for suggestion in suggestions for log in self._logs_of(suggestion))
        traces = self._histories.traces(identity)
        return SessionStory(
            session=session,
            asked=sum(1 for one in traces if one.model),
            shown=sum(1 for one in cells if one.end is not None and one.end.shown_ms > 0),
            outcome=_outcome(session, cells, traces),
            traces=tuple(traces),
            cells=cells,
            events=tuple(events),
        )

    def example(self, identity: str) -> ExampleStory | None:
        found = self._examples.by_id(identity)
        if found is None:
            return None
        return ExampleStory(example=found, events=tuple(self._histories.evidence(identity, _EVENTS)))

    def used(self, identity: str) -> UsedExample:
        found = self._examples.by_id(identity)
        if found is None:
            return UsedExample(id=identity, text=None)
        return UsedExample(
            id=identity,
            text=found.text,
            intent=found.situation.intent,
            notebook=found.situation.notebook,
            runs=found.runs,
            rejections=found.rejections,
        )

    def _logs_of(self, suggestion: str) -> tuple[CellLog, ...]:
        logs = (self._queries.cell_log(cell) for cell in self._histories.cells(suggestion))
        return tuple(log for log in logs if log is not None)

    def _runs(self, log: CellLog) -> tuple[RunStory, ...]:
        learned = self._histories.learned(log.id)
        base = log.accepted if log.accepted is not None else log.generated
        return tuple(self._run(run, learned.get(run.id), base) for run in self._histories.runs(log.id))

    def _run(self, run: Executed, learned: tuple[str, str] | None, base: str | None) -> RunStory:
        example, why = learned if learned is not None else (None, why_nothing(run))
        if example is not None and self._examples.by_id(example) is None:
            example, why = None, "it was learned, and forgotten since"
        return RunStory(
            event=run.id,
            time_ms=run.time_ms,
            success=run.success,
            text=run.text,
            edited=run.edited,
            diff=difference(base, run.text, "accepted", "ran"),
            learned=example,
            why=why,
        )


def difference(before: str | None, after: str | None, name: str, later: str) -> str:
    """A unified diff, empty where there is nothing to compare or nothing has changed."""
    if before is None or after is None or before == after:
        return ""
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), name, later, lineterm=""))


def _outcome(session: Session, cells: tuple[CellLog, ...], traces: list[Trace]) -> str:
    """What came of a session, in a few words."""
    if not cells and session.executed:
        return "the cell was run"
    ran = sum(1 for one in cells if one.executions)
    accepted = sum(1 for one in cells if one.end is not None and one.end.type == "ACCEPTED")
    if accepted:
        return f"{accepted} of {len(cells)} suggested cells accepted, {ran} run"
    if cells:
        return f"none of {len(cells)} suggested cells accepted"
    return traces[-1].why if traces else "nothing was suggested"
