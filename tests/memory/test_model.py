"""The learned judge, evaluated without numpy."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from ghostcells.memory import features
from ghostcells.memory.model import Calibration, Trees, ranker

STUMP = Trees(0.5, (0,), (2, -1, -1), (1.5, -1.0, 2.0), (2, 0, 0))


def test_a_tree_asks_its_feature() -> None:
    assert STUMP.margin([0, 0, 1.5]) == -0.5
    assert STUMP.margin([0, 0, 1.6]) == 2.5


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_calibration_never_falls(one: float, other: float) -> None:
    for judge in (ranker().lexical, ranker().vectors):
        low, high = sorted((one, other))
        assert 0 <= judge.calibration(low) <= judge.calibration(high) <= 1


def test_calibration_goes_straight_between_its_points() -> None:
    line = Calibration((0.0, 2.0), (0.2, 0.6))
    assert [round(line(x), 3) for x in (-9, 0, 1, 2, 9)] == [0.2, 0.2, 0.4, 0.6, 0.6]


def test_the_shipped_ranker_fits_the_features() -> None:
    learned = ranker()
    assert learned.features == features.NAMES
    assert max(learned.vectors.trees.features) < len(features.NAMES)
    assert max(learned.lexical.trees.features) < features.WITHOUT_VECTORS
    for judge in (learned.lexical, learned.vectors):
        assert len(judge.rough) == features.LIKENESS + 3
        assert 0 < judge.threshold < 1
    assert {"script", "data", "date"} <= learned.provenance.keys()


def test_memory_does_without_numpy() -> None:
    """The daemon is to stay small."""
    code = "import sys, ghostcells.memory.recall; sys.exit('numpy' in sys.modules or 'sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
