"""Stamps only ever go up, whatever the wall clock does."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.ids import RANDOM_BITS, STRIDE_BITS
from ghostcells.runtime.clock import SystemClock


class Times:
    def __init__(self, wall: int) -> None:
        self.wall = wall
        self.steady = 5_000

    def clock(self, entropy: int = 0) -> SystemClock:
        return SystemClock(wall_ms=lambda: self.wall, steady_ms=lambda: self.steady, random=lambda: entropy)


@given(st.lists(st.tuples(st.integers(-5_000, 5_000), st.integers(0, 50))), st.integers(0, (1 << 59) - 1))
def test_stamps_rise_and_time_never_goes_back(steps: list[tuple[int, int]], entropy: int) -> None:
    times = Times(1_000_000)
    clock = times.clock(entropy)
    stamps = [clock.stamp()]
    for wall, steady in steps:
        times.wall += wall
        times.steady += steady
        before = clock.now_ms()
        stamps.append(clock.stamp())
        assert stamps[-1].time_ms >= before >= stamps[-2].time_ms
    assert all(one.id((1 << STRIDE_BITS) - 1) < other.id(0) for one, other in pairwise(stamps))


def test_time_goes_on_when_the_wall_clock_is_set_back() -> None:
    """A timer that waits for a time would otherwise wait an hour too long."""
    times = Times(1_000_000)
    clock = times.clock()
    times.wall -= 3_600_000
    times.steady += 40
    assert clock.now_ms() == 1_000_040


def test_time_follows_when_the_wall_clock_jumps_ahead() -> None:
    times = Times(1_000_000)
    clock = times.clock()
    times.wall += 3_600_000
    assert clock.now_ms() == 4_600_000


def test_a_stamp_leaves_room_for_its_ids() -> None:
    times = Times(1)
    clock = times.clock((1 << (RANDOM_BITS - STRIDE_BITS - 1)) - 1)
    stamps = [clock.stamp() for _ in range(100)]
    assert all(stamp.entropy + (1 << STRIDE_BITS) <= 1 << RANDOM_BITS for stamp in stamps)
    assert all(stamp.entropy % (1 << STRIDE_BITS) == 0 for stamp in stamps)


def test_the_systems_clock_is_random_and_of_now() -> None:
    one, other = SystemClock().stamp(), SystemClock().stamp()
    assert one.entropy != other.entropy
    assert one.time_ms > 1_700_000_000_000
