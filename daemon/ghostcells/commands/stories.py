"""`cell`, `trace`, `session`: one of them told whole, in words, as JSON or as one file of HTML."""

import argparse
import contextlib
import sys
from collections.abc import Callable
from typing import TextIO, TypeVar

from ghostcells.app.decisions import last_decisions
from ghostcells.app.logs import LOGS
from ghostcells.app.stories import Stories
from ghostcells.commands.data import NotFound, answered, opened
from ghostcells.commands.output import command, print_fields, print_json, print_table
from ghostcells.commands.settings import data_dir_of
from ghostcells.domain.decisions import ADVICE, Decision, Silence
from ghostcells.domain.errors import ConfigError, GhostcellsError
from ghostcells.domain.ids import is_ulid
from ghostcells.domain.stories import CellStory, RunStory, SessionStory, SuggestionStory, UsedExample
from ghostcells.domain.trace import Trace, TracedModel
from ghostcells.domain.words import asked, counted, moment, one_line, short_name, stage, usd

_EARLIER = 5
"""A run or a move of the focus brings a decision of its own: the one that is asked about is among the last few."""
_STORY = TypeVar("_STORY", CellStory, SuggestionStory, SessionStory)


class NoPages(GhostcellsError):
    """What draws pages is not installed."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, about, whose, action in (
        ("cell", "Show the whole life of one suggested cell.", "the cell's id", cell),
        ("trace", "Show how a suggestion was made: candidates, times, why.", "of a suggestion or its cell", trace),
        ("session", "Show what happened while one cell had the focus.", "the session's id", session),
    ):
        made = command(
            commands,
            name,
            about,
            examples=f"ghostcells {name} 01JNB3Z6W8YQ4T0V2X5K7M9R1S\n"
            f"ghostcells {name} 01JNB3Z6W8YQ4T0V2X5K7M9R1S --html > {name}.html",
        )
        if name == "trace":
            made.add_argument(
                "id", metavar="ID", nargs="?", help=f"{whose}; without: the last decision, and those before it"
            )
        else:
            made.add_argument("id", metavar="ID", help=whose)
        made.add_argument("--html", action="store_true", help="answer with one file of HTML")
        made.set_defaults(run=action)


def cell(options: argparse.Namespace) -> int:
    return _tell(options, "cell", lambda stories, wanted: stories.cell(wanted), _print_cell)


def session(options: argparse.Namespace) -> int:
    return _tell(options, "session", lambda stories, wanted: stories.session(wanted), _print_session)


def trace(options: argparse.Namespace) -> int:
    """Of most silent suggestions there is no trace in the log, but what was decided is on file."""
    earlier: list[Decision] = []
    if options.id is None:
        last, *earlier = _lately(options)
        options.id = last.suggestion
    code = _tell(options, "suggestion", lambda stories, wanted: stories.suggestion(wanted), _print_suggestion)
    if earlier and not options.json and not options.html:
        _print_earlier(earlier)
    return code


def _lately(options: argparse.Namespace) -> list[Decision]:
    """The last decisions, newest first, one for each suggestion; that an empty cell has none is told only of the last."""
    found = [one for one in last_decisions(data_dir_of(options) / LOGS, 4 * _EARLIER) if one.suggestion is not None]
    if not found:
        raise NotFound("nothing has been decided lately: no daemon has run on this data")
    by_id = {one.suggestion: one for one in reversed(found)}
    last, *earlier = sorted(by_id.values(), key=lambda one: -one.time_ms)
    return [last, *[one for one in earlier if one.silence is not Silence.EMPTY][:_EARLIER]]


def identity(text: str | None, what: str) -> str | None:
    """An id as it is kept; raises `ConfigError` for what is none."""
    if text is not None and not is_ulid(text.upper()):
        raise ConfigError(f"{what}: expected an id of 26 letters and digits, got {text!r}")
    return text and text.upper()


def _tell(
    options: argparse.Namespace,
    page: str,
    find: Callable[[Stories, str], _STORY | None],
    show: Callable[[_STORY], None],
) -> int:
    wanted = identity(options.id, "ID") or ""
    with opened(options) as data:
        found = find(Stories(data.still, data.examples, data_dir_of(options) / LOGS), wanted)
    if found is None:
        raise NotFound(f"nothing is known of {wanted}: `ghostcells events` shows the ids that there are")
    if options.html:
        print(_html(page, found))
    elif options.json:
        print_json(_json(found))
    else:
        show(found)
    return 0


def _json(found: CellStory | SuggestionStory | SessionStory) -> object:
    """The protocol's own shape where it has one, with what is told beyond it beside its fields."""
    match found:
        case CellStory(log=log):
            return {**answered(log), **{k: v for k, v in answered(found).items() if k != "log"}}
        case SuggestionStory(trace=Trace() as trace_):
            return {**answered(trace_), **{k: v for k, v in answered(found).items() if k not in {"trace", "id"}}}
        case SuggestionStory(decision=decision):
            return {**answered(decision), "advice": found.advice, "examples": answered(found.examples)}
        case SessionStory(session=one):
            return {**answered(one), **{k: v for k, v in answered(found).items() if k != "session"}}


def _html(page: str, found: CellStory | SuggestionStory | SessionStory) -> str:
    try:
        from ghostcells.dashboard.pages import document
    except ImportError as error:
        raise NoPages(f"pages need {error.name}: pip install 'ghostcells[dashboard]'") from error
    return document(page, story=found)


def _print_cell(found: CellStory) -> None:
    log = found.log
    rows = [
        ("id", log.id),
        ("notebook", log.notebook),
        ("suggestion", log.suggestion or ""),
        ("generated", log.generated or ""),
        ("accepted", log.accepted or ""),
    ]
    if found.ghost is not None:
        rows += [("why", found.ghost.label)] if found.ghost.label else []
        rows += [("warning", f"{one.code}: {one.message}") for one in found.ghost.warnings]
    if found.example is not None:
        rows.append(("from", _example(found.example)))
    if found.diff:
        rows.append(("edited", found.diff))
    for run in found.runs:
        rows += _run(run)
    if log.end is not None:
        rows.append(("end", f"{log.end.type} ({log.end.reason}), visible for {log.end.shown_ms / 1000:.1f} s"))
    rows += [("beside", one) for one in found.siblings]
    print_fields(rows)
    if found.trace is not None:
        print()
        print_trace(found.trace)


def _run(run: RunStory) -> list[tuple[str, str]]:
    state = f"{'ok' if run.success else 'failed'}{', edited' if run.edited else ''}"
    rows = [("executed", f"{moment(run.time_ms)}  {state}\n{run.diff or run.text}")]
    rows.append(("learned", f"{run.learned} ({run.why})" if run.learned else f"no: {run.why}"))
    return rows


def _example(one: UsedExample) -> str:
    if one.text is None:
        return f"{one.id}, forgotten since"
    return f"{one.id}  {one_line(one.text, 60)}  (ran {one.runs}, refused {one.rejections})"


def _print_suggestion(found: SuggestionStory) -> None:
    if found.trace is not None:
        if found.decision is not None and found.decision.silence is not None:
            _print_silence(found.decision)
        print_trace(found.trace)
    elif found.decision is not None:
        _print_decision(found.decision, found.examples)
    for one in found.cells:
        end = "open" if one.end is None else f"{one.end.type} ({one.end.reason})"
        print(f"cell {one.id}: {end}, {counted(len(one.executions), 'run')}")


def _print_decision(decision: Decision, examples: tuple[UsedExample, ...] = ()) -> None:
    _print_silence(decision)
    print(f"asked {asked(decision.trigger)} at {moment(decision.time_ms)}, {short_name(decision.notebook)}")
    known = {one.id: one for one in examples}
    rows = [
        (f"{one.confidence:.0%}", f"{one.score:.2f}", _remembered(known.get(one.example or "")) or one.source)
        for one in decision.candidates
    ]
    if rows:
        print_table(("confidence", "score", "remembered as"), rows)


def _print_earlier(found: list[Decision]) -> None:
    print()
    rows = [
        (moment(one.time_ms), one.silence or "suggested", short_name(one.notebook), one.suggestion or "", one.why)
        for one in found
    ]
    print_table(("before that", "decided", "notebook", "id", "why"), rows)


def _print_silence(decision: Decision) -> None:
    print(f"{decision.silence or 'suggested'}: {decision.why}")
    if decision.silence is not None and ADVICE[decision.silence]:
        print(f"to do: {ADVICE[decision.silence]}")


def _remembered(one: UsedExample | None) -> str:
    return "" if one is None else _example(one)


def _print_session(found: SessionStory) -> None:
    one = found.session
    print_fields(
        [
            ("id", one.id),
            ("notebook", one.notebook),
            ("cell", one.cell or ""),
            ("started", moment(one.start_ms)),
            ("lasted", "still open" if one.end_ms is None else f"{(one.end_ms - one.start_ms) / 1000:.1f} s"),
            ("outcome", found.outcome),
            ("asked", f"a model {counted(found.asked, 'time')}"),
            ("suggested", f"{counted(one.suggested, 'cell')}, {found.shown} in view, {one.accepted} accepted"),
            ("executed", str(one.executed)),
            ("tokens", f"{one.input_tokens} in, {one.output_tokens} out, {usd(one.cost_usd)}"),
        ]
    )
    for made in found.traces:
        print(f"{moment(made.time_ms)}  {made.suggestion}  {made.outcome}: {made.why}")


def print_trace(found: Trace, *, file: "TextIO | None" = None) -> None:
    """How a suggestion was made; what a model was sent and what it answered stands there to the letter."""
    with contextlib.redirect_stdout(file or sys.stdout):
        print(f"{found.outcome}: {found.why}")
        print(f"asked {asked(found.trigger)} at {moment(found.time_ms)}, session {found.session}")
        print("; ".join(f"{stage(name)} {ms:.1f} ms" for name, ms in found.stages_ms.items()))
        rows = [
            (f"{one.confidence:.0%}", f"{one.score:.2f}", one.example or one.source, one_line(one.text))
            for one in found.candidates
        ]
        if rows:
            print_table(("confidence", "score", "from", "text"), rows)
        for text in found.dropped:
            print(f"left out: {text}")
        if isinstance(found.model, TracedModel):
            _print_model(found.model, found)


def _print_model(model: TracedModel, found: Trace) -> None:
    about = "estimated" if model.estimated else "as the provider counts"
    cached = f", {model.cache_read_tokens} of them from its cache" if model.cache_read_tokens else ""
    print(
        f"{model.provider} {model.name}: {model.input_tokens} tokens in{cached}, {model.output_tokens} out "
        f"({about}), ${model.cost_usd:.6f}"
    )
    print(f"{counted(found.redactions, 'secret')} taken out of what was sent")
    for one in found.assertions:
        print(f"{one.result:<8} {one.name}")
    print(f"\n--- sent ---\n{model.prompt}\n--- answered ---\n{model.answer or '(nothing)'}")
