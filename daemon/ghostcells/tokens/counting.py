"""The counter for a model. What is counted, and what the count is for, is the caller's matter."""

import math
import re
from collections.abc import Callable

import msgspec

from ghostcells.tokens.calibration import Calibration, Measure
from ghostcells.tokens.encodings import encoder, encoding_of
from ghostcells.tokens.estimate import MARGIN, factor_of, pieces

_SIGNS = re.compile(r"[^\w\s]|_")


class Counter(msgspec.Struct, frozen=True):
    """`name` says what counts, such as `o200k_base` or `estimate from o200k_base`; `exact` whether it is the model's own.

    `measure` is what an estimate is made of, before what providers reported corrects it.
    """

    count: Callable[[str], int]
    exact: bool
    name: str
    measure: Callable[[str], Measure]


def counter_for(model: str, calibration: Calibration | None = None) -> Counter:
    """The best counter at hand: the model's own tokenizer, else an estimate, labelled so.

    Imports a tokenizer and reads its tables (some 50 ms of CPU) the first time: not for the event loop.
    """
    encoding = encoding_of(model)
    own = encoder(encoding) if encoding else None
    if own is not None and encoding is not None:
        return Counter(own, exact=True, name=encoding, measure=_measuring(own, 1.0))
    base = encoder("o200k_base")
    if base is not None:
        return _estimating("o200k_base", _measuring(base, factor_of(model)), model, calibration)
    known = 1.0 if encoding else factor_of(model)
    return _estimating("words", _measuring(pieces, known * MARGIN), model, calibration)


def _estimating(name: str, measure: Callable[[str], Measure], model: str, calibration: Calibration | None) -> Counter:
    weights = (calibration or Calibration()).weights(model)
    return Counter(
        lambda text: math.ceil(weights.of(measure(text))), exact=False, name=f"estimate from {name}", measure=measure
    )


def _measuring(base: Callable[[str], float], factor: float) -> Callable[[str], Measure]:
    return lambda text: Measure(base(text) * factor, len(_SIGNS.findall(text)))
