"""Work that waits until nobody types."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ghostcells.app.quiet import QUIET_SECONDS, WhenQuiet

if TYPE_CHECKING:
    import asyncio


class FakeLoop:
    """A loop whose time is a value; one timer at a time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> "FakeLoop":
        self.timers.append((self.now + seconds, callback))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def ring(self) -> None:
        """Let the next timer come."""
        self.now, callback = self.timers.pop(0)
        callback()


def waiting() -> tuple[FakeLoop, WhenQuiet, list[float]]:
    loop, done = FakeLoop(), list[float]()
    quiet = WhenQuiet(lambda: done.append(loop.now), cast("asyncio.AbstractEventLoop", loop))
    quiet.begin()
    return loop, quiet, done


def test_what_nobody_disturbs_is_done_after_a_moment() -> None:
    loop, _, done = waiting()
    loop.ring()
    assert done == [100.0 + QUIET_SECONDS]
    assert not loop.timers


def test_each_key_puts_it_off() -> None:
    loop, quiet, done = waiting()
    for _ in range(5):
        loop.now += 0.15
        quiet.heard()
        loop.ring()
    assert not done
    last = loop.now
    loop.ring()
    assert len(done) == 1
    assert done[0] <= last + QUIET_SECONDS


def test_it_is_done_once() -> None:
    loop, quiet, done = waiting()
    loop.ring()
    quiet.begin()
    assert len(done) == 1
    assert not loop.timers


def test_what_still_waits_at_the_end_is_not_done() -> None:
    loop, quiet, done = waiting()
    quiet.close()
    assert not loop.timers
    assert not done
