"""Background tasks: one end each, and none that is forgotten."""

import asyncio
import logging
from contextlib import suppress

import pytest

from ghostcells.runtime.tasks import Tasks

from .fakes import settle

pytestmark = pytest.mark.asyncio


class Ends:
    def __init__(self) -> None:
        self.all: list[object] = []

    def done(self, result: object) -> None:
        self.all.append(result)

    def failed(self, error: BaseException) -> None:
        self.all.append(type(error).__name__)


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def value(what: object) -> object:
    return what


async def test_each_task_ends_once() -> None:
    tasks, ends = Tasks(), Ends()

    async def broken() -> None:
        raise OSError

    tasks.start("a", value(1), done=ends.done, failed=ends.failed)
    tasks.start("b", broken(), done=ends.done, failed=ends.failed)
    await settle()
    assert ends.all == [1, "OSError"]
    assert len(tasks) == 0


async def test_a_task_of_the_same_name_takes_the_place_of_the_former() -> None:
    tasks, ends = Tasks(), Ends()
    tasks.start("a", forever(), done=ends.done, failed=ends.failed)
    tasks.start("a", value(2), done=ends.done, failed=ends.failed)
    await settle()
    assert ends.all == [2]


async def test_a_cancelled_task_says_nothing_whatever_it_does_then() -> None:
    tasks, ends = Tasks(), Ends()

    async def stubborn() -> int:
        with suppress(asyncio.CancelledError):
            await forever()
        return 3

    async def angry() -> None:
        try:
            await forever()
        finally:
            raise OSError

    for name, work in (("a", stubborn()), ("b", angry()), ("c", forever())):
        tasks.start(name, work, done=ends.done, failed=ends.failed)
    await settle()
    assert [tasks.cancel(name) for name in "abcd"] == [True, True, True, False]
    await settle()
    assert ends.all == []
    assert "a" not in tasks


async def test_closing_cancels_all_and_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    tasks, ends = Tasks(), Ends()
    release = asyncio.Event()

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    tasks.start("a", forever(), done=ends.done, failed=ends.failed)
    tasks.start("deaf", deaf(), done=ends.done, failed=ends.failed)
    await settle()
    with caplog.at_level(logging.WARNING):
        await tasks.close(0.01)
    assert "deaf" in caplog.text
    assert ends.all == []
    release.set()
    await settle()
