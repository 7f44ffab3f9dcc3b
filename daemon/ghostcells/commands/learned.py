"""`learned`: what ghostcells has learned of late, in sentences."""

import argparse
from typing import TYPE_CHECKING, Any

from ghostcells.commands.data import Data, opened
from ghostcells.commands.output import command, print_json
from ghostcells.commands.times import moment_ms
from ghostcells.domain.ids import ulid
from ghostcells.domain.words import short_name
from ghostcells.learning.telling import Correction, Span, sentences
from ghostcells.memory.rank import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEK = "7d"
_PAGE = 1_000


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "learned",
        "Say in sentences what was learned this week.",
        examples="ghostcells learned\nghostcells learned --since 30d",
    )
    made.add_argument("--since", metavar="WHEN", default=_WEEK, help="how far back: 12h, 7d (the default), 2025-03-31")
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    since = moment_ms(options.since, "--since")
    with opened(options) as data:
        span = span_of(data, since)
    notebooks = {one.situation.notebook for one in (*span.fresh, *span.read)}
    name = "this week" if options.since == _WEEK else f"since {options.since}" if "-" in options.since else "of late"
    said = sentences(span, name, {uri: short_name(uri) for uri in notebooks})
    if options.json:
        print_json({"sinceMs": since, "sentences": said, "learned": len(span.fresh), "feedback": dict(span.feedback)})
    else:
        print("\n".join(said))
    return 0


def span_of(data: Data, since_ms: int) -> Span:
    """What happened since then, as the index and the log have it."""
    examples = [one for one in data.all_examples() if one.last_ms >= since_ms or hidden(one)]
    recent = [one for one in examples if one.last_ms >= since_ms]
    ran = [one for one in recent if one.runs]
    suggested: dict[str, str] = {}
    corrections: list[Correction] = []
    forgotten = 0
    for event in _events(data, since_ms):
        match event:
            case {"type": "SUGGESTED", "cells": cells}:
                suggested.update({one["id"]: one["text"] for one in cells})
            case {"type": "EXECUTED", "edited": True, "success": True, "cell": cell, "text": text}:
                if cell in suggested:
                    corrections.append(Correction(suggested.pop(cell), text))
            case {"type": "FORGOTTEN", "example": example}:
                forgotten += bool(example)
    return Span(
        fresh=tuple(one for one in ran if one.first_ms >= since_ms),
        again=tuple(one for one in ran if one.first_ms < since_ms),
        read=tuple(one for one in recent if not one.runs),
        hidden=tuple(one for one in examples if hidden(one)),
        corrections=tuple(corrections),
        feedback=data.queries.stats(since_ms).feedback,
        forgotten=forgotten,
    )


def _events(data: Data, since_ms: int) -> "Iterator[dict[str, Any]]":
    from ghostcells.commands.data import answered

    after = ulid(since_ms, 0)
    while page := answered(data.queries.events(after=after, limit=_PAGE)):
        yield from page
        after = page[-1]["id"]
