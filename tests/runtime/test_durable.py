"""What could not be written did not happen: the engine is taken back to before the first of what waits."""

from collections.abc import Callable, Sequence

import pytest

from ghostcells.domain import replies
from ghostcells.domain.errors import RequestFailed
from ghostcells.domain.events import AnyRecord
from ghostcells.engine import effects as e
from ghostcells.engine import inputs as i
from ghostcells.runtime import durable

from .fakes import Bench, FakeLog, answered, published, record, settle

pytestmark = pytest.mark.asyncio


def refused(given: i.NotWritten) -> Sequence[e.Effect]:
    return [e.Refuse(request, RequestFailed(given.why, "not-durable")) for request in given.requests]


def bench_of_requests() -> Bench:
    bench = Bench()
    bench.script.on(i.FocusMoved, answered)
    bench.script.on(i.SuggestionAsked, answered)
    bench.script.on(i.NotWritten, refused)
    return bench


async def test_all_that_waits_is_refused_at_once_and_in_order() -> None:
    bench = bench_of_requests()
    for request in (1, 2, 3):
        bench.focus(request)
    bench.log.fail("disk full")
    await settle()
    [given] = [seen for seen in bench.script.seen if isinstance(seen, i.NotWritten)]
    assert (given.requests, given.core, given.why) == ((1, 2, 3), 0, "disk full")
    assert bench.client.sent == [("refuse", 1, -32803), ("refuse", 2, -32803), ("refuse", 3, -32803)]
    assert bench.loop.state.core == 0


async def test_the_core_is_that_from_before_the_first_that_failed() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.write()
    bench.focus(2)
    bench.focus(3)
    bench.log.fail()
    await settle()
    assert bench.loop.state.core == 1
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1), ("refuse", 2), ("refuse", 3)]


async def test_nothing_is_decided_between_a_failure_and_its_taking_back() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.fail()
    bench.focus(2)
    assert bench.script.kinds() == ["FocusMoved"]
    await settle()
    assert bench.script.kinds() == ["FocusMoved", "NotWritten", "FocusMoved"]
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("refuse", 1), ("reply", 2)]


async def test_the_engine_hears_when_something_could_be_written_again() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.fail()
    await settle()
    bench.focus(2)
    assert "Written" not in bench.script.kinds()
    bench.log.write()
    assert bench.script.kinds().count("Written") == 1
    bench.focus(3)
    bench.log.write()
    assert bench.script.kinds().count("Written") == 1


async def test_a_reply_with_nothing_to_write_says_nothing_about_the_disk() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.fail()
    await settle()
    bench.script.on(i.FocusMoved, lambda given: answered(given)[1:])
    bench.focus(2)
    assert bench.client.sent[-1][:2] == ("reply", 2)
    assert "Written" not in bench.script.kinds()


async def test_a_record_that_the_log_kept_tells_by_itself_that_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "PROBE_SECONDS", 0)
    bench = bench_of_requests()
    bench.script.on(i.Closed, lambda _: (e.Append(record()),))
    bench.close_notebook()
    bench.focus(1)
    bench.log.fail()
    await settle()
    bench.log.fail()
    await settle()
    await settle()
    assert "Written" not in bench.script.kinds()
    bench.log.write()
    assert bench.script.kinds()[-1] == "Written"


async def test_publishes_held_for_an_answer_go_out_when_it_is_refused() -> None:
    bench = bench_of_requests()
    bench.script.on(i.Closed, lambda _: (published(1),))
    bench.suggest(1)
    bench.close_notebook()
    bench.log.fail()
    await settle()
    assert [sent[:2] for sent in bench.client.sent] == [("refuse", 1), ("publish", 1)]


async def test_a_reply_that_was_sent_early_is_not_sent_again_and_what_it_held_back_follows() -> None:
    bench = Bench()
    bench.script.on(i.SuggestionAsked, lambda given: (*answered(given), published(7)))
    bench.suggest(1)
    bench.log.tell_early()
    assert [sent[:2] for sent in bench.client.sent] == [("early", 1)]
    bench.log.write()
    assert [sent[:2] for sent in bench.client.sent] == [("early", 1), ("publish", 7)]


async def test_a_reply_that_could_not_be_sent_early_is_sent_in_its_turn() -> None:
    bench = bench_of_requests()
    bench.client.free = False
    bench.focus(1)
    bench.log.tell_early()
    bench.log.write()
    bench.log.tell_early()
    assert [sent[:2] for sent in bench.client.sent] == [("reply", 1)]


async def test_what_was_sent_early_is_not_taken_back() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.tell_early()
    bench.focus(2)
    [first, second] = bench.log.barriers
    second(OSError("disk full"))
    await settle()
    first(None)
    assert [sent[:2] for sent in bench.client.sent] == [("early", 1), ("refuse", 2)]
    assert bench.loop.state.core == 1


async def test_what_is_taken_back_is_not_sent_early() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    bench.log.fail()
    await settle()
    bench.log.tell_early()
    assert bench.client.sent == [("refuse", 1, -32803)]


class _Deaf(FakeLog):
    """A log that breaks its promise not to raise."""

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        raise OSError("append")


class _Broken(FakeLog):
    def barrier(self, done: Callable[[Exception | None], None], early: Callable[[], object] | None = None) -> None:
        raise OSError("barrier")


@pytest.mark.parametrize("kind", [_Deaf, _Broken])
async def test_no_request_is_answered_as_done_by_a_log_that_raises(
    kind: type[FakeLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.runtime.fakes.FakeLog", kind)
    bench = bench_of_requests()
    bench.focus(1)
    await settle()
    assert bench.client.sent == [("refuse", 1, -32803)]


async def test_an_engine_that_cannot_take_back_refuses_all_the_same() -> None:
    bench = bench_of_requests()

    def broken(given: i.NotWritten) -> Sequence[e.Effect]:
        raise ZeroDivisionError

    bench.script.on(i.NotWritten, broken)
    bench.focus(1)
    bench.log.fail()
    await settle()
    assert bench.client.sent == [("refuse", 1, -32803)]


async def test_a_failure_at_the_very_end_is_still_told() -> None:
    bench = bench_of_requests()
    bench.focus(1)
    await bench.loop.close()
    bench.log.fail()
    await settle()
    assert bench.client.sent == [("refuse", 1, -32803)]


def asked(given: i.SuggestionAsked) -> Sequence[e.Effect]:
    """A reply that tells of nothing written, in a step that also leaves a record which may be late."""
    return (e.Reply(given.request, replies.SuggestResult("s")), e.Append(record(9), firm=False))


async def test_a_reply_that_tells_of_nothing_written_is_given_though_the_disk_fails() -> None:
    bench = bench_of_requests()
    bench.script.on(i.SuggestionAsked, asked)
    bench.suggest(1)
    bench.log.fail()
    await settle()
    assert bench.client.sent == [("reply", 1, replies.SuggestResult("s"))]
    assert "NotWritten" not in bench.script.kinds()


async def test_such_a_reply_is_taken_back_with_what_it_was_decided_upon() -> None:
    bench = bench_of_requests()
    bench.script.on(i.SuggestionAsked, asked)
    bench.focus(1)
    bench.suggest(2)
    bench.log.fail()
    await settle()
    assert [sent[:2] for sent in bench.client.sent] == [("refuse", 1), ("refuse", 2)]


async def test_a_reply_depends_on_all_records_of_its_step() -> None:
    """Also on one that the engine ordered after it."""
    bench = bench_of_requests()
    bench.script.on(i.SuggestionAsked, lambda given: tuple(reversed(answered(given))))
    bench.suggest(1)
    assert bench.client.sent == []
    bench.log.fail()
    await settle()
    assert bench.client.sent == [("refuse", 1, -32803)]
