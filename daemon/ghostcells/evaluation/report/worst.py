"""The worst cases: what was most surely suggested and furthest from what ran, and why."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ghostcells.evaluation.items import Result
from ghostcells.evaluation.steps import Step, steps_of

MOST = 10
_WORDS = re.compile(r"\s+|[^\s]+")


def worst(found: Sequence[Result], most: int = MOST) -> list[Result]:
    """The largest confidence times distance first, each pair of texts once; only what was shown, where anything was."""
    shown = [one for one in found if one.shown and one.best is not None]
    pool = shown or [one for one in found if one.best is not None]
    ordered = sorted(pool, key=lambda one: (-one.confidence * one.distance, one.key))
    distinct: dict[tuple[str, str], Result] = {}
    for one in ordered:
        if one.distance > 0 and one.best is not None:
            distinct.setdefault((one.best.text, one.answer), one)
    return list(distinct.values())[:most]


def why(one: Result) -> str:
    """In a sentence, from the two commands and the prose."""
    if one.best is None:
        return "Nothing that was remembered was like this."
    suggested, ran = steps_of(one.best.text, one.language), steps_of(one.answer, one.language)
    said = _difference(suggested, ran, one) if suggested and ran else "The two cannot be read as commands."
    return f"{said} {_before(one)}"


def _before(one: Result) -> str:
    if one.repeated:
        return "The very same command had run under the same words before: the ranking chose another."
    if one.known:
        return "The command had run before, under other words."
    return f"The command had never run in the {one.examples} examples before, so it could not be repeated, only made."


def _difference(suggested: Sequence[Step], ran: Sequence[Step], one: Result) -> str:
    first, other = suggested[0], ran[0]
    if first.program != other.program:
        return f"Another program: {first.program or 'none'} where {other.program or 'none'} ran."
    if len(suggested) != len(ran):
        shared = sum(left == right for left, right in zip(suggested, ran, strict=False))
        return f"{len(suggested)} steps where {len(ran)} ran, {shared} of them the same from the top."
    for left, right in zip(suggested, ran, strict=True):
        if left != right:
            return _step_difference(left, right, one)
    return "The same steps, quoted or ordered in another way."


def _step_difference(left: Step, right: Step, one: Result) -> str:
    if left.program != right.program:
        return f"In a later step another program: {left.program} where {right.program} ran."
    missing = [word for word in right.positional if word not in left.positional]
    if left.positional[:2] != right.positional[:2] and len(right.positional) > 1 and right.positional[1].isalpha():
        return f"The right program with another first argument: {right.positional[1]} ran."
    changed = [(name, value) for name, value in right.named if value and _other(left, name, value)]
    named = [f"{name} {value}".strip() for name, value in right.named if (name, value) not in left.named]
    extra = [f"{name} {value}".strip() for name, value in left.named if (name, value) not in right.named]
    if missing:
        value = missing[0]
        source = (
            "stands in the prose and was not taken from there" if value in one.intent else "stands nowhere in the prose"
        )
        return f"The right command with other values: {_short(value)} {source}."
    if changed:
        name, value = changed[0]
        return f"Another value of {name}: {_short(value)} ran."
    if named:
        return f"Without {_short(', '.join(named))}{', with ' + _short(', '.join(extra)) if extra else ''}."
    if extra:
        return f"With {_short(', '.join(extra))}, which did not run."
    return "The same words in another order."


def _other(step: Step, name: str, value: str) -> bool:
    """Whether the step has the option, with other values only."""
    values = [held for held_name, held in step.named if held_name == name]
    return bool(values) and value not in values


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def marked(text: str, other: str) -> list[tuple[str, bool]]:
    """The text in parts, True beside those that the other text does not have at that place."""
    left, right = _WORDS.findall(text), _WORDS.findall(other)
    parts: list[tuple[str, bool]] = []
    for kind, a, b, _, _ in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if b > a:
            parts.append(("".join(left[a:b]), kind != "equal"))
    return parts
