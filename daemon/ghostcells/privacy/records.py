"""Redacts a record of the log before it is written: every text in it that a user or a program wrote."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from ghostcells.domain.events import Accepted, AnyRecord, Edited, Executed, Learned, Suggested, Traced
from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.feedback import Judgement, Shown
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.notebook import Output
from ghostcells.domain.trace import Trace, TracedModel

Redact = Callable[[str], str]
T = TypeVar("T")


def redact_record(record: AnyRecord, redact: Redact) -> AnyRecord:
    """The record with each of its texts redacted; the record itself where nothing had to be."""
    match record:
        case Executed():
            return _executed(record, redact)
        case Suggested():
            return replace(record, cells=_each(record.cells, lambda one: _ghost(one, redact)))
        case Accepted():
            return replace(record, text=redact(record.text))
        case Learned() | Edited():
            situation = None if record.situation is None else redact_situation(record.situation, redact)
            return replace(record, situation=situation, text=redact(record.text))
        case Traced():
            return replace(record, trace=_trace(record.trace, redact))
        case _:
            return record


def redact_situation(situation: Situation, redact: Redact) -> Situation:
    return replace(
        situation,
        intent=redact(situation.intent),
        heading=redact(situation.heading),
        above=_each(situation.above, lambda one: _above(one, redact)),
    )


def _executed(run: Executed, redact: Redact) -> Executed:
    return replace(
        run,
        text=redact(run.text),
        accepted_text=None if run.accepted_text is None else redact(run.accepted_text),
        situation=redact_situation(run.situation, redact),
        shown=_each(run.shown, lambda one: _shown(one, redact)),
        feedback=None if run.feedback is None else _judgement(run.feedback, redact),
        outputs=_each(run.outputs, lambda one: _output(one, redact)),
    )


def _each(values: Iterable[T], change: Callable[[T], T]) -> tuple[T, ...]:
    return tuple(change(value) for value in values)


def _ghost(ghost: Ghost, redact: Redact) -> Ghost:
    return replace(ghost, text=redact(ghost.text))


def _above(above: Above, redact: Redact) -> Above:
    return replace(above, text=redact(above.text), output=redact(above.output))


def _shown(shown: Shown, redact: Redact) -> Shown:
    return replace(shown, text=redact(shown.text))


def _judgement(judgement: Judgement, redact: Redact) -> Judgement:
    if not judgement.passed:
        return judgement
    return replace(judgement, passed=_each(judgement.passed, lambda one: _shown(one, redact)))


def _output(output: Output, redact: Redact) -> Output:
    return replace(output, text=redact(output.text))


def _trace(trace: Trace, redact: Redact) -> Trace:
    model = trace.model
    if isinstance(model, TracedModel):
        model = replace(model, prompt=redact(model.prompt), answer=redact(model.answer))
    candidates = _each(trace.candidates, lambda one: replace(one, text=redact(one.text)))
    return replace(trace, candidates=candidates, model=model)
