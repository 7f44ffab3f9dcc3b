"""The learned judge of candidates: small boosted trees and a calibration, read from `ranker.json`.

Evaluated in plain Python, because the daemon does without numpy. `benchmarks/train_ranker.py` writes the file, which also
says what it was trained on.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, cached_property
from math import exp, log
from pathlib import Path

import msgspec

from ghostcells.memory.forest import Forest


class Trees(msgspec.Struct, frozen=True, dict=True):
    """Flat trees: node `i` asks whether `features[i]` is at most `cuts[i]`, and goes on to `i + 1` or to `rights[i]`.

    A leaf has feature -1 and its value as the cut; `roots` are where the trees begin.
    """

    base: float
    roots: tuple[int, ...]
    features: tuple[int, ...]
    cuts: tuple[float, ...]
    rights: tuple[int, ...]

    def margins(self, vectors: Sequence[Sequence[float]]) -> list[float]:
        """For each candidate the log-odds that it is near."""
        return list(self._forest.sums(vectors))

    @cached_property
    def _forest(self) -> Forest:
        return Forest(self.base, self.roots, self.features, self.cuts, self.rights)


class Calibration(msgspec.Struct, frozen=True):
    """A rising line through points (log-odds, probability)."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def __call__(self, margin: float) -> float:
        xs, ys = self.xs, self.ys
        at = bisect_right(xs, margin)
        if at == 0:
            return ys[0]
        if at == len(xs):
            return ys[-1]
        share = (margin - xs[at - 1]) / (xs[at] - xs[at - 1])
        return ys[at - 1] + share * (ys[at] - ys[at - 1])


class Judge(msgspec.Struct, frozen=True):
    """One variant: `threshold` is the confidence below which nothing is shown unless the user sets another.

    `steps` is the confidence in what followed the last command before, by the log-odds of its share of all that did;
    `steps_of_two` that where the command before the last was the same too.
    """

    trees: Trees
    calibration: Calibration
    rough: tuple[float, ...]
    threshold: float
    steps: Calibration
    steps_of_two: Calibration


class Ranker(msgspec.Struct, frozen=True):
    """All that was learned: how much terms say, which words of prose go with which words of commands, and two judges.

    `kinships` has, by a term of prose (or, with its prefix, of the command before), how much more often than by chance a term
    of a command goes with it, as a logarithm.
    """

    provenance: dict[str, str]
    features: tuple[str, ...]
    default_weight: float
    weights: dict[str, float]
    kinships: dict[str, dict[str, float]]
    lexical: Judge
    vectors: Judge


@cache
def ranker() -> Ranker:
    """The ranker that comes with the package; read at the first question, not at start."""
    read = msgspec.json.decode(Path(__file__).with_name("ranker.json").read_bytes(), type=Ranker)
    return msgspec.structs.replace(read, kinships=_shared(read.kinships))


def _shared(kinships: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The same with each word and each number only once in memory, which takes a sixth less."""
    words: dict[str, str] = {}
    numbers: dict[float, float] = {}
    return {
        term: {words.setdefault(other, other): numbers.setdefault(tie, tie) for other, tie in ties.items()}
        for term, ties in kinships.items()
    }


_LEAST = -50.0


def probability(margin: float) -> float:
    return 1 / (1 + exp(-max(margin, _LEAST)))


def logit(share: float) -> float:
    """The inverse of `probability`, for shares short of 0 and 1."""
    return log(share / (1 - share))
