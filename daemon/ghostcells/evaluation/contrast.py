"""Two variants, or two runs, on the same questions: whether the one is better than the other, or it is chance."""

from collections.abc import Mapping, Sequence

import msgspec

from ghostcells.evaluation.items import Result
from ghostcells.evaluation.metrics import MEASURES, OFFERED
from ghostcells.evaluation.statistics import Interval, interval, mcnemar

_DISTANCES = ("distance", "word-distance")
_FLAGS = ("near", "exact", "equivalent", "program", "shown", "recall")


class Difference(msgspec.Struct, frozen=True):
    """`after` minus `before`, with its interval; for yes-or-no measures how many questions changed, and McNemar's p."""

    measure: str
    before: float
    after: float
    change: Interval
    gained: int
    lost: int
    p: float | None

    @property
    def certain(self) -> bool:
        """Whether chance is an unlikely explanation: the interval leaves out nothing-at-all, and p is below 5 %."""
        away = self.change.low > 0 or self.change.high < 0
        return away and (self.p is None or self.p < 0.05)  # noqa: PLR2004 - the usual line


class Contrast(msgspec.Struct, frozen=True):
    """`worse`: of the questions that both answered, those whose distance grew by more than a tenth."""

    shared: int
    differences: tuple[Difference, ...]
    worse: tuple[tuple[Result, Result], ...]


_WORSE_BY = 0.1


def contrast(before: Sequence[Result], after: Sequence[Result]) -> Contrast:
    """Compares what both were asked; a question that only one was asked does not count."""
    old: Mapping[str, Result] = {one.key: one for one in before}
    pairs = [(old[one.key], one) for one in after if one.key in old]
    differences = tuple(_difference(name, pairs) for name in (*_FLAGS, *_DISTANCES)) if pairs else ()
    worse = sorted(
        (pair for pair in pairs if pair[1].distance - pair[0].distance > _WORSE_BY),
        key=lambda pair: pair[0].distance - pair[1].distance,
    )
    return Contrast(len(pairs), differences, tuple(worse))


def _difference(name: str, pairs: Sequence[tuple[Result, Result]]) -> Difference:
    measure = {**MEASURES, **OFFERED}[name]
    values = [(measure(one), measure(other)) for one, other in pairs]
    changes = [other - one for one, other in values]
    documents = [f"{one.dataset}/{one.document}" for one, _ in pairs]
    gained, lost = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
    count = len(values)
    return Difference(
        name,
        sum(one for one, _ in values) / count,
        sum(other for _, other in values) / count,
        interval(changes, documents),
        gained,
        lost,
        mcnemar(gained, lost) if name in _FLAGS else None,
    )
