"""The scan finds what a comparison with every vector finds."""

from __future__ import annotations

import numpy as np
import pytest

from ghostcells.embedders import scan
from ghostcells.embedders.scan import Scan
from ghostcells.embedders.store import quantise
from ghostcells.embedders.vectors import Vectors

DIMS = 64


def units(count, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, DIMS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def exact(vectors, query, k):
    codes, scale = quantise(vectors)
    scores = (codes.astype(np.float32) @ query) * scale
    return np.argsort(-scores, kind="stable")[:k].tolist(), scores


@pytest.mark.parametrize("count", [1, 2, 100, 2048, 2049, 9000])
def test_search_equals_comparing_with_every_vector(count, tmp_path):
    vectors = units(count)
    store = Vectors(tmp_path, "x", DIMS)
    for start in range(0, count, 700):
        part = vectors[start : start + 700]
        store.add(list(range(start, start + len(part))), part)
    for query in units(20, seed=1):
        best, scores = exact(vectors, query, 10)
        rows, found = store.search(query, 10)
        assert rows == best
        assert found == pytest.approx([float(scores[row]) for row in best], abs=1e-5)
    store.close()


def test_the_same_vectors_are_found_after_reopening(tmp_path):
    vectors = units(3000)
    store = Vectors(tmp_path, "x", DIMS)
    store.add(list(range(3000)), vectors)
    before = store.search(vectors[5], 20)
    store.close()
    again = Vectors(tmp_path, "x", DIMS)
    assert again.search(vectors[5], 20) == before
    again.close()


def test_an_empty_store_finds_nothing(tmp_path):
    store = Vectors(tmp_path, "x", DIMS)
    assert store.search(units(1)[0], 5) == ([], [])
    assert store.cosines([3], units(1)[0]) == [None]
    store.close()


def test_asking_for_none_or_too_many_is_fine(tmp_path):
    store = Vectors(tmp_path, "x", DIMS)
    store.add([7, 8], units(2))
    assert store.search(units(1)[0], 0) == ([], [])
    assert sorted(store.search(units(1)[0], 99)[0]) == [7, 8]
    store.close()


def test_segments_merge_to_powers_of_two_and_stop_growing(monkeypatch):
    monkeypatch.setattr(scan, "OPEN_COLUMNS", 4)
    monkeypatch.setattr(scan, "MAX_COLUMNS", 16)
    codes, scale = quantise(units(16 + 16 + 8 + 4 + 1))
    filled = Scan(DIMS)
    filled.append(codes, scale)
    assert [segment.codes.shape[1] for segment in filled._segments] == [16, 16, 8, 4, 4]
    assert [segment.first for segment in filled._segments] == [0, 16, 32, 40, 44]


def test_a_query_with_one_large_component_does_not_overflow(tmp_path):
    """The products are summed in 32 bits; a saturating 16-bit sum would show here."""
    vectors = np.full((8, DIMS), 1 / np.sqrt(DIMS), np.float32)
    vectors[4:] *= -1
    store = Vectors(tmp_path, "x", DIMS)
    store.add(list(range(8)), vectors)
    rows, scores = store.search(vectors[0], 8)
    assert set(rows[:4]) == {0, 1, 2, 3}
    assert scores == pytest.approx([1.0] * 4 + [-1.0] * 4, abs=1e-5)
    store.close()
