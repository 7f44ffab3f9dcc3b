"""The counter for a model. What is counted, and what the count is for, is the caller's matter."""

import math
from collections.abc import Callable

import msgspec

from ghostcells.tokens.calibration import Calibration
from ghostcells.tokens.encodings import encoder, encoding_of
from ghostcells.tokens.estimate import MARGIN, factor_of, pieces


class Counter(msgspec.Struct, frozen=True):
    """`name` says what counts, such as `o200k_base` or `estimate from o200k_base`; `exact` whether it is the model's own."""

    count: Callable[[str], int]
    exact: bool
    name: str


def counter_for(model: str, calibration: Calibration | None = None) -> Counter:
    """The best counter at hand: the model's own tokenizer, else an estimate, labelled so.

    Imports a tokenizer and reads its tables (some 50 ms of CPU) the first time: not for the event loop.
    """
    encoding = encoding_of(model)
    own = encoder(encoding) if encoding else None
    if own is not None and encoding is not None:
        return Counter(own, exact=True, name=encoding)
    factor = calibration.factor(model) if calibration else 1.0
    base = encoder("o200k_base")
    if base is not None:
        return Counter(_scaled(base, factor_of(model) * factor), exact=False, name="estimate from o200k_base")
    known = 1.0 if encoding else factor_of(model)
    return Counter(_scaled(pieces, known * MARGIN * factor), exact=False, name="estimate from words")


def _scaled(base: Callable[[str], float], factor: float) -> Callable[[str], int]:
    return lambda text: math.ceil(base(text) * factor)
