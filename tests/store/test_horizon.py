"""A page of events never jumps over one that is still to appear before its last id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostcells.store.horizon import Horizon, settled_before
from ghostcells.store.presence import CELLS, INFLIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class World:
    """One clock, daemons that append and write, and a reader; every yield is a point where others may come between."""

    def __init__(self, daemons: int) -> None:
        self.now_ms = 1
        self.visible: list[list[int]] = [[] for _ in range(daemons)]
        self.cells = [[0] * CELLS for _ in range(daemons)]
        self.queues: list[list[int]] = [[] for _ in range(daemons)]
        self.due: list[list[Callable[[], None]]] = [[] for _ in range(daemons)]
        self.horizons = [Horizon(self.cells[one], self.due[one].append) for one in range(daemons)]
        self.pages: list[tuple[int, list[int]]] = []

    def clock(self, ticks: list[int]) -> Iterator[None]:
        for tick in ticks:
            self.now_ms += tick
            yield

    def loop(self, one: int, inputs: list[int]) -> Iterator[None]:
        """Inputs that each append so many records, of which the stamp is taken after the opening."""
        for records in inputs:
            self.horizons[one].open(self.now_ms)
            yield
            stamp = self.now_ms
            yield
            for _ in range(records):
                self.horizons[one].appended()
                self.queues[one].append(stamp)
                yield
            for settle in self.due[one]:
                settle()
            self.due[one].clear()
            yield

    def writer(self, one: int, batches: list[int]) -> Iterator[None]:
        for size in [*batches, 10_000]:
            batch, self.queues[one][:size] = self.queues[one][:size], []
            if batch:
                self.horizons[one].began(batch[0])
                yield
                self.visible[one] += batch
                yield
                self.horizons[one].done(len(batch))
            yield

    def reader(self, pages: int) -> Iterator[None]:
        for _ in range(pages):
            now = self.now_ms
            yield
            seen = []
            for cells in self.cells:
                seen.append(cells[INFLIGHT])
                yield
            found: list[int] = []
            for visible in self.visible:
                found += visible
                yield
            border = settled_before(now, seen)
            self.pages.append((border, sorted(time for time in found if time < border)))


@settings(max_examples=200, deadline=None)
@given(
    ticks=st.lists(st.integers(0, 2), min_size=20, max_size=60),
    inputs=st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=2, max_size=2),
    batches=st.lists(st.lists(st.integers(1, 3), max_size=8), min_size=2, max_size=2),
    order=st.lists(st.integers(0, 5), max_size=250),
)
def test_whatever_comes_between(
    ticks: list[int], inputs: list[list[int]], batches: list[list[int]], order: list[int]
) -> None:
    world = World(2)
    actors = [
        world.clock(ticks), world.loop(0, inputs[0]), world.loop(1, inputs[1]), world.writer(0, batches[0]),
        world.writer(1, batches[1]), world.reader(6),
    ]  # fmt: skip
    for turn in order:
        next(actors[turn], None)
    for actor in (*actors[1:5], world.writer(0, []), world.writer(1, [])):
        for _ in actor:
            pass
    everything = sorted(time for visible in world.visible for time in visible)
    for border, page in world.pages:
        assert page == [time for time in everything if time < border]
    assert [cells[INFLIGHT] for cells in world.cells] == [0, 0]


def test_an_input_that_appends_nothing_holds_nobody_up() -> None:
    due: list[Callable[[], None]] = []
    cells = [0] * CELLS
    horizon = Horizon(cells, due.append)
    horizon.open(5)
    assert cells[INFLIGHT] == 5
    [settle] = due
    settle()
    assert cells[INFLIGHT] == 0


def test_under_steady_load_the_number_moves_on() -> None:
    """Else a daemon that is never idle would hide its events from the others for ever."""
    cells = [0] * CELLS
    horizon = Horizon(cells, lambda _: None)
    horizon.open(5)
    for _ in range(3):
        horizon.appended()
    horizon.began(5)
    horizon.done(1)
    horizon.began(7)
    assert cells[INFLIGHT] == 7


@pytest.mark.parametrize(("inflight", "border"), [([], 10), ([0, 0], 10), ([7, 0], 7), ([12, 15], 10)])
def test_the_border_is_the_least_of_all(inflight: list[int], border: int) -> None:
    assert settled_before(10, inflight) == border
