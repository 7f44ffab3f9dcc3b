"""In which order the child does what it is asked."""

from __future__ import annotations

import pytest

from ghostcells.embedders import wire
from ghostcells.embedders.base import EmbedderSpec
from ghostcells.embedders.child import KEPT_QUERIES, Child
from ghostcells.embedders.vectors import Vectors
from tests.embedders import hashing


@pytest.fixture
def child(tmp_path):
    spec = EmbedderSpec(name="hashing", dims=hashing.DIMS, factory="tests.embedders.hashing:load")
    child = Child(spec, hashing.load(), Vectors(tmp_path, spec.name, spec.dims))
    yield child
    child.close()


def drain(child):
    answers = []
    while child.busy:
        if (answer := child.step()) is not None:
            answers.append(answer)
    return answers


def add(child, *items, number=1):
    assert child.answer(wire.Add(number, list(items))) is None


def present(child):
    return wire.unpack_rows(child.answer(wire.Rows(9)).packed)


def test_a_search_is_answered_between_the_texts_of_an_addition(child):
    add(child, *((row, f"word{row}") for row in range(100)))
    assert child.step() is None
    assert child.answer(wire.Search(2, "word1", 5)).rows == []
    assert child.busy
    assert drain(child) == [wire.Done(1, 100)]
    assert child.answer(wire.Search(3, "word1", 1)).rows == [1]


def test_a_removal_wins_over_an_addition_that_is_not_finished(child):
    add(child, *((row, f"word{row}") for row in range(10)))
    for _ in range(5):
        child.step()
    child.answer(wire.Remove(2, [2, 7]))
    assert drain(child) == [wire.Done(1, 9)]
    assert present(child) == set(range(10)) - {2, 7}


def test_clearing_forgets_additions_that_are_not_finished(child):
    add(child, (1, "a"), (2, "b"), (3, "c"))
    child.step()
    child.answer(wire.Clear(2))
    drain(child)
    assert present(child) == set()


def test_an_addition_after_a_clearing_counts(child):
    child.answer(wire.Clear(1))
    add(child, (1, "a"))
    drain(child)
    assert present(child) == {1}


def test_a_text_that_fails_fails_its_addition_and_no_other(child):
    add(child, (1, "fine"), (2, "refuse this"), (3, "never tried"), number=1)
    add(child, (4, "fine"), number=2)
    failure, done = drain(child)
    assert failure == wire.Failed(1, "ValueError: this text is refused")
    assert done == wire.Done(2, 1)
    assert 4 in present(child)


def test_an_empty_addition_is_answered(child):
    add(child)
    assert drain(child) == [wire.Done(1, 0)]


def test_a_score_refers_to_the_search_with_its_key(child):
    add(child, (1, "apple"), (2, "pear"))
    drain(child)
    child.answer(wire.Search(2, "apple", 1, key="fruit"))
    child.answer(wire.Search(3, "pear", 1))
    assert child.answer(wire.Score(4, [1, 2, 5], "fruit")).scores == pytest.approx([1, 0, None], abs=0.01)
    assert child.answer(wire.Score(5, [1, 2])).scores == pytest.approx([0, 1], abs=0.01)


def test_only_the_latest_queries_are_remembered(child):
    for number in range(KEPT_QUERIES + 1):
        child.answer(wire.Search(number, "apple", 1, key=f"key{number}"))
    with pytest.raises(LookupError, match="key0"):
        child.answer(wire.Score(1, [1], "key0"))
    assert child.answer(wire.Score(1, [1], f"key{KEPT_QUERIES}")).scores == [None]


def test_search_scores_the_rows_it_is_given_and_a_second_text(child):
    add(child, (1, "apple pie"), (2, "pear tart"))
    drain(child)
    found = child.answer(wire.Search(2, "apple", 1, [2, 77, 1], "pie"))
    assert found.rows == [1]
    assert found.also[1] is None
    assert found.also[2] == pytest.approx(found.scores[0])
    assert found.second == pytest.approx([0.7071], abs=0.01)


def test_what_was_embedded_when_the_child_closes_is_stored(child, tmp_path):
    add(child, *((row, f"word{row}") for row in range(10)))
    for _ in range(4):
        child.step()
    child.close()
    store = Vectors(tmp_path, "hashing", hashing.DIMS)
    assert set(store.rows()) == {0, 1, 2, 3}
    store.close()
