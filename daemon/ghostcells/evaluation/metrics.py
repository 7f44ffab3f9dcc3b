"""Figures from results. *Near* is a word distance of at most 0.3 to what ran: what confidence promises."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import ceil
from statistics import mean

import msgspec

from ghostcells.domain.distance import NEAR
from ghostcells.evaluation.items import Result
from ghostcells.evaluation.statistics import Interval, apart, interval

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
KS = (1, 3, 5)
BINS = 10
PERIODS = 10
LEAST_REPO = 20
"""A repository with fewer questions is left out of the mean over repositories."""

Measure = Callable[[Result], float]


def near(one: Result) -> float:
    return float(one.word <= NEAR)


def _steps(one: Result) -> float:
    return one.steps_near / one.steps


MEASURES: dict[str, Measure] = {
    "near": near,
    "exact": lambda one: float(one.word == 0),
    "equivalent": lambda one: float(one.distance == 0),
    "program": lambda one: float(one.program),
    "distance": lambda one: one.distance,
    "word-distance": lambda one: one.word,
    "steps": _steps,
}
"""Of the best candidate, whether or not it was sure enough to show."""


def _accepted(k: int) -> Measure:
    return lambda one: float(any(offer.word <= NEAR for offer in one.offers[:k]))


OFFERED: dict[str, Measure] = {
    "shown": lambda one: float(one.shown),
    "recall": lambda one: float(one.shown and one.word <= NEAR),
    **{f"accept@{k}": _accepted(k) for k in KS},
}
"""Of all that was offered, and whether it was."""
ABOUT = {
    "near": "at most 0.3 away by words",
    "exact": "the same words",
    "equivalent": "the same command, quoting and spelling of options aside",
    "program": "the right program first",
    "distance": "how far the whole cell is off: 0 the same, 1 nothing in common",
    "word-distance": "the same by plain words",
    "steps": "share of the commands of a cell that are right or nearly so",
    "shown": "questions at which something was sure enough to be shown",
    "precision": "of what was shown, how much was near",
    "precision-exact": "of what was shown, how much was exact",
    "recall": "of all questions, how many got a ghost that was near",
    "accept@1": "the first candidate is near",
    "accept@3": "one of three candidates is near",
    "accept@5": "one of five candidates is near",
    "calibration-error": "how far confidence is from the share that was near, over ten equal groups",
}


class Bin(msgspec.Struct, frozen=True):
    """Some questions of about the same confidence."""

    confidence: float
    near: float
    count: int


class Point(msgspec.Struct, frozen=True):
    """A stretch of time: what was near (with its interval), and how many examples memory had by then."""

    begin: int
    examples: int
    near: Interval
    distance: float
    shown: float


class Surest(msgspec.Struct, frozen=True):
    share: float
    count: int
    confidence: float
    near: float
    exact: float
    program: float


class Costs(msgspec.Struct, frozen=True):
    """`asked` questions went to a model; money and tokens are of all of them together, milliseconds of each."""

    asked: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    usd: float
    memory_ms_median: float
    memory_ms_p95: float
    model_ms_median: float
    assertions_passed: int
    assertions_failed: int
    failed: int


class Figures(msgspec.Struct, frozen=True):
    """All that is told of one variant on one data set."""

    count: int
    documents: int
    values: dict[str, Interval]
    surest: tuple[Surest, ...]
    bins: tuple[Bin, ...]
    periods: tuple[Point, ...]
    repos: dict[str, dict[str, float]]
    repo_mean: dict[str, float]
    known: dict[str, dict[str, float]]
    costs: Costs


def figures(found: Sequence[Result]) -> Figures:
    """Everything about these results; in the order in which they were asked."""
    values = {name: _interval(found, measure) for name, measure in {**MEASURES, **OFFERED}.items()}
    shown = [one for one in found if one.shown]
    values["precision"] = _interval(shown, near)
    values["precision-exact"] = _interval(shown, MEASURES["exact"])
    bins = calibration(found)
    if bins:
        error = calibration_error(bins)
        values["calibration-error"] = Interval(error, error, error, sum(one.count for one in bins))
    if any(one.template is not None for one in found):
        values["template"] = _interval(found, lambda one: float(bool(one.template)))
    repos = by_repo(found)
    large = [one for one in repos.values() if one["questions"] >= LEAST_REPO]
    return Figures(
        len(found),
        len({one.document for one in found}),
        values,
        surest(found),
        bins,
        periods(found),
        repos,
        {name: mean(one[name] for one in large) for name in large[0]} if large else {},
        by_known(found),
        costs(found),
    )


def _interval(found: Sequence[Result], measure: Measure) -> Interval:
    return interval([measure(one) for one in found], [f"{one.dataset}/{one.document}" for one in found])


def surest(found: Sequence[Result]) -> tuple[Surest, ...]:
    """What is reached if only so much is shown, the surest first."""
    ordered = sorted(found, key=lambda one: -one.confidence)
    made: list[Surest] = []
    for share in SHARES:
        part = ordered[: ceil(len(ordered) * share)]
        if part:
            told = (mean(MEASURES[name](one) for one in part) for name in ("near", "exact", "program"))
            made.append(Surest(share, len(part), part[-1].confidence, *told))
    return tuple(made)


def calibration(found: Sequence[Result]) -> tuple[Bin, ...]:
    """Equal groups in the order of confidence; a model's answers and floors have none and are left out."""
    ordered = sorted((one for one in found if one.source == "memory"), key=lambda one: one.confidence)
    size, more = divmod(len(ordered), BINS)
    made, at = [], 0
    for number in range(BINS):
        part = ordered[at : at + size + (number < more)]
        at += len(part)
        if part:
            made.append(Bin(mean(one.confidence for one in part), mean(map(near, part)), len(part)))
    return tuple(made)


def calibration_error(bins: Sequence[Bin]) -> float:
    total = sum(one.count for one in bins)
    return sum(abs(one.confidence - one.near) * one.count for one in bins) / total if total else 0.0


def periods(found: Sequence[Result]) -> tuple[Point, ...]:
    """The learning curve: equal stretches of questions in the order of time."""
    count = min(PERIODS, max(1, len(found) // LEAST_REPO))
    size, more = divmod(len(found), count)
    made, at = [], 0
    for number in range(count):
        part = found[at : at + size + (number < more)]
        if part:
            made.append(
                Point(
                    at,
                    part[0].examples,
                    _interval(part, near),
                    mean(one.distance for one in part),
                    mean(one.shown for one in part),
                )
            )
        at += len(part)
    return tuple(made)


def trend(found: Sequence[Result]) -> Interval:
    """How much more is near in the second half of the questions than in the first."""
    half = len(found) // 2
    parts = found[:half], found[half:]
    values, documents = ([list(map(near, part)) for part in parts], [[one.document for one in part] for part in parts])
    return apart(values[0], documents[0], values[1], documents[1])


def by_repo(found: Sequence[Result]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for one in found:
        groups[one.repo].append(one)
    return {repo: told(part) for repo, part in sorted(groups.items())}


def by_known(found: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Whether the very command had run before: to repeat it is memory, to make it is more."""
    parts = {
        "ran before, under the same words": [one for one in found if one.repeated],
        "ran before, under other words": [one for one in found if one.known and not one.repeated],
        "never ran before": [one for one in found if not one.known],
    }
    return {name: told(part) for name, part in parts.items() if part}


def told(part: Sequence[Result]) -> dict[str, float]:
    """The plain figures of some results."""
    shown = [one for one in part if one.shown]
    names = ("near", "exact", "program", "distance")
    return {
        "questions": float(len(part)),
        **{name: mean(MEASURES[name](one) for one in part) for name in names},
        "shown": len(shown) / len(part),
        "precision": mean(map(near, shown)) if shown else 0.0,
    }


def costs(found: Sequence[Result]) -> Costs:
    models = sorted(one.model_ms for one in found if one.asked_model)
    memory = sorted(one.memory_ms for one in found) or [0.0]
    return Costs(
        asked=len(models),
        input_tokens=sum(one.input_tokens for one in found),
        cached_tokens=sum(one.cached_tokens for one in found),
        output_tokens=sum(one.output_tokens for one in found),
        usd=sum(one.usd for one in found),
        memory_ms_median=memory[len(memory) // 2],
        memory_ms_p95=memory[int(len(memory) * 0.95)],
        model_ms_median=models[len(models) // 2] if models else 0.0,
        assertions_passed=sum(one.assertions_passed for one in found),
        assertions_failed=sum(one.assertions_failed for one in found),
        failed=sum(bool(one.failed) for one in found),
    )
