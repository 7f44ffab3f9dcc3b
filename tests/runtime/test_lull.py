"""In a burst, what may wait does; but not for ever."""

import pytest

from ghostcells.runtime.lull import MOST_SECONDS, SETTLE_SECONDS, Lull


class Times:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def times() -> Times:
    return Times()


def test_nothing_has_come_and_nothing_waits(times: Times) -> None:
    assert Lull(times).left() == 0


def test_what_has_come_rests_first(times: Times) -> None:
    lull = Lull(times)
    lull.came()
    assert lull.left() == pytest.approx(SETTLE_SECONDS)
    times.now += SETTLE_SECONDS
    assert lull.left() == pytest.approx(0)


def test_what_keeps_coming_puts_it_off(times: Times) -> None:
    lull = Lull(times)
    lull.came()
    times.now += SETTLE_SECONDS / 2
    lull.came()
    assert lull.left() == pytest.approx(SETTLE_SECONDS)


def test_a_burst_without_end_is_interrupted(times: Times) -> None:
    lull = Lull(times)
    lull.came()
    while lull.left():
        assert times.now <= 100 + MOST_SECONDS
        times.now += SETTLE_SECONDS / 2
        lull.came()
    assert times.now == pytest.approx(100 + MOST_SECONDS, abs=SETTLE_SECONDS)


def test_when_all_is_done_the_next_burst_is_a_new_one(times: Times) -> None:
    lull = Lull(times)
    lull.came()
    times.now += MOST_SECONDS
    lull.done()
    lull.came()
    assert lull.left() == pytest.approx(SETTLE_SECONDS)


def test_it_knows_whether_anything_waits(times: Times) -> None:
    lull = Lull(times)
    assert not lull.waiting
    lull.came()
    assert lull.waiting
    lull.done()
    assert not lull.waiting
