"""Runs are learned from behind their acknowledgement: when a burst is over, a few at a time, and all of them before the end."""

import asyncio

import pytest

from ghostcells.app import lessons
from ghostcells.app.lessons import SLICE, Lessons
from ghostcells.domain.events import AnyRecord, Executed, SessionStarted
from ghostcells.domain.examples import Situation
from ghostcells.runtime import lull

pytestmark = pytest.mark.asyncio
NB = "file:///a.md"


def run(number: int) -> Executed:
    return Executed(
        id=str(number), time_ms=0, notebook=NB, success=True, text="ls", language="sh", situation=Situation(NB)
    )


class Taught:
    def __init__(self) -> None:
        self.parts: list[list[AnyRecord]] = []
        self.enough = asyncio.Event()

    def __call__(self, records: list[AnyRecord]) -> None:
        self.parts.append(records)
        if len(records) < lessons.SLICE:
            self.enough.set()


async def test_a_burst_is_learned_from_when_it_is_over_and_in_slices() -> None:
    taught = Taught()
    learned = Lessons(taught, asyncio.get_running_loop())
    runs = [run(number) for number in range(2 * SLICE + 1)]
    learned.committed(runs[:SLICE])
    learned.committed(runs[SLICE:])
    assert taught.parts == []
    await taught.enough.wait()
    assert [len(part) for part in taught.parts] == [SLICE, SLICE, 1]
    assert [record for part in taught.parts for record in part] == runs


async def test_what_teaches_nothing_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lull, "SETTLE_SECONDS", 0)
    taught = Taught()
    learned = Lessons(taught, asyncio.get_running_loop())
    learned.committed([SessionStarted(id="1", time_ms=0, notebook=NB)])
    learned.committed([run(2)])
    await taught.enough.wait()
    assert taught.parts == [[run(2)]]


async def test_nothing_is_left_unlearned_at_the_end() -> None:
    taught = Taught()
    learned = Lessons(taught, asyncio.get_running_loop())
    learned.committed([run(1)])
    learned.flush()
    assert taught.parts == [[run(1)]]
