"""Figures that can be counted by hand, and intervals that keep what they promise."""

import random

import pytest

from ghostcells.evaluation.contrast import contrast
from ghostcells.evaluation.items import Offer
from ghostcells.evaluation.metrics import calibration_error, figures, surest, trend
from ghostcells.evaluation.statistics import apart, interval, mcnemar
from tests.evaluation.conftest import result


def some():
    """Ten questions: the four surest are near, two of them exact; five were shown."""
    words = [0.0, 0.0, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    return [
        result(number, confidence=0.9 - number / 20, word=word, shown=number < 5, program=number < 6, known=number < 2)
        for number, word in enumerate(words)
    ]


def test_what_is_told_of_ten_questions():
    values = {name: one.value for name, one in figures(some()).values.items()}
    assert values["near"] == 0.4
    assert values["exact"] == 0.2
    assert values["program"] == 0.6
    assert values["shown"] == 0.5
    assert values["precision"] == 0.8
    assert values["precision-exact"] == 0.4
    assert values["recall"] == 0.4
    assert values["distance"] == pytest.approx(0.5)


def test_accept_at_k_looks_at_the_first_k_candidates():
    offers = (Offer("a", 0.5, 1.0, 1.0), Offer("b", 0.4, 1.0, 1.0), Offer("c", 0.3, 0.1, 0.1))
    values = figures([result(0, offers=offers)]).values
    assert [values[f"accept@{k}"].value for k in (1, 3, 5)] == [0.0, 1.0, 1.0]


def test_the_surest_come_first_however_they_are_ordered():
    shuffled = some()
    random.Random(3).shuffle(shuffled)
    assert [(one.count, one.near) for one in surest(shuffled)] == [
        (1, 1.0),
        (1, 1.0),
        (2, 1.0),
        (3, 1.0),
        (5, 0.8),
        (10, 0.4),
    ]


def test_who_says_what_is_so_has_no_calibration_error():
    found = [result(number, confidence=0.25, word=0.0 if number % 4 == 0 else 1.0) for number in range(400)]
    assert calibration_error(figures(found).bins) == pytest.approx(0.0)
    boastful = [result(number, confidence=1.0, word=1.0) for number in range(100)]
    assert calibration_error(figures(boastful).bins) == pytest.approx(1.0)


def test_a_model_and_a_floor_have_no_calibration():
    assert "calibration-error" not in figures([result(0, source="model"), result(1, source="floor")]).values


def test_what_never_ran_is_told_apart_from_what_was_repeated():
    parts = figures(some()).known
    assert parts["ran before, under other words"]["questions"] == 2
    assert parts["ran before, under other words"]["exact"] == 1.0
    assert parts["never ran before"]["questions"] == 8


def test_a_repository_counts_once_in_the_mean_over_repositories():
    large = [result(number, word=1.0, repo="large") for number in range(60)]
    small = [result(number, word=0.0, repo="small") for number in range(100, 120)]
    found = figures([*large, *small])
    assert found.values["near"].value == 0.25
    assert found.repo_mean["near"] == 0.5


def test_an_interval_holds_the_mean_and_narrows_with_more_documents():
    few = interval([0.0, 1.0] * 5, [str(at) for at in range(10)])
    many = interval([0.0, 1.0] * 500, [str(at) for at in range(1000)])
    assert few.low <= 0.5 <= few.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_cells_of_one_document_do_not_count_as_so_many_opinions():
    apart_ = interval([0.0, 1.0] * 50, [str(at) for at in range(100)])
    together = interval([0.0] * 50 + [1.0] * 50, ["a"] * 50 + ["b"] * 50)
    assert together.high - together.low > 3 * (apart_.high - apart_.low)


def test_an_interval_covers_what_is_true_about_as_often_as_it_says():
    """Of 200 samples whose mean is known, about 95 % of the intervals have it."""
    rng, covered = random.Random(5), 0
    for number in range(200):
        values = [float(rng.random() < 0.3) for _ in range(120)]
        found = interval(values, [str(at) for at in range(120)], rounds=200, seed=number)
        covered += found.low <= 0.3 <= found.high
    assert 175 <= covered <= 200


@pytest.mark.parametrize(
    ("better", "worse", "expected"),
    [
        pytest.param(0, 0, 1.0, id="nothing changed"),
        pytest.param(5, 5, 1.0, id="as many each way"),
        pytest.param(8, 1, 0.0390625, id="eight to one"),
        pytest.param(1, 8, 0.0390625, id="the other way round"),
        pytest.param(10, 0, 2 / 1024, id="all one way"),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(better, worse, expected):
    assert mcnemar(better, worse) == pytest.approx(expected)


def test_a_curve_that_rises_is_told_from_one_that_does_not():
    flat = [result(number, word=float(number % 2)) for number in range(300)]
    rising = [
        result(number, word=0.0 if random.Random(number).random() < number / 300 else 1.0) for number in range(300)
    ]
    assert trend(flat).low <= 0 <= trend(flat).high
    assert trend(rising).low > 0


def test_the_difference_of_two_halves_has_its_sign():
    found = apart([0.0] * 10, list("abcdefghij"), [1.0] * 10, list("klmnopqrst"))
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_two_runs_are_compared_on_the_questions_that_both_answered():
    before = [result(number, word=1.0) for number in range(60)]
    after = [result(number, word=0.0 if number < 40 else 1.0) for number in range(50)]
    found = contrast(before, after)
    near = next(one for one in found.differences if one.measure == "near")
    assert found.shared == 50
    assert (near.before, near.after, near.gained, near.lost) == (0.0, 0.8, 40, 0)
    assert near.certain
    assert not found.worse


def test_the_same_run_twice_is_no_difference():
    found = contrast(some(), some())
    assert not any(one.certain for one in found.differences)
    assert all(one.p in {None, 1.0} for one in found.differences)


def test_what_became_worse_is_named_the_worst_first():
    before = [result(0, word=0.0), result(1, word=0.0), result(2, word=0.5)]
    after = [result(0, word=0.4), result(1, word=1.0), result(2, word=0.55)]
    assert [now.number for _, now in contrast(before, after).worse] == [1, 0]


def test_runs_that_share_no_question_are_not_compared():
    assert contrast([result(0)], [result(1)]).differences == ()
