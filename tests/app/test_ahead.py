"""Memory that is asked before the rest is over."""

import asyncio
from collections.abc import Sequence

import pytest

from ghostcells.app.ahead import AheadMemory
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Recollection

pytestmark = pytest.mark.asyncio


def asked(intent: str) -> Situation:
    return Situation(notebook="file:///a.md", intent=intent, language="shellscript")


class SlowMemory:
    """Answers when it is told to; each answer has a threshold of its own, by which to tell them apart."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[Recollection]] = []

    def recall(
        self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int
    ) -> asyncio.Future[Recollection]:
        del situation, limit, present, now_ms
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


class Bench:
    def __init__(self) -> None:
        self.slow = SlowMemory()
        self.mark = 0
        self.memory = AheadMemory(self.slow, lambda: self.mark)

    def prepare(self, intent: str = "show the pods") -> asyncio.Future[Recollection]:
        self.memory.prepare(asked(intent), limit=3, present=("ls",), now_ms=1)
        return self.slow.answers[-1]

    async def recall(self, intent: str = "show the pods", *, present: Sequence[str] = ("ls",)) -> Recollection:
        """What is answered; what nobody has answered by then is, with a threshold of 9."""
        answer = asyncio.ensure_future(self.memory.recall(asked(intent), limit=3, present=present, now_ms=31))
        await asyncio.sleep(0)
        for one in self.slow.answers:
            if not one.done():
                one.set_result(Recollection((), 9.0, {}))
        return await answer


async def test_what_was_begun_ahead_is_the_answer() -> None:
    bench = Bench()
    bench.prepare().set_result(Recollection((), 0.5, {"words": 2.0}))
    found = await bench.recall()
    assert (found.threshold, len(bench.slow.answers)) == (0.5, 1)
    assert list(found.stages_ms) == ["words", "ahead"]


async def test_what_is_still_under_way_is_waited_for() -> None:
    bench = Bench()
    bench.prepare()
    await bench.recall()
    assert len(bench.slow.answers) == 1


async def test_an_answer_serves_once() -> None:
    bench = Bench()
    bench.prepare().set_result(Recollection((), 0.5, {}))
    await bench.recall()
    assert (await bench.recall()).threshold == 9.0


async def test_another_question_is_asked_anew_and_what_was_begun_is_cancelled() -> None:
    bench = Bench()
    begun = bench.prepare()
    assert (await bench.recall("show the nodes")).threshold == 9.0
    assert begun.cancelled()
    begun = bench.prepare()
    await bench.recall(present=("ls", "pwd"))
    assert begun.cancelled()


async def test_what_was_begun_before_something_was_learned_or_forgotten_is_not_used() -> None:
    bench = Bench()
    bench.prepare().set_result(Recollection((), 0.5, {}))
    bench.mark += 1
    assert (await bench.recall()).threshold == 9.0


async def test_the_newest_beginning_takes_the_place_of_the_former() -> None:
    bench = Bench()
    former = bench.prepare("show the po")
    bench.prepare()
    assert former.cancelled()


async def test_a_search_that_fails_ahead_fails_for_who_asks_and_for_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.prepare().set_exception(OSError("index gone"))
    with pytest.raises(OSError, match="index gone"):
        await bench.recall()
    bench.prepare().set_exception(OSError("index gone"))
    assert (await bench.recall("show the nodes")).threshold == 9.0
    assert not caplog.records
