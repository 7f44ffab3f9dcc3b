"""How many tokens a text has in a model: exact where its tokenizer is installed, else an estimate that learns."""

from ghostcells.tokens.calibration import PRIOR_ROUNDS, Calibration, Measure
from ghostcells.tokens.counting import Counter, counter_for

__all__ = ["PRIOR_ROUNDS", "Calibration", "Counter", "Measure", "counter_for"]
