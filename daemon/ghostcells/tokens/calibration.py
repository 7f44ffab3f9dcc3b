"""What providers' own counts say about our estimates, by model: a value, that `app` keeps.

An estimate is right on average where the estimating tokenizer is like the model's, and differs most in how signs are split: so
two numbers are learned, tokens for each of ours and how that changes with the share of signs in a prompt (a weighted ridge
regression, which with few observations stays close to a single factor). Both are linear in the text, so that the parts of a
prompt are counted one by one, and their sum is the prompt's. benchmarks/token_counts.py measures what remains.
"""

import msgspec

PRIOR_ROUNDS = 10
MARGIN = 0.05
"""What a first observation may be off; it is added in full after one and is gone after `PRIOR_ROUNDS`."""
_FORGET = 0.9
_SANE = (0.2, 5.0)
_FEWEST = 20
"""Of fewer tokens an observation says more about rounding than about the model."""
_WEIGHT = 400
"""Tokens of a prompt that counts as one observation."""
_SHARE, _SPREAD = 0.35, 0.05
"""Mean and standard deviation of signs for each token of o200k_base, in 1,776 prompts of public runbooks."""


class Measure(msgspec.Struct, frozen=True):
    """A text as an estimate sees it: `tokens` before correction, `signs` neither letters, digits nor white space."""

    tokens: float
    signs: int

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(self.tokens + other.tokens, self.signs + other.signs)


class Weights(msgspec.Struct, frozen=True):
    """Tokens of the model for each estimated one and for each sign."""

    token: float = 1.0
    sign: float = 0.0

    def of(self, measure: Measure) -> float:
        """Never less than a fifth of the estimate: a text of signs alone is far from what was learned."""
        return max(self.token * measure.tokens + self.sign * measure.signs, measure.tokens / 5)


class Tally(msgspec.Struct, frozen=True):
    """Sums that fade, so that a model that changes its tokenizer is followed: of weights, of shares and ratios times them."""

    weight: float = 0.0
    share: float = 0.0
    share_squared: float = 0.0
    ratio: float = 0.0
    ratio_by_share: float = 0.0
    rounds: int = 0

    @property
    def weights(self) -> Weights:
        if not self.rounds:
            return Weights()
        # The slope is held towards nothing as by one observation; the ratio itself by none.
        steep = self.share_squared + 1.0
        slope = (self.weight * self.ratio_by_share - self.share * self.ratio) / (self.weight * steep - self.share**2)
        ratio = (self.ratio - slope * self.share) / self.weight
        margin = 1 + MARGIN * max(0.0, 1 - self.rounds / PRIOR_ROUNDS)
        return Weights((ratio - slope * _SHARE / _SPREAD) * margin, slope / _SPREAD * margin)

    def plus(self, share: float, ratio: float, weight: float) -> "Tally":
        return Tally(
            self.weight * _FORGET + weight,
            self.share * _FORGET + weight * share,
            self.share_squared * _FORGET + weight * share**2,
            self.ratio * _FORGET + weight * ratio,
            self.ratio_by_share * _FORGET + weight * share * ratio,
            self.rounds + 1,
        )


class Calibration(msgspec.Struct, frozen=True):
    models: dict[str, Tally] = {}

    def weights(self, model: str) -> Weights:
        """What turns an uncorrected estimate into one of this model's tokens."""
        return self.models.get(model, Tally()).weights

    def rounds(self, model: str) -> int:
        """From how many completions was learned."""
        return self.models.get(model, Tally()).rounds

    def observe(self, model: str, measure: Measure, actual: float) -> "Calibration":
        """After a completion: what was sent, uncorrected, and what the provider counted of it."""
        if measure.tokens < _FEWEST or not _SANE[0] < actual / measure.tokens < _SANE[1]:
            return self
        share = (measure.signs / measure.tokens - _SHARE) / _SPREAD
        old = self.models.get(model, Tally())
        fresh = old.plus(share, actual / measure.tokens, measure.tokens / _WEIGHT)
        return Calibration({**self.models, model: fresh})
