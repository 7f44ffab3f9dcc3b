"""The learned judge, evaluated without numpy."""

import subprocess
import sys
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ghostcells.memory import features
from ghostcells.memory.model import Calibration, Trees, ranker

STUMP = Trees(0.5, (0,), (2, -1, -1), (1.5, -1.0, 2.0), (2, 0, 0))


def walked(trees: Trees, vector: Sequence[float]) -> float:
    """What the trees say, one question after the other."""
    total = trees.base
    for root in trees.roots:
        node = root
        while trees.features[node] >= 0:
            node = node + 1 if vector[trees.features[node]] <= trees.cuts[node] else trees.rights[node]
        total += trees.cuts[node]
    return total


def grown(draw: st.DrawFn, features: list[int], cuts: list[float], rights: list[int], depth: int) -> None:
    """Add a tree of at most this depth, with leaves that say which they are."""
    here = len(features)
    leaf = depth == 0 or draw(st.booleans())
    features.append(-1 if leaf else draw(st.integers(0, 2)))
    cuts.append(1 / (here + 3) if leaf else draw(st.integers(-2, 2)))
    rights.append(0)
    if not leaf:
        grown(draw, features, cuts, rights, depth - 1)
        rights[here] = len(features)
        grown(draw, features, cuts, rights, depth - 1)


@st.composite
def forests(draw: st.DrawFn) -> Trees:
    roots: list[int] = []
    features: list[int] = []
    cuts: list[float] = []
    rights: list[int] = []
    for _ in range(draw(st.integers(0, 4))):
        roots.append(len(features))
        grown(draw, features, cuts, rights, 6)
    return Trees(draw(st.sampled_from([0.0, 0.1])), tuple(roots), tuple(features), tuple(cuts), tuple(rights))


def test_a_tree_asks_its_feature() -> None:
    assert STUMP.margins([[0, 0, 1.5], [0, 0, 1.6]]) == [-0.5, 2.5]


@given(
    forests(), st.lists(st.lists(st.sampled_from([-2.5, -2, -1, 0, 0.5, 1, 2, 3]), min_size=3, max_size=3), max_size=4)
)
def test_judging_all_at_once_says_what_each_tree_says(trees: Trees, vectors: list[list[float]]) -> None:
    assert trees.margins(vectors) == [walked(trees, vector) for vector in vectors]


@given(st.lists(st.floats(-3, 45), min_size=len(features.NAMES), max_size=len(features.NAMES)))
def test_the_shipped_trees_say_the_same_at_once_and_one_by_one(vector: list[float]) -> None:
    for judge in (ranker().lexical, ranker().vectors):
        assert judge.trees.margins([vector]) == [walked(judge.trees, vector)]


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
