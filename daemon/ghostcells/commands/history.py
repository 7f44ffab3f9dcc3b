"""`events`, `cell`, `trace`, `sessions`, `stats`: what happened, as the protocol's queries tell it."""

import argparse
import contextlib
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from ghostcells.app.decisions import decision_of, last_decisions
from ghostcells.app.logs import LOGS
from ghostcells.commands.data import Data, NotFound, answered, opened
from ghostcells.commands.output import (
    command,
    counted,
    moment,
    one_line,
    print_fields,
    print_json,
    print_json_line,
    print_table,
    short_name,
)
from ghostcells.commands.settings import data_dir_of
from ghostcells.domain.decisions import ADVICE, Decision
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.ids import is_ulid
from ghostcells.domain.reports import Funnel
from ghostcells.store.reports import GROUPS, Reports

_FOLLOW_SECONDS = 0.5
_PAGE = 1_000
_APART = (("what runs said of suggestions", "feedback"), ("searches of memory", "outcomes"), ("failed", "failures"))
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    events_ = command(
        commands,
        "events",
        "Show what happened: suggested, accepted, executed, learned.",
        examples="ghostcells events --limit 20\nghostcells events --follow\nghostcells events --json | jq .type",
    )
    events_.add_argument("--follow", action="store_true", help="go on with what happens from now on, until Ctrl-C")
    events_.add_argument("--limit", type=int, default=50, metavar="N", help="the last N events (default 50)")
    events_.add_argument("--after", metavar="ID", help="only events after this one")
    events_.set_defaults(run=events)
    for name, about, action in (
        ("cell", "Show the whole life of one suggested cell.", cell),
        ("trace", "Show how a suggestion was made: candidates, times, why.", trace),
    ):
        made = command(commands, name, about, examples=f"ghostcells {name} 01JNB3Z6W8YQ4T0V2X5K7M9R1S")
        if name == "cell":
            made.add_argument("id", metavar="ID", help="the cell's id")
        else:
            made.add_argument(
                "id", metavar="ID", nargs="?", help="of a suggestion or its cell; without: the last decision"
            )
        made.set_defaults(run=action)
    sessions_ = command(
        commands, "sessions", "List the times that cells had the focus.", examples="ghostcells sessions"
    )
    sessions_.add_argument("--limit", type=int, default=20, metavar="N")
    sessions_.add_argument("--before", metavar="ID", help="only sessions before this one")
    sessions_.set_defaults(run=sessions)
    stats_ = command(
        commands,
        "stats",
        "Count suggestions, acceptances, runs; show latencies.",
        examples="ghostcells stats\nghostcells stats --since 7d\nghostcells stats --by source --by language",
    )
    stats_.add_argument("--by", action="append", default=[], choices=GROUPS, help="tell apart how suggestions fared")
    stats_.add_argument("--since", metavar="AGE", help="how far back: 30m, 12h, 7d, 4w")
    stats_.set_defaults(run=stats)


def events(options: argparse.Namespace) -> int:
    after = _id(options.after, "--after")
    show = print_json_line if options.json else _print_event
    with opened(options) as data:
        found = _last_events(data, after, options.limit)
        for event in found:
            show(event)
        after = found[-1]["id"] if found else after
        while options.follow:
            for event in answered(data.queries.events(after=after, limit=_PAGE)):
                show(event)
                after = event["id"]
            time.sleep(_FOLLOW_SECONDS)
    return 0


def _last_events(data: Data, after: str | None, limit: int) -> list[dict[str, Any]]:
    """The last events; the protocol's query goes forward from one, so this keeps the end of what it gives."""
    kept: list[dict[str, Any]] = []
    while page := answered(data.queries.events(after=after, limit=_PAGE)):
        kept = [*kept, *page][-limit:] if limit > 0 else []
        after = page[-1]["id"]
    return kept


def _print_event(event: dict[str, Any]) -> None:
    """One line: when, what, where, and what is worth knowing of this type."""
    ghosts = event.get("cells") or [{}]
    told = {
        "SUGGESTED": ghosts[0].get("text", ""),
        "EXECUTED": f"{'ok' if event.get('success') else 'failed'}: {event.get('text', '')}",
        "LEARNED": f"{event.get('example', '')} ({event.get('reason', '')})",
    }.get(event["type"], event.get("reason") or "")
    print(
        f"{moment(event['timeMs'])}  {event['type']:<15}  {short_name(event['notebook']):<20}  {one_line(told)}",
        flush=True,
    )


def cell(options: argparse.Namespace) -> int:
    return _one(options, lambda data, wanted: data.queries.cell_log(wanted), _print_cell)


def trace(options: argparse.Namespace) -> int:
    """How a suggestion was made. Of most silent ones there is no trace in the log, but what was decided is on file."""
    folder = data_dir_of(options) / LOGS
    wanted = _id(options.id, "ID")
    decision = decision_of(folder, wanted) if wanted else next(iter(last_decisions(folder, 1)), None)
    if wanted is None and decision is None:
        raise NotFound("nothing has been decided lately: no daemon has run on this data")
    if decision is not None:
        with opened(options) as data:
            kept = data.queries.trace(decision.suggestion) if decision.suggestion else None
            if kept is None:
                _show_decision(options, data, decision)
                return 0
        options.id = decision.suggestion
    return _one(options, lambda data, wanted: data.queries.trace(wanted), print_trace)


def _show_decision(options: argparse.Namespace, data: Data, decision: Decision) -> None:
    if options.json:
        print_json(decision)
        return
    print(f"{decision.silence or 'suggested'}: {decision.why}")
    print(f"asked {asked(decision.trigger)} at {moment(decision.time_ms)}, {short_name(decision.notebook)}")
    if decision.silence is not None and ADVICE[decision.silence]:
        print(f"to do: {ADVICE[decision.silence]}")
    rows = []
    for one in decision.candidates:
        example = data.examples.by_id(one.example) if one.example else None
        text = one_line(example.text) if example else ""
        rows.append((f"{one.confidence:.0%}", f"{one.score:.2f}", one.example or one.source, text))
    if rows:
        print_table(("confidence", "score", "from", "remembered as"), rows)


def _one(
    options: argparse.Namespace, ask: Callable[[Data, str], object], show: Callable[[dict[str, Any]], None]
) -> int:
    wanted = _id(options.id, "ID")
    with opened(options) as data:
        found = answered(ask(data, wanted or ""))
        if found is None:
            raise NotFound(f"nothing is known of {wanted}: `ghostcells events` shows the ids that there are")
        print_json(found) if options.json else show(found)
    return 0


def _print_cell(log: dict[str, Any]) -> None:
    rows = [(name, log.get(name) or "") for name in ("id", "notebook", "suggestion", "generated", "accepted")]
    for run in log["executions"]:
        state = f"{'ok' if run['success'] else 'failed'}{', edited' if run['edited'] else ''}"
        rows.append(("executed", f"{moment(run['timeMs'])}  {state}\n{run['text']}"))
    if end := log.get("end"):
        rows.append(("end", f"{end['type']} ({end['reason']}), visible for {end['shownMs'] / 1000:.1f} s"))
    rows += [("learned", f"{lesson['example']} ({lesson['reason']})") for lesson in log["learned"]]
    print_fields(rows)


def print_trace(found: dict[str, Any], *, file: "TextIO | None" = None) -> None:
    """How a suggestion was made; what a model was sent and what it answered stands there to the letter."""
    with contextlib.redirect_stdout(file or sys.stdout):
        _tell_trace(found)


_ASKED = {"asked": "by hand", "edit": "by typing", "focus": "by moving there", "executed": "by a run"}


def asked(trigger: str) -> str:
    """What set a suggestion off, in words."""
    return _ASKED.get(trigger, f"by {trigger}")


def _tell_trace(found: dict[str, Any]) -> None:
    print(f"{found['outcome']}: {found['why']}")
    print(f"asked {asked(found['trigger'])} at {moment(found['timeMs'])}, session {found['session']}")
    print("  ".join(f"{name} {ms:.1f} ms" for name, ms in found["stagesMs"].items()))
    print_table(
        ("confidence", "score", "from", "text"),
        [
            (
                f"{one['confidence']:.0%}",
                f"{one['score']:.2f}",
                one.get("example") or one["source"],
                one_line(one["text"]),
            )
            for one in found["candidates"]
        ],
    )
    for text in found["dropped"]:
        print(f"left out: {text}")
    if model := found.get("model"):
        _tell_model(model, found)


def _tell_model(model: dict[str, Any], found: dict[str, Any]) -> None:
    about = "estimated" if model["estimated"] else "as the provider counts"
    cached = f", {model['cacheReadTokens']} of them from its cache" if model["cacheReadTokens"] else ""
    print(
        f"{model['provider']} {model['name']}: {model['inputTokens']} tokens in{cached}, {model['outputTokens']} out "
        f"({about}), ${model['costUsd']:.6f}"
    )
    print(f"{counted(found['redactions'], 'secret')} taken out of what was sent")
    for one in found["assertions"]:
        print(f"{one['result']:<8} {one['name']}")
    print(f"\n--- sent ---\n{model['prompt']}\n--- answered ---\n{model['answer']}")


def sessions(options: argparse.Namespace) -> int:
    with opened(options) as data:
        found = answered(data.queries.sessions(limit=options.limit, before=_id(options.before, "--before")))
    if options.json:
        print_json(found)
        return 0
    print_table(
        ("id", "started", "seconds", "suggested", "accepted", "executed", "notebook"),
        [
            (
                one["id"],
                moment(one["startMs"]),
                "" if one["endMs"] is None else f"{(one['endMs'] - one['startMs']) / 1000:.0f}",
                *(str(one[name]) for name in ("suggested", "accepted", "executed")),
                short_name(one["notebook"]),
            )
            for one in found
        ],
    )
    return 0


def stats(options: argparse.Namespace) -> int:
    since = 0 if options.since is None else round(time.time() * 1000) - _age_ms(options.since)
    with opened(options) as data:
        funnels = Reports(data.queries).funnels(since, by=options.by)
        if options.by:
            print_json([_told(one) for one in funnels]) if options.json else _print_funnels(funnels)
            return 0
        found = answered(data.queries.stats(since))
    if options.json:
        print_json(found)
        return 0
    latencies = found.pop("latencyMs", {})
    counted_apart = {title: found.pop(name, {}) for title, name in _APART}
    print_table(("count", ""), [(name, f"{value:g}") for name, value in found.items()])
    for title, counts in counted_apart.items():
        if counts:
            print()
            print_table((title, ""), [(name, str(count)) for name, count in counts.items()])
    if funnels:
        print()
        _print_funnels(funnels)
    if latencies:
        print()
        rows = [(name, *(f"{one[part]:.1f}" for part in ("p50", "p90", "p99"))) for name, one in latencies.items()]
        print_table(("milliseconds", "p50", "p90", "p99"), rows)
    return 0


def _told(funnel: Funnel) -> dict[str, Any]:
    """A funnel as JSON, each rate with what it is a rate of."""
    return {**answered(funnel), "rates": [{**answered(rate), "share": rate.share} for rate in funnel.rates()]}


def _print_funnels(funnels: Sequence[Funnel]) -> None:
    """One table: how far suggested cells got, each step as a part of what it says."""
    rows = []
    for funnel in funnels:
        name = ", ".join(filter(None, (funnel.source, funnel.model, funnel.language))) or "all"
        rows.append((name, "suggested", str(funnel.suggested), "", ""))
        rows += [
            (
                "",
                rate.name,
                str(rate.part),
                "-" if rate.share is None else f"{rate.share:.0%}",
                f"of {rate.whole} {rate.of}",
            )
            for rate in funnel.rates()
        ]
    print_table(("suggestions", "step", "cells", "share", "of what"), rows)


def _id(text: str | None, what: str) -> str | None:
    if text is not None and not is_ulid(text.upper()):
        raise ConfigError(f"{what}: expected an id of 26 letters and digits, got {text!r}")
    return text and text.upper()


def _age_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)([mhdw])", text.strip())
    if match is None:
        raise ConfigError(f"--since: expected a number with m, h, d or w, such as 7d, got {text!r}")
    return int(match[1]) * _UNITS[match[2]] * 1000
