"""`events`, `sessions`, `stats`: what happened, as the protocol's queries tell it."""

import argparse
import re
import time
from collections.abc import Sequence
from typing import Any

from ghostcells.app.overview import caps
from ghostcells.commands.data import Data, answered, opened
from ghostcells.commands.output import command, print_fields, print_json, print_json_line, print_table
from ghostcells.commands.settings import settings_of
from ghostcells.commands.stories import identity
from ghostcells.dashboard.ports import Caps
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.reports import DayCost, Funnel, lately
from ghostcells.domain.words import counted, event_name, moment, one_line, share, short_name, stage, stage_order, usd
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
    after = identity(options.after, "--after")
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


def sessions(options: argparse.Namespace) -> int:
    with opened(options) as data:
        found = answered(data.queries.sessions(limit=options.limit, before=identity(options.before, "--before")))
    if options.json:
        print_json(found)
        return 0
    print_table(
        ("id", "started", "seconds", "suggested", "accepted", "executed", "cost", "notebook"),
        [
            (
                one["id"],
                moment(one["startMs"]),
                "" if one["endMs"] is None else f"{(one['endMs'] - one['startMs']) / 1000:.0f}",
                *(str(one[name]) for name in ("suggested", "accepted", "executed")),
                usd(one["costUsd"]),
                short_name(one["notebook"]),
            )
            for one in found
        ],
    )
    return 0


def stats(options: argparse.Namespace) -> int:
    since = 0 if options.since is None else round(time.time() * 1000) - _age_ms(options.since)
    with opened(options) as data:
        funnels = Reports(data.still).funnels(since, by=options.by)
        if options.by:
            print_json([_told(one) for one in funnels]) if options.json else _print_funnels(funnels)
            return 0
        found = answered(data.queries.stats(since))
        costs = Reports(data.still).costs(since)
        learning = lately(Reports(data.still).days())
        spent = caps(data.still, settings_of(options).budget)
    if options.json:
        print_json(found)
        return 0
    _print_stats(found, spent, learning)
    if costs:
        print()
        _print_costs(costs)
    for title, name in _APART:
        if found[name]:
            print()
            print_table((title, ""), [(event_name(one), str(count)) for one, count in found[name].items()])
    if funnels:
        print()
        _print_funnels(funnels)
    if found["latencyMs"]:
        print()
        _print_latencies(found["latencyMs"])
    return 0


def _print_stats(found: dict[str, Any], spent: Caps, learning: str) -> None:
    """The numbers that the protocol gives, and answers to what it costs and whether it learns."""
    ended = ", ".join(f"{found[name]} {name}" for name in ("accepted", "rejected", "superseded"))
    tokens = f"{found['inputTokens']} tokens in, {found['outputTokens']} out"
    print_fields(
        [
            ("suggested", f"{counted(found['suggested'], 'cell')}, of these {found['read']} read, {ended}"),
            ("run", f"{counted(found['executed'], 'cell')}, of these {found['executedAsSuggested']} as suggested"),
            ("learning", learning),
            ("remembers", counted(found["examples"], "example")),
            ("cost", f"{usd(found['costUsd'])}; {tokens}"),
            ("today", f"{usd(spent.today_usd)} of {usd(spent.day_usd)} (budget.dayUsd)"),
        ]
    )


def _print_costs(costs: Sequence[DayCost]) -> None:
    models: dict[tuple[str, str], list[DayCost]] = {}
    for one in costs:
        models.setdefault((one.provider, one.model), []).append(one)
    rows = [
        (
            " ".join(named),
            *(str(sum(getattr(one, field) for one in days)) for field in ("requests", "input_tokens", "output_tokens")),
            usd(sum(one.cost_usd for one in days)),
        )
        for named, days in models.items()
    ]
    print_table(("model", "requests", "tokens in", "out", "cost"), rows)


def _print_latencies(latencies: dict[str, dict[str, float]]) -> None:
    names = sorted(latencies, key=stage_order)
    rows = [(stage(name), *(f"{latencies[name][part]:.1f}" for part in ("p50", "p90", "p99"))) for name in names]
    print_table(("milliseconds", "p50", "p90", "p99"), rows)


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
                share(rate.share),
                f"of {rate.whole} {rate.of}",
            )
            for rate in funnel.rates()
        ]
    print_table(("suggestions", "step", "cells", "share", "of what"), rows)


def _age_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)([mhdw])", text.strip())
    if match is None:
        raise ConfigError(f"--since: expected a number with m, h, d or w, such as 7d, got {text!r}")
    return int(match[1]) * _UNITS[match[2]] * 1000
