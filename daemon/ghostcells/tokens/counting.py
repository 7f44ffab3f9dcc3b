"""The counter for a model. What is counted, and what the count is for, is the caller's matter."""

import math
from collections.abc import Callable

import msgspec

from ghostcells.tokens.calibration import Calibration, Corrected, Measure
from ghostcells.tokens.encodings import encoder, encoding_of
from ghostcells.tokens.estimate import BUCKETS, CLASSES, MARGIN, PIECES, estimated, factor_of, piece


class Counter(msgspec.Struct, frozen=True):
    """`name` says what counts, such as `o200k_base` or `estimate from o200k_base`; `exact` whether it is the model's own.

    `measure` is what an estimate is made of, before what providers reported corrects it; `key` names in a calibration what is
    learned: another model, or the same from another tokenizer, is another matter.
    """

    count: Callable[[str], int]
    exact: bool
    name: str
    key: str
    measure: Callable[[str], Measure]


def counter_for(model: str, calibration: Calibration | None = None) -> Counter:
    """The best counter at hand: the model's own tokenizer, else an estimate, labelled so.

    Imports a tokenizer and reads its tables (some 50 ms of CPU) the first time: not for the event loop.
    """
    encoding = encoding_of(model)
    own = encoder(encoding) if encoding else None
    if own is not None and encoding is not None:
        return Counter(own, exact=True, name=encoding, key="", measure=_measuring(own, 1.0))
    base = encoder("o200k_base")
    if base is not None:
        return _estimating("o200k_base", base, factor_of(model), model, calibration)
    known = 1.0 if encoding else factor_of(model)
    return _estimating("words", estimated, known * MARGIN, model, calibration)


def _estimating(
    name: str, base: Callable[[str], float], factor: float, model: str, calibration: Calibration | None
) -> Counter:
    key = f"{model} from {name}"
    corrected = (calibration or Calibration()).corrected(key)
    count = _counting(base, factor, corrected)
    return Counter(count, exact=False, name=f"estimate from {name}", key=key, measure=_measuring(base, factor))


def _measuring(base: Callable[[str], float], factor: float) -> Callable[[str], Measure]:
    def measure(text: str) -> Measure:
        classes, buckets = [0.0] * len(CLASSES), [0.0] * BUCKETS
        for found in PIECES.findall(text):
            one = piece(found)
            for place, value in one.counts:
                classes[place] += value
            buckets[one.bucket] += one.weight
        return Measure(tuple(classes), tuple(buckets), tokens=base(text) * factor)

    return measure


class _Corrections(dict[str, float]):
    """What each piece adds to an estimate, worked out once."""

    def __init__(self, corrected: Corrected) -> None:
        super().__init__()
        self._corrected = corrected

    def __missing__(self, text: str) -> float:
        one, by = piece(text), self._corrected
        value = sum(by.classes[place] * count for place, count in one.counts) + by.buckets[one.bucket] * one.weight
        self[text] = value
        return value


def _counting(base: Callable[[str], float], factor: float, corrected: Corrected | None) -> Callable[[str], int]:
    if corrected is None:
        return lambda text: math.ceil(base(text) * factor)
    corrections = _Corrections(corrected)

    def count(text: str) -> int:
        tokens = base(text) * factor
        by_piece = sum(map(corrections.__getitem__, PIECES.findall(text)))
        return round(
            corrected.whole(tokens, by_piece)
        )  # rounded up, a prompt of ten parts would come out five too many

    return count
