"""Rules of the numbers of publishes, of which only a bounded set is kept."""

from ghostcells.runtime.revisions import KEPT_CLOSED, Revisions


def test_they_grow_by_one_over_closing_and_opening() -> None:
    revisions = Revisions()
    assert [revisions.next("a"), revisions.next("b"), revisions.next("a")] == [1, 1, 2]
    revisions.closed("a")
    assert revisions.next("a") == 3


def test_a_notebook_closed_long_ago_gets_no_smaller_one() -> None:
    revisions = Revisions()
    for _ in range(5):
        revisions.next("a")
    revisions.closed("a")
    for number in range(3 * KEPT_CLOSED):
        revisions.next(f"n{number}")
        revisions.closed(f"n{number}")
    assert len(revisions) == KEPT_CLOSED
    assert revisions.next("a") > 5


def test_an_open_one_goes_on_by_one_however_many_others_are_closed() -> None:
    revisions = Revisions()
    revisions.next("again")
    revisions.closed("again")
    revisions.next("again")
    for number in range(2 * KEPT_CLOSED):
        revisions.next(f"n{number}")
        revisions.closed(f"n{number}")
    assert revisions.next("again") == 3


def test_one_that_was_never_published_for_is_not_kept() -> None:
    revisions = Revisions()
    revisions.closed("a")
    assert len(revisions) == 0
