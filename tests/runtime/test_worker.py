"""One thread: what somebody waits for goes first, chores go in slices, nothing is done twice at once."""

import asyncio
import threading

import pytest

from ghostcells.runtime.worker import Worker


@pytest.fixture
def worker():
    worker = Worker("test")
    yield worker
    worker.close()


def test_results_and_errors_come_back_to_the_loop(worker):
    async def play():
        assert await worker.run(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 // 0)
        assert await worker.run(lambda: "still alive") == "still alive"

    asyncio.run(play())


def test_who_waits_goes_before_chores(worker):
    order = []
    gate, at_work = threading.Event(), threading.Event()

    def first():
        at_work.set()
        gate.wait(10)

    worker.post(first)
    at_work.wait(10)
    slices = iter([True, True, False])

    def chore():
        order.append("chore")
        if len(order) == 2:
            worker.post(lambda: order.append("posted meanwhile"))
        return next(slices)

    worker.chore(chore)
    worker.chore(chore)
    worker.post(lambda: order.append("posted"))
    gate.set()

    async def drained():
        while len(order) < 5:
            await worker.run(lambda: None)

    asyncio.run(asyncio.wait_for(drained(), 10))
    assert order == ["posted", "chore", "posted meanwhile", "chore", "chore"]


def test_a_caller_that_is_cancelled_is_skipped(worker):
    done = []

    async def play():
        gate = threading.Event()
        worker.post(lambda: gate.wait(10))
        waiting = worker.run(lambda: done.append("skipped"))
        waiting.cancel()
        gate.set()
        await worker.run(lambda: done.append("kept"))

    asyncio.run(play())
    assert done == ["kept"]


def test_closing_finishes_what_was_posted():
    worker = Worker("test")
    done = []
    worker.post(lambda: done.append(1))
    worker.close()
    assert done == [1]
    worker.post(lambda: done.append(2))
    assert done == [1]
