"""What providers' own counts say about our estimates, by model: a value, that `app` keeps.

An estimate is right on average where the estimating tokenizer is like the model's; they differ in how they split words,
figures, signs, indentation. So the last completions are remembered by what their prompts held of each, and a ridge regression
says by what the estimate is to be corrected: for each estimated token, each piece of a class, and the words themselves by
their bucket, since prompts of one notebook share most of theirs. All of it is linear in the text, so that the parts of a prompt
are counted one by one, and their sum is the prompt's. benchmarks/token_counts.py measures what remains.
"""

from collections.abc import Sequence
from operator import add, mul

import msgspec

from ghostcells.tokens.estimate import BUCKETS, CLASSES

PRIOR_ROUNDS = 10
MARGIN = 0.05
"""What a first observation may be off; it is added in full after one and is gone after `PRIOR_ROUNDS`."""
_LAST = 24
"""Completions remembered; older ones are forgotten, so that a model that changes its tokenizer is followed."""
_SANE = (0.2, 5.0)
_FEWEST = 20
"""Of fewer tokens an observation says more about rounding than about the model."""
_PER_TOKEN, _PER_CLASS, _PER_BUCKET = 0.3, 0.1, 0.25
"""How far tokenizers differ: tokens for each estimated one, for each piece of a class, for each word. Standard deviations."""
_NOISE = 1.0
"""Tokens of a prompt that nothing explains, as a standard deviation. Chosen, as the three above, on half of what
docs/context.md names; half or twice of each changes little."""


class _ByPiece(msgspec.Struct, frozen=True):
    """A number for each of `CLASSES` and each bucket. Raises ValueError for what another version kept."""

    classes: tuple[float, ...] = (0.0,) * len(CLASSES)
    buckets: tuple[float, ...] = (0.0,) * BUCKETS

    def __post_init__(self) -> None:
        if (len(self.classes), len(self.buckets)) != (len(CLASSES), BUCKETS):
            raise ValueError(f"expected {len(CLASSES)} classes and {BUCKETS} buckets")


class Measure(_ByPiece, frozen=True, kw_only=True):
    """A text as an estimate sees it: `tokens` before correction, how many pieces of each class, and words by bucket."""

    tokens: float = 0.0

    def __add__(self, other: "Measure") -> "Measure":
        classes = tuple(map(add, self.classes, other.classes))
        return Measure(classes, tuple(map(add, self.buckets, other.buckets)), tokens=self.tokens + other.tokens)


class Corrected(_ByPiece, frozen=True, kw_only=True):
    """Tokens to add for each estimated one, each piece of a class, each word of a bucket; `margin` times the whole."""

    token: float
    margin: float

    def of(self, measure: Measure) -> float:
        return self.whole(measure.tokens, _dot(self.classes, measure.classes) + _dot(self.buckets, measure.buckets))

    def whole(self, tokens: float, by_piece: float) -> float:
        """Never less than a fifth of the estimate: a text of signs alone is far from what was learned."""
        return max(((1 + self.token) * tokens + by_piece) * self.margin, tokens / 5)


class Learned(msgspec.Struct, frozen=True):
    """The last observations, each with the tokens that the estimate missed, what they say, and how many there were in all."""

    last: tuple[tuple[Measure, float], ...] = ()
    corrected: Corrected | None = None
    seen: int = 0

    def plus(self, measure: Measure, missed: float) -> "Learned":
        last, seen = (*self.last, (measure, missed))[-_LAST:], self.seen + 1
        margin = 1 + MARGIN * max(0.0, 1 - seen / PRIOR_ROUNDS)
        return Learned(last, _regressed(last, margin), seen)


class Calibration(msgspec.Struct, frozen=True):
    """By a counter's `key`."""

    models: dict[str, Learned] = {}

    def corrected(self, key: str) -> Corrected | None:
        """What is to be added to an uncorrected estimate, None where nothing was learned."""
        return self.models.get(key, Learned()).corrected

    def rounds(self, key: str) -> int:
        """From how many completions was learned."""
        return self.models.get(key, Learned()).seen

    def observe(self, key: str, measure: Measure, actual: float) -> "Calibration":
        """After a completion: what was sent, uncorrected, and what the provider counted of it. Takes a millisecond or two."""
        if measure.tokens < _FEWEST or not _SANE[0] < actual / measure.tokens < _SANE[1]:
            return self
        fresh = self.models.get(key, Learned()).plus(measure, actual - measure.tokens)
        return Calibration({**self.models, key: fresh})


def _regressed(last: Sequence[tuple[Measure, float]], margin: float) -> Corrected:
    """The ridge solution by way of the observations, of which there are fewer than of weights."""
    rows = [_scaled(measure) for measure, _ in last]
    products = [[_dot(one, other) for other in rows] for one in rows]
    for place, row in enumerate(products):
        row[place] += _NOISE**2
    shares = _solved(products, [missed for _, missed in last])
    weights = [_dot(shares, column) for column in zip(*rows, strict=True)]
    classes, buckets = weights[1 : 1 + len(CLASSES)], weights[1 + len(CLASSES) :]
    return Corrected(
        tuple(weight * _PER_CLASS for weight in classes),
        tuple(weight * _PER_BUCKET for weight in buckets),
        token=weights[0] * _PER_TOKEN,
        margin=margin,
    )


def _scaled(measure: Measure) -> list[float]:
    classes = [value * _PER_CLASS for value in measure.classes]
    return [measure.tokens * _PER_TOKEN, *classes, *(value * _PER_BUCKET for value in measure.buckets)]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(mul, one, other), 0.0)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Of a symmetric positive definite matrix, by elimination. numpy would cost more to import than this takes."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for place, pivot in enumerate(rows):
        for row in rows[place + 1 :]:
            share = row[place] / pivot[place]
            row[place:] = [a - share * b for a, b in zip(row[place:], pivot[place:], strict=True)]
    found = [0.0] * size
    for place in reversed(range(size)):
        row = rows[place]
        found[place] = (row[size] - _dot(row[place + 1 : size], found[place + 1 :])) / row[place]
    return found
