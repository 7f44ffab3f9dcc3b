"""Damage to the file of vectors costs records, never makes one up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostcells.embedders.store import HEADER, VectorFile, record_type
from ghostcells.embedders.vectors import COMPACT_FROM, Vectors

DIMS = 8
SIZE = record_type(DIMS).itemsize


def unit(seed):
    vector = np.random.default_rng(seed).standard_normal(DIMS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def vectors_of(store, rows):
    """Read back approximate vectors, by scoring against the axes."""
    axes = np.eye(DIMS, dtype=np.float32)
    return np.array([store.cosines(rows, axis) for axis in axes]).T


def filled(directory, rows, name="one"):
    store = Vectors(directory, name, DIMS)
    store.add(rows, np.stack([unit(row) for row in rows]))
    return store


@settings(max_examples=60)
@given(cut=st.integers(0, 5 * SIZE + HEADER))
def test_a_file_cut_anywhere_keeps_its_whole_records_and_takes_new_ones(cut, tmp_path_factory):
    directory = tmp_path_factory.mktemp("store")
    filled(directory, [10, 11, 12, 13, 14]).close()
    file = directory / "vectors.bin"
    with file.open("r+b") as data:
        data.truncate(cut)
    store = Vectors(directory, "one", DIMS)
    whole = [10, 11, 12, 13, 14][: max(0, cut - HEADER) // SIZE]
    assert list(store.rows()) == whole
    store.add([99], unit(99)[None])
    store.close()
    again = Vectors(directory, "one", DIMS)
    assert list(again.rows()) == [*whole, 99]
    assert np.allclose(vectors_of(again, [99])[0], unit(99), atol=0.01)
    again.close()


@settings(max_examples=60)
@given(where=st.integers(HEADER, HEADER + 5 * SIZE - 1), flip=st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_a_vector(where, flip, tmp_path_factory):
    directory = tmp_path_factory.mktemp("store")
    filled(directory, [10, 11, 12, 13, 14]).close()
    file = directory / "vectors.bin"
    raw = bytearray(file.read_bytes())
    raw[where] ^= flip
    file.write_bytes(raw)
    store = Vectors(directory, "one", DIMS)
    assert list(store.rows()) == [10, 11, 12, 13, 14][: (where - HEADER) // SIZE]
    store.close()


operations = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.integers(0, 12), min_size=1, max_size=4)),
        st.tuples(st.just("remove"), st.lists(st.integers(0, 12), max_size=4)),
        st.tuples(st.just("clear"), st.just([])),
        st.tuples(st.just("reopen"), st.just([])),
        st.tuples(st.just("other"), st.lists(st.integers(0, 12), min_size=1, max_size=2)),
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(steps=operations)
def test_a_row_has_its_latest_vector_whoever_wrote_it(steps, tmp_path_factory):
    directory = tmp_path_factory.mktemp("store")
    store, other = Vectors(directory, "one", DIMS), Vectors(directory, "one", DIMS)
    expected, seed = {}, 100
    for step, rows in steps:
        seed += 10
        if step in ("add", "other"):
            given_vectors = {row: unit(seed + number) for number, row in enumerate(rows)}
            writer = store if step == "add" else other
            writer.add(rows, np.stack([unit(seed + number) for number in range(len(rows))]))
            expected |= given_vectors
        elif step == "remove":
            assert store.remove(rows) == len({row for row in rows if row in expected})
            expected = {row: vector for row, vector in expected.items() if row not in rows}
        elif step == "clear":
            store.clear()
            expected = {}
        else:
            store.close()
            store = Vectors(directory, "one", DIMS)
    store.refresh()
    assert set(store.rows()) == set(expected)
    for row, vector in expected.items():
        found, scores = store.search(vector, 1)
        assert scores[0] == pytest.approx(1, abs=0.02)
        assert np.allclose(vectors_of(store, [row])[0], vector, atol=0.02)
        assert found
    assert set(store.search(unit(1), 50)[0]) == set(expected)
    store.close()
    other.close()


def test_vectors_of_another_embedder_are_not_read(tmp_path):
    filled(tmp_path, [1, 2]).close()
    store = Vectors(tmp_path, "two", DIMS)
    assert len(store) == 0
    store.close()


def test_what_is_not_finite_is_refused_and_changes_nothing(tmp_path):
    store = filled(tmp_path, [1])
    bad = unit(2)
    bad[0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        store.add([2], bad[None])
    assert list(store.rows()) == [1]
    store.close()


def test_a_file_that_is_mostly_dead_is_rewritten_when_opened(tmp_path):
    store = filled(tmp_path, list(range(COMPACT_FROM)))
    for _ in range(2):
        store.add(list(range(COMPACT_FROM)), np.stack([unit(row) for row in range(COMPACT_FROM)]))
    store.remove(range(10))
    store.close()
    Vectors(tmp_path, "one", DIMS).close()
    assert (tmp_path / "vectors.bin").stat().st_size == HEADER + (COMPACT_FROM - 10) * SIZE
    again = VectorFile(tmp_path, "one", DIMS)
    assert sum(len(records) for records in again.refresh()) == COMPACT_FROM - 10
    again.close()
