"""Which commands are the user's most used, and which of them a notebook is given."""

import pytest

from ghostcells.domain.pool import Pool, Ran, Used
from ghostcells.learning.pool import DAY_MS, Rules, ranked, renewed, snapshot

NOW = 1_700_000_000_000
HERE, THERE = "file:///work/shop/deploy.md", "file:///home/notes.md"


def runs(text, *days_ago, notebook=HERE):
    return [Ran(f"e-{text}", text, "shellscript", notebook, NOW - round(days * DAY_MS)) for days in days_ago]


def texts(found):
    return [one.text for one in found]


def test_a_run_counts_half_after_a_week():
    (one,) = ranked(runs("make", 0, 7), NOW, Rules())
    assert (one.score, one.runs, one.last_ms) == (1.5, 2, NOW)


def test_what_is_run_now_goes_before_what_was_run_more_often_then():
    found = ranked([*runs("old", 28, 28, 28, 28, 28), *runs("new", 1, 1)], NOW, Rules())
    assert texts(found) == ["new", "old"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(runs("make", 1), "once is no habit", id="once"),
        pytest.param(runs("make", 31, 40), "too long ago", id="old"),
        pytest.param(runs("make\nmake test", 1, 2), "a list has commands of one line", id="two lines"),
    ],
)
def test_what_does_not_count(given, why):
    assert ranked(given, NOW, Rules()) == (), why


def test_the_pool_is_so_deep_and_no_deeper():
    given = [run for number in range(60) for run in runs(f"echo {number}", number / 10, number / 10)]
    assert texts(ranked(given, NOW, Rules())) == [f"echo {number}" for number in range(50)]


def test_a_workspace_has_a_pool_of_its_own():
    given = [
        *runs("make", 1, 1),
        *runs("ls", 1, 1, notebook=THERE),
        *runs("pwd", 1, 1, notebook="file:///work/shopping/a.md"),
    ]
    pool = renewed(None, given, ["file:///work/shop"], NOW, Rules())
    assert texts(pool.workspace) == ["make"]
    assert set(texts(pool.user)) == {"make", "ls", "pwd"}


def test_a_count_that_comes_out_empty_keeps_the_former_for_thirty_days():
    former = renewed(None, runs("make", 1, 1), [], NOW, Rules())
    kept = renewed(former, [], [], NOW + 30 * DAY_MS, Rules())
    assert (kept.user, kept.checked_ms, kept.filled_ms) == (former.user, NOW + 30 * DAY_MS, NOW)
    assert renewed(kept, [], [], NOW + 31 * DAY_MS, Rules()).user == ()


def used(text, score=1.0):
    return Used(text, "shellscript", f"e-{text}", HERE, 2, score, NOW)


def test_a_notebook_is_given_the_best_in_alphabetical_order():
    """The workspace's first; what both have, once."""
    pool = Pool(NOW, NOW, (used("make"), used("git push")), (used("make"), used("ls"), used("cat x")))
    assert texts(snapshot(pool, count=3, fits=lambda _: True)) == ["git push", "ls", "make"]
    assert texts(snapshot(pool, count=3, fits=lambda one: one.text != "ls")) == ["cat x", "git push", "make"]
    assert snapshot(pool, count=0, fits=lambda _: True) == ()
