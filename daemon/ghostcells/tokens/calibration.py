"""What providers' own counts say about our estimates, by model: a value, that `app` keeps and the log can rebuild."""

import msgspec

PRIOR_ROUNDS = 10
MARGIN = 0.05
"""What a first observation may be off; it is added in full after one and is gone after `PRIOR_ROUNDS`."""
_FORGET = 0.9
_SANE = (0.2, 5.0)
_FEWEST = 20
"""Of fewer tokens an observation says more about rounding than about the model."""


class Tally(msgspec.Struct, frozen=True):
    """Sums that fade, so that a model that changes its tokenizer is followed; `estimated` is before correction."""

    estimated: float = 0.0
    actual: float = 0.0
    rounds: int = 0

    @property
    def factor(self) -> float:
        if not self.rounds or not self.estimated:
            return 1.0
        margin = MARGIN * max(0.0, 1 - self.rounds / PRIOR_ROUNDS)
        return self.actual / self.estimated * (1 + margin)


class Calibration(msgspec.Struct, frozen=True):
    models: dict[str, Tally] = {}

    def factor(self, model: str) -> float:
        """What an uncorrected estimate is multiplied by."""
        return self.models.get(model, Tally()).factor

    def observe(self, model: str, estimated: int, actual: int) -> "Calibration":
        """After a completion: `estimated` is what a counter with this calibration said, `actual` the provider's count."""
        tally = self.models.get(model, Tally())
        plain = estimated / tally.factor
        if plain < _FEWEST or not _SANE[0] < actual / plain < _SANE[1]:
            return self
        learned = Tally(tally.estimated * _FORGET + plain, tally.actual * _FORGET + actual, tally.rounds + 1)
        return Calibration({**self.models, model: learned})
