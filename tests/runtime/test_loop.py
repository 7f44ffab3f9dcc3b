"""The shell around the engine: one input after the other, effects in order, one answer per request."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from ghostcells.domain.errors import RequestFailed
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Page, Piece
from ghostcells.domain.ghosts import Recollection
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.replies import FocusResult
from ghostcells.domain.trace import Outcome, Trace
from ghostcells.engine import effects as e
from ghostcells.engine import inputs as i
from ghostcells.runtime.ports import Answered, Declined

from .fakes import NB, Bench, answered, published, record, settle

pytestmark = pytest.mark.asyncio
FOUND = Recollection((), 0.5, {"lexical": 1.0})


def recalled(suggestion: str, intent: str = "") -> e.Recall:
    return e.Recall(suggestion, Situation(notebook="n", intent=intent or suggestion), 3)


async def test_a_reply_is_sent_when_what_it_says_is_on_disk() -> None:
    bench = Bench()
    bench.script.on(i.FocusMoved, answered)
    bench.focus(1)
    assert bench.client.sent == []
    assert not bench.loop.idle
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1)]
    assert bench.loop.idle


async def test_a_reply_with_nothing_to_write_is_sent_at_once() -> None:
    bench = Bench()
    bench.script.on(i.FocusMoved, lambda given: answered(given)[1:])
    bench.focus(1)
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1)]


async def test_a_refusal_does_not_wait_for_the_disk() -> None:
    bench = Bench()
    refuse = RequestFailed("no", "out-of-step")
    bench.script.on(i.FocusMoved, lambda given: (e.Append(record()), e.Refuse(given.request, refuse)))
    bench.focus(1)
    assert bench.client.sent == [("refuse", 1, -32803)]


async def test_the_log_hears_of_an_input_before_its_stamp_is_taken() -> None:
    bench = Bench()
    stamp = bench.loop.stamp()
    assert bench.log.openings == [stamp.time_ms]


async def test_inputs_that_arise_in_effects_wait_their_turn() -> None:
    """No step happens inside another: the second would be lost when the first one's state is stored."""
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (recalled("one", "broken"), e.Announce(off=False, trouble="later")))
    bench.close_notebook()
    assert bench.script.kinds() == ["Closed", "RecallFailed"]
    assert bench.loop.state.core == 2
    assert ("message", "Nothing can be saved: later") in bench.client.sent


async def test_a_bug_in_the_engine_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()

    def broken(given: i.FocusMoved) -> list[e.Effect]:
        raise ZeroDivisionError

    bench.script.on(i.FocusMoved, broken)
    with caplog.at_level(logging.ERROR):
        bench.focus(1)
    assert bench.client.sent == [("refuse", 1, -32603)]
    assert bench.loop.state.core == 0
    assert "ZeroDivisionError" in caplog.text
    bench.script.on(i.FocusMoved, lambda given: answered(given)[1:])
    bench.focus(2)
    assert bench.client.sent[-1][:2] == ("reply", 2)


async def test_what_memory_finds_is_an_input() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (recalled("one"),))
    bench.close_notebook()
    await settle()
    bench.memory.asked["one"].set_result(FOUND)
    await settle()
    given = bench.script.seen[-1]
    assert isinstance(given, i.Recalled)
    assert (given.suggestion, given.threshold, given.stages_ms) == ("one", 0.5, {"lexical": 1.0})


async def test_memory_hears_beforehand_what_it_will_be_asked() -> None:
    bench = Bench()
    ahead = e.Prepare(recalled("one", "show").situation, 3, ("ls",))
    bench.script.on(i.Closed, lambda _: (ahead,))
    bench.close_notebook()
    await settle()
    assert bench.memory.prepared == [("show", 3, ("ls",))]
    assert not bench.memory.asked


async def test_a_failing_memory_is_an_input() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (recalled("one"),))
    bench.close_notebook()
    await settle()
    bench.memory.asked["one"].set_exception(OSError("index gone"))
    await settle()
    given = bench.script.seen[-1]
    assert isinstance(given, i.RecallFailed)
    assert given.why == "index gone"


async def test_a_search_that_cancels_itself_has_failed() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (recalled("one"),))
    bench.close_notebook()
    await settle()
    bench.memory.asked["one"].cancel()
    await settle()
    assert bench.script.kinds() == ["Closed", "RecallFailed"]


async def test_nothing_comes_back_from_a_cancelled_search() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (recalled("one"),))
    bench.close_notebook()
    await settle()
    bench.script.on(i.Closed, lambda _: (e.Cancel("one"), e.Cancel("never started")))
    bench.close_notebook()
    await settle()
    assert bench.memory.asked["one"].cancelled()
    assert bench.script.kinds() == ["Closed", "Closed"]


async def test_time_comes_at_the_last_wake() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (e.Wake(999_999_999), e.Wake(bench.clock.ms)))
    bench.close_notebook()
    await settle()
    assert bench.script.kinds() == ["Closed", "TimeCame"]


async def test_a_timer_that_is_early_waits_on() -> None:
    """The engine compares times; a TimeCame before its time would be answered with the same Wake for ever."""
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (e.Wake(bench.clock.ms),))
    bench.close_notebook()
    bench.clock.ms -= 1
    await settle()
    assert bench.script.kinds() == ["Closed"]
    bench.clock.ms += 1
    while bench.script.kinds() != ["Closed", "TimeCame"]:  # noqa: ASYNC110 -- the loop's own timer is what is tested
        await asyncio.sleep(0)


async def test_a_wake_can_be_called_off() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (e.Wake(bench.clock.ms), e.Wake(None)))
    bench.close_notebook()
    await settle()
    assert bench.script.kinds() == ["Closed"]


async def test_the_publish_of_a_suggestion_asked_for_comes_after_the_answer() -> None:
    """The answer waits for the disk; what memory finds meanwhile must not be published before."""
    bench = Bench()
    bench.script.on(i.SuggestionAsked, lambda given: (*answered(given), recalled("one")))
    bench.script.on(i.Recalled, lambda _: (published(1), published(2)))
    bench.suggest(7)
    await settle()
    bench.memory.asked["one"].set_result(FOUND)
    await settle()
    assert bench.client.sent == []
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 7), ("publish", 1), ("publish", 2)]


async def test_an_acceptance_is_published_when_it_is_on_disk_and_never_where_it_is_not() -> None:
    bench = Bench()
    accepted = FocusResult("s", ("g",))
    bench.script.on(
        i.FocusMoved,
        lambda given: (e.Append(record(given.request), firm=True), e.Reply(given.request, accepted), published(1)),
    )
    bench.script.on(i.NotWritten, lambda _: (published(2),))
    bench.focus(1)
    assert bench.client.sent == []
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1), ("publish", 1)]
    bench.focus(2)
    bench.log.fail()
    await settle()
    assert [sent[:2] for sent in bench.client.sent[2:]] == [("publish", 2)]
    assert bench.client.revisions == [1, 2]


async def test_publishes_wait_for_the_last_of_two_answers() -> None:
    bench = Bench()
    bench.script.on(i.SuggestionAsked, answered)
    bench.script.on(i.Closed, lambda _: (published(1),))
    bench.suggest(7)
    bench.suggest(8)
    bench.close_notebook()
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 7), ("reply", 8), ("publish", 1)]


async def test_after_the_end_nothing_is_stepped_but_answers_are_sent() -> None:
    bench = Bench()
    bench.script.on(i.FocusMoved, answered)
    bench.script.on(i.Closed, lambda _: (recalled("one"),))
    bench.script.on(i.GhostsDismissed, lambda _: (e.Wake(bench.clock.ms),))
    bench.focus(1)
    bench.close_notebook()
    await settle()
    bench.loop.dispatch(i.GhostsDismissed(at=bench.loop.stamp(), request=9, notebook="n"))
    await bench.loop.close()
    bench.focus(2)
    bench.log.write()
    await settle()
    assert bench.script.kinds() == ["FocusMoved", "Closed", "GhostsDismissed"]
    assert bench.memory.asked["one"].cancelled()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1)]


def order(suggestion: str) -> e.Complete:
    page = Page(NB, "runme", (), (), {}, "shellscript")
    trace = Trace(suggestion, "s", "edit", 0, {}, (), Outcome.SILENT, "")
    return e.Complete(suggestion, "s", page, Situation(NB), (), 0.0, 0, asked=False, ran=(), trace=trace)


async def test_what_a_model_writes_becomes_inputs() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (order("one"),))
    bench.close_notebook()
    await settle()
    piece = Piece(CellKind.CODE, "shellscript", "ls")
    bench.writer.wrote["one"]((piece,))
    bench.writer.asked["one"].set_result(Answered((piece,)))
    await settle()
    assert bench.script.kinds() == ["Closed", "Wrote", "Finished"]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        pytest.param(lambda one: one.set_result(Declined("little is new", 1500)), "CompletionDeclined", id="declined"),
        pytest.param(lambda one: one.set_exception(OSError("cut")), "CompletionFailed", id="failed"),
    ],
)
async def test_a_completion_ends_by_one_input(end: Callable[[asyncio.Future[object]], None], kind: str) -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (order("one"),))
    bench.close_notebook()
    await settle()
    end(bench.writer.asked["one"])
    await settle()
    assert bench.script.kinds() == ["Closed", kind]


async def test_a_cancelled_completion_is_closed_and_says_nothing_more() -> None:
    bench = Bench()
    bench.script.on(i.Closed, lambda _: (order("one"),))
    bench.script.on(i.GhostsDismissed, lambda _: (e.Cancel("one"),))
    bench.close_notebook()
    await settle()
    bench.loop.dispatch(i.GhostsDismissed(at=bench.loop.stamp(), request=9, notebook=NB))
    bench.writer.wrote["one"]((Piece(CellKind.CODE, "shellscript", "ls"),))
    await settle()
    assert bench.writer.asked["one"].cancelled()
    assert bench.script.kinds() == ["Closed", "GhostsDismissed"]
