"""How sure a figure is. Cells of one document resemble each other, so what is drawn anew are documents, not cells."""

import random
from collections import defaultdict
from collections.abc import Sequence
from math import comb

import msgspec

ROUNDS = 1_000
_TAIL = 0.025


class Interval(msgspec.Struct, frozen=True):
    """A mean with the middle 95 % of bootstrap draws; the bounds are the mean itself where there is one document only."""

    value: float
    low: float
    high: float
    count: int


def interval(values: Sequence[float], clusters: Sequence[str], *, rounds: int = ROUNDS, seed: int = 0) -> Interval:
    """The mean of the values, with a percentile bootstrap over clusters (Efron and Tibshirani, 1993)."""
    if not values:
        return Interval(0.0, 0.0, 0.0, 0)
    parts = _parts(values, clusters)
    mean = sum(values) / len(values)
    rng = random.Random(seed)  # noqa: S311 - draws, not secrets
    means = sorted(_mean(rng.choices(parts, k=len(parts))) for _ in range(rounds))
    edge = int(rounds * _TAIL)
    return Interval(mean, means[edge], means[-edge - 1], len(values))


def _parts(values: Sequence[float], clusters: Sequence[str]) -> list[list[float]]:
    """Sum and count of each cluster."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster][0] += value
        sums[cluster][1] += 1
    return list(sums.values())


def _mean(drawn: Sequence[list[float]]) -> float:
    return sum([part[0] for part in drawn]) / sum([part[1] for part in drawn])


def mcnemar(better: int, worse: int) -> float:
    """The two-sided exact p of McNemar's test: how likely so uneven a split is, if neither were better."""
    total = better + worse
    if not total:
        return 1.0
    tail: float = sum(comb(total, k) for k in range(min(better, worse) + 1)) / 2**total
    return min(1.0, 2 * tail)


def apart(
    before: Sequence[float],
    first: Sequence[str],
    after: Sequence[float],
    second: Sequence[str],
    *,
    rounds: int = ROUNDS,
) -> Interval:
    """How much higher the mean of `after` is, with its interval: both sides are drawn anew, by their clusters."""
    rng = random.Random(1)  # noqa: S311 - draws, not secrets
    left, right = _parts(before, first), _parts(after, second)
    changes = sorted(
        _mean(rng.choices(right, k=len(right))) - _mean(rng.choices(left, k=len(left))) for _ in range(rounds)
    )
    edge = int(rounds * _TAIL)
    value = _mean(right) - _mean(left)
    return Interval(value, changes[edge], changes[-edge - 1], len(before) + len(after))
