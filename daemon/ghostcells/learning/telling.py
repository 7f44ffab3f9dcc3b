"""What was learned in a span of time, in sentences: a pure function of what happened in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ghostcells.domain.examples import Example
from ghostcells.domain.feedback import Feedback

NAMED = 3
"""How many of a kind are named; of the others only the number is told."""


class Correction(msgspec.Struct, frozen=True):
    """A suggestion that was edited before it ran."""

    suggested: str
    ran: str


class Span(msgspec.Struct, frozen=True):
    """What happened since a point in time.

    `fresh` are examples that were run for the first time, `again` those run again, `read` those read and not run. `hidden` are
    no longer suggested. `feedback` counts the runs by what they said of a suggestion.
    """

    fresh: tuple[Example, ...] = ()
    again: tuple[Example, ...] = ()
    read: tuple[Example, ...] = ()
    hidden: tuple[Example, ...] = ()
    corrections: tuple[Correction, ...] = ()
    feedback: Mapping[str, int] = {}
    forgotten: int = 0


def sentences(span: Span, span_name: str, notebook_name: Mapping[str, str]) -> list[str]:
    """One sentence for each thing worth telling; one that says so where there is none."""
    told = [
        *_fresh(span.fresh, span_name, notebook_name),
        *_again(span.again),
        *_corrections(span.corrections),
        *_feedback(span.feedback),
        *_hidden(span.hidden),
        *_read(span.read, notebook_name),
    ]
    if span.forgotten:
        told.append(f"You had it forget {_counted(span.forgotten, 'command')}.")
    return told or [f"Nothing was learned {span_name}: it learns whenever a code cell runs well below some prose."]


def _fresh(found: Sequence[Example], span_name: str, names: Mapping[str, str]) -> Iterable[str]:
    if not found:
        return
    places = Counter(names.get(one.situation.notebook, one.situation.notebook) for one in found)
    where = _joined([f"{count} in {place}" for place, count in places.most_common(NAMED)])
    yield f"It learned {_counted(len(found), 'new command')} {span_name}: {where}{_more(len(places))}."
    newest = sorted(found, key=lambda one: -one.last_ms)[:NAMED]
    yield f"The latest: {_joined([_quoted(one) for one in newest])}."


def _again(found: Sequence[Example]) -> Iterable[str]:
    if found:
        often = sorted(found, key=lambda one: (-one.runs, one.id))[:NAMED]
        runs = _joined([f"{_quoted(one)} ({one.runs} runs)" for one in often])
        yield f"It saw {_counted(len(found), 'command')} again that it knew, such as {runs}."


def _corrections(found: Sequence[Correction]) -> Iterable[str]:
    for one in found[:NAMED]:
        yield f"You corrected it: `{_line(one.ran)}` instead of `{_line(one.suggested)}`."
    if len(found) > NAMED:
        yield f"You corrected it {len(found) - NAMED} more times."


def _feedback(feedback: Mapping[str, int]) -> Iterable[str]:
    judged = sum(count for kind, count in feedback.items() if kind != Feedback.NONE)
    if not judged:
        return
    taken = feedback.get(Feedback.ACCEPTED, 0) + feedback.get(Feedback.RAN_LISTED, 0)
    edited, other = feedback.get(Feedback.EDITED, 0), feedback.get(Feedback.OVERRODE_LISTED, 0)
    unlisted = feedback.get(Feedback.RAN_UNLISTED, 0)
    parts = [
        *([f"ran {taken} as suggested"] if taken else []),
        *([f"changed {edited} first"] if edited else []),
        *([f"took another of those offered {_times(other)}"] if other else []),
        *([f"ran something else {_times(unlisted)}"] if unlisted else []),
    ]
    yield f"Where it suggested something you {_joined(parts)}."


def _hidden(found: Sequence[Example]) -> Iterable[str]:
    if found:
        named = _joined([_quoted(one) for one in found[:NAMED]])
        yield f"It no longer suggests {named}{_more(len(found))}: you ran something else each time. Running it brings it back."


def _read(found: Sequence[Example], names: Mapping[str, str]) -> Iterable[str]:
    if found:
        places = {names.get(one.situation.notebook, one.situation.notebook) for one in found}
        where = next(iter(places)) if len(places) == 1 else _counted(len(places), "file")
        yield f"It read {_counted(len(found), 'command')} in {where} that you have not run yet."


def _quoted(example: Example) -> str:
    return f"`{_line(example.text)}`"


def _line(text: str, limit: int = 70) -> str:
    line, _, more = text.strip().partition("\n")
    return line if len(line) <= limit and not more else f"{line[: limit - 1]}…"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _more(count: int) -> str:
    return f" and {count - NAMED} more" if count > NAMED else ""


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
