"""From a record of the log, or a decision, to numbers, whatever system they are then counted in.

The names follow the conventions of Prometheus. Every label has values out of a closed list, but for the names of models and
stages, of which as many are told apart as `bounded` lets through.
"""

from collections.abc import Iterator

import msgspec

from ghostcells.domain.decisions import Decision
from ghostcells.domain.events import (
    Accepted,
    AnyRecord,
    Executed,
    Forgotten,
    Learned,
    Rejected,
    Restored,
    SessionEnded,
    Suggested,
    Superseded,
    Traced,
)
from ghostcells.domain.trace import Trace, TracedModel

Labels = tuple[str, ...]
MOST_VALUES = 32
"""So many values of one label are told apart; those that come later are counted as "other"."""
OTHER = "other"
MOST_SOURCES = 256
"""Of so many suggested cells it is known who wrote them, until they end: far more than show at once."""
UNKNOWN = "unknown"


class Metric(msgspec.Struct, frozen=True):
    """`buckets` are upper bounds, for a histogram; a metric without them is a counter."""

    name: str
    about: str
    labels: Labels = ()
    unit: str = "1"
    buckets: tuple[float, ...] = ()


SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)

SUGGESTED = Metric("ghostcells_suggested_cells", "Cells that were suggested.", ("source",))
ENDED = Metric("ghostcells_ended_cells", "Suggested cells that ended.", ("source", "end", "reason"))
SHOWN = Metric(
    "ghostcells_shown_seconds", "How long suggested cells were in view.", ("end",), "s", (*SECONDS, 30.0, 60.0)
)
RESTORED = Metric("ghostcells_restored_cells", "Ends that were taken back.")
RUNS = Metric("ghostcells_runs", "Cells that were run.", ("success", "from", "edited"))
FEEDBACK = Metric("ghostcells_feedback", "Runs by what they say of a suggestion.", ("feedback",))
LESSONS = Metric("ghostcells_lessons", "What was learned and forgotten.", ("status",))
DECISIONS = Metric("ghostcells_decisions", "Rests of the typing by what was decided.", ("reason",))
SEARCHES = Metric("ghostcells_searches", "Searches of memory in ended sessions, by what came of them.", ("outcome",))
GAP = Metric("ghostcells_confidence_gap", "How far the first candidate leads the second.", (), "1", SHARES)
STAGE = Metric("ghostcells_stage_seconds", "Stages of a suggestion, as its trace has them.", ("stage",), "s", SECONDS)
REQUESTS = Metric("ghostcells_model_requests", "Completions asked of models.", ("provider", "model"))
TOKENS = Metric("ghostcells_model_tokens", "Tokens of completions.", ("provider", "model", "direction"))
COST = Metric("ghostcells_model_cost_usd", "US dollars that completions cost.", ("provider", "model"))

METRICS = (
    SUGGESTED,
    ENDED,
    SHOWN,
    RESTORED,
    RUNS,
    FEEDBACK,
    LESSONS,
    DECISIONS,
    SEARCHES,
    GAP,
    STAGE,
    REQUESTS,
    TOKENS,
    COST,
)


class Signal(msgspec.Struct, frozen=True):
    """One thing to count (`value` is how many) or to observe."""

    metric: Metric
    value: float = 1
    labels: Labels = ()


class Sources:
    """Who wrote the cells that were suggested last: their ends do not say it, and are to be told apart by it."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def of(self, record: AnyRecord) -> str:
        """The source of the cell that a record is about, where it is known."""
        if isinstance(record, Suggested):
            self._of.update((one.id, record.source) for one in record.cells)
            while len(self._of) > MOST_SOURCES:
                del self._of[next(iter(self._of))]
        return self._of.get(getattr(record, "cell", None) or "", UNKNOWN)


def of_record(record: AnyRecord, source: str = UNKNOWN) -> Iterator[Signal]:
    """What one record adds, about a cell of that source."""
    match record:
        case Suggested():
            yield Signal(SUGGESTED, len(record.cells), (record.source,))
        case Accepted() | Rejected() | Superseded():
            end = type(record).__name__.lower()
            yield Signal(ENDED, 1, (source, end, str(record.reason)))
            yield Signal(SHOWN, record.shown_ms / 1000, (end,))
        case Restored():
            yield Signal(RESTORED)
        case Executed():
            origin = "own" if record.suggestion is None else "suggestion"
            yield Signal(RUNS, 1, (_said(record.success), origin, _said(record.edited)))
            if record.feedback is not None:
                yield Signal(FEEDBACK, 1, (str(record.feedback.feedback),))
        case Learned():
            yield Signal(LESSONS, 1, (str(record.reason),))
        case Forgotten():
            yield Signal(LESSONS, 1, ("forgotten",))
        case SessionEnded():
            for outcome, count in record.outcomes.items():
                yield Signal(SEARCHES, count, (outcome,))
        case Traced():
            yield from _of_trace(record.trace)


def of_decision(decision: Decision) -> Iterator[Signal]:
    """What one decision adds: for most that were silent there is no trace in the log."""
    yield Signal(DECISIONS, 1, ("suggested" if decision.silence is None else str(decision.silence),))


def _of_trace(trace: Trace) -> Iterator[Signal]:
    for stage, ms in trace.stages_ms.items():
        yield Signal(STAGE, ms / 1000, (stage,))
    if isinstance(trace.gap, float):
        yield Signal(GAP, trace.gap)
    model = trace.model
    if isinstance(model, TracedModel):
        named = (model.provider, model.name)
        yield Signal(REQUESTS, 1, named)
        yield Signal(COST, model.cost_usd, named)
        for direction, count in (
            ("input", model.input_tokens),
            ("output", model.output_tokens),
            ("cache_read", model.cache_read_tokens),
        ):
            yield Signal(TOKENS, count, (*named, direction))


def _said(value: bool) -> str:  # noqa: FBT001 -- the value is the matter
    return "true" if value else "false"


class Bounds:
    """Keeps the number of label values small, however many models there come to be."""

    def __init__(self, most: int = MOST_VALUES) -> None:
        self._most = most
        self._known: dict[tuple[str, str], set[str]] = {}

    def bounded(self, signal: Signal) -> Labels:
        """The labels of a signal, each a known value or one of the first that came."""
        return tuple(
            self._one(signal.metric.name, label, value)
            for label, value in zip(signal.metric.labels, signal.labels, strict=True)
        )

    def _one(self, metric: str, label: str, value: str) -> str:
        known = self._known.setdefault((metric, label), set())
        if value not in known and len(known) >= self._most:
            return OTHER
        known.add(value)
        return value
