"""The protocol's queries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from ghostcells.domain.feedback import Fate, Feedback, Judgement
from ghostcells.domain.ghosts import Origin
from ghostcells.domain.trace import TracedModel
from ghostcells.domain.views import OpenGhost, Verdict
from ghostcells.store import queries as queries_module
from ghostcells.store.index import Index
from ghostcells.store.paths import Paths, prepare
from ghostcells.store.presence import living
from ghostcells.store.queries import Queries

from . import builders as b

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ghostcells.domain.events import AnyRecord

    from .conftest import Daemon

    Make = Callable[..., Daemon]
    Ask = Callable[..., Queries]

SESSION = b.rid(1)


@pytest.fixture
def ask(root: Path) -> Iterator[Ask]:
    made: list[tuple[Index, Queries]] = []

    def make(*records: AnyRecord) -> Queries:
        index = b.index_of(root, *records)
        queries = Queries(index, index.settle)
        made.append((index, queries))
        return queries

    yield make
    for index, queries in made:
        queries.close()
        index.close()


LIFE: list[AnyRecord] = [
    b.started(1, SESSION),
    b.traced(2, "S3", SESSION, prompt="asked"),
    b.suggested(3, "g1", "g2", session=SESSION, example="ex"),
    b.accepted(4, "g1", "kubectl get pods -A"),
    b.rejected(5, "g2", "skipped", shown_ms=100),
    b.ran(6, "kubectl get pods -A", cell="g1", session=SESSION, suggestion="S3"),
    b.learned(7, "ex-2", b.rid(6), cell="g1"),
    b.pinned(8, "ex-2"),
    b.ended(9, SESSION),
]


def test_events_have_the_fields_of_the_protocol(ask: Ask) -> None:
    events = msgspec.to_builtins(ask(*LIFE).events(None, 100))
    assert [event["type"] for event in events] == [
        "SESSION_STARTED", "SUGGESTED", "ACCEPTED", "REJECTED", "EXECUTED", "LEARNED", "SESSION_ENDED",
    ]  # fmt: skip
    assert events[0] == {
        "id": SESSION, "type": "SESSION_STARTED", "timeMs": b.NOW_MS + 1, "session": SESSION, "notebook": b.NOTEBOOK,
        "cell": "c1",
    }  # fmt: skip
    assert events[3]["reason"] == "skipped"
    assert events[3]["shownMs"] == 100
    assert set(events[4]) == {
        "id", "type", "timeMs", "session", "notebook", "cell", "suggestion", "success", "text", "language", "edited",
    }  # fmt: skip
    assert events[5]["example"] == "ex-2"
    assert events[1]["cells"][0]["languageId"] == "shellscript"


def test_events_come_in_pages(ask: Ask) -> None:
    queries = ask(*LIFE)
    whole = queries.events(None, 100)
    assert queries.events(None, 2) == whole[:2]
    assert queries.events(whole[1].id, 3) == whole[2:5]
    assert queries.events("7" + "Z" * 25, 3) == []


def test_own_events_are_there_as_soon_as_they_are_acknowledged(root: Path, ask: Ask, daemon_at: Make) -> None:
    daemon, queries = daemon_at(root), ask()
    after = None
    for _ in range(20):
        stamp = daemon.opening()
        record = msgspec.structs.replace(b.ran(0), id=stamp.id(0), time_ms=stamp.time_ms)
        daemon.log.append(record, firm=True)
        assert daemon.barrier() is None
        assert [event.id for event in queries.events(after, 10)] == [record.id]
        after = record.id
        daemon.turn()


def test_a_page_ends_before_what_another_is_still_writing(
    root: Path, ask: Ask, daemon_at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "WAIT_SECONDS", 0.02)
    slow, quick, queries = daemon_at(root), daemon_at(root), ask()
    pending = slow.opening()
    time.sleep(0.002)
    done = quick.opening()
    quick.log.append(msgspec.structs.replace(b.ran(0), id=done.id(0)), firm=True)
    assert quick.barrier() is None
    quick.turn()
    assert queries.events(None, 10) == []
    slow.log.append(msgspec.structs.replace(b.ran(0), id=pending.id(0)), firm=True)
    assert slow.barrier() is None
    slow.turn()
    assert [event.id for event in queries.events(None, 10)] == [pending.id(0), done.id(0)]


def test_what_is_not_yet_on_disk_is_not_read(
    root: Path, ask: Ask, daemon_at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another daemon's bytes may be in the file before they are safe; if they fail they never were."""
    daemon, queries = daemon_at(root), ask()
    stamp = daemon.opening()
    seen: list[int] = []

    def sync(_: int) -> None:
        seen.append(len(queries.events(None, 10)))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("ghostcells.store.segment.sync", sync)
    daemon.log.append(msgspec.structs.replace(b.ran(0), id=stamp.id(0)), firm=True)
    assert daemon.barrier() is not None
    assert seen == [0]
    assert queries.events(None, 10) == []


def test_the_log_of_a_cell(ask: Ask) -> None:
    queries = ask(*LIFE)
    found = queries.cell_log("g1")
    assert found is not None
    assert (found.suggestion, found.generated, found.accepted) == ("S3", "kubectl get pods", "kubectl get pods -A")
    assert [run.event for run in found.executions] == [b.rid(6)]
    assert found.end is not None
    assert (found.end.type, found.end.reason) == ("ACCEPTED", "focus")
    assert [lesson.example for lesson in found.learned] == ["ex-2"]
    assert found.events == (b.rid(3), b.rid(4), b.rid(6), b.rid(7))
    assert queries.cell_log("nobody") is None


def test_an_end_that_was_revoked_is_none(ask: Ask) -> None:
    found = ask(*LIFE, b.restored(10, "g1")).cell_log("g1")
    assert found is not None
    assert (found.end, found.accepted) == (None, None)


@pytest.mark.parametrize("identity", ["S3", "g1", "g2"])
def test_a_trace_is_found_by_its_suggestion_and_by_its_cells(ask: Ask, identity: str) -> None:
    found = ask(*LIFE).trace(identity)
    assert found is not None
    assert isinstance(found.model, TracedModel)
    assert found.model.prompt == "asked"


def test_no_trace(ask: Ask) -> None:
    assert ask(*LIFE).trace("nobody") is None


def test_sessions_newest_first(ask: Ask) -> None:
    queries = ask(*LIFE, b.started(20, b.rid(20)))
    open_one, first = queries.sessions()
    assert (open_one.id, open_one.end_ms) == (b.rid(20), None)
    assert (first.suggested, first.accepted, first.executed, first.completions) == (2, 1, 1, 1)
    assert (first.start_ms, first.end_ms, first.input_tokens) == (b.NOW_MS + 1, b.NOW_MS + 9, 100)
    assert queries.sessions(limit=1) == [open_one]
    assert queries.sessions(before=b.rid(20)) == [first]


def test_stats(ask: Ask) -> None:
    queries = ask(*LIFE, b.suggested(20, "g3"), b.restored(30, "g2"), b.superseded(31, "g2"))
    found = queries.stats()
    assert (found.suggested, found.read, found.accepted, found.rejected, found.superseded) == (3, 1, 1, 0, 1)
    assert (found.executed, found.executed_as_suggested, found.examples) == (1, 1, 1)
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (100, 20, 0.001)
    assert found.latency_ms["rank"].p50 == 2.0
    later = queries.stats(b.NOW_MS + 10)
    assert (later.suggested, later.executed, later.latency_ms) == (1, 0, {})


def test_runs_that_were_edited_are_not_as_suggested(ask: Ask) -> None:
    found = ask(b.ran(1, suggestion="S", edited=True), b.ran(2, suggestion="S"), b.ran(3)).stats()
    assert (found.executed, found.executed_as_suggested) == (3, 1)


def test_percentiles_are_of_what_was_measured(ask: Ask) -> None:
    queries = ask(*(b.traced(n, f"S{n}", SESSION) for n in range(1, 101)))
    found = queries.stats().latency_ms["rank"]
    assert (found.p50, found.p90, found.p99) == (50.0, 90.0, 99.0)


def test_what_is_known_of_cells(ask: Ask) -> None:
    first, second = b.suggested(3, "g1", "g2").cells
    assert ask(*LIFE).lookup(["g1", "g2", "mine", "g1"]) == (
        Origin(first, "S3", accepted=True, text="kubectl get pods -A", example="ex"),
        Origin(second, "S3", accepted=False, text="kubectl get pods", example="ex"),
    )


def test_ghosts_of_the_dead_are_open(root: Path, ask: Ask, daemon_at: Make) -> None:
    """Not those of the living, nor one that a living daemon has restored."""
    queries = ask(b.suggested(1, "dead", "ended", "back"), b.rejected(2, "ended"), b.rejected(3, "back"))
    daemon = daemon_at(root)
    daemon.log.append(b.suggested(4, "alive", writer=1), firm=False)
    daemon.log.append(b.restored(5, "back", writer=1), firm=False)
    assert daemon.barrier() is None
    assert queries.open_ghosts(living(Paths(root))) == [OpenGhost("dead", "S1", b.NOTEBOOK, None)]
    daemon.log.close()
    assert {ghost.cell for ghost in queries.open_ghosts(living(Paths(root)))} == {"dead", "alive", "back"}


def test_an_index_that_is_made_anew_is_read_on(root: Path, ask: Ask) -> None:
    queries = ask(*LIFE)
    before = queries.events(None, 100)
    queries._index._start_over()
    assert queries.events(None, 100) == before


def test_another_window_reads_what_this_one_has_learned(root: Path, daemon_at: Make) -> None:
    paths = prepare(root)
    theirs = Index.open(paths, b.WORDS)
    daemon = daemon_at(root)
    daemon.log.append(b.ran(1), firm=True)
    assert daemon.barrier() is None
    theirs.catch_up()
    assert theirs.teachers(b.example_id()) == (b.rid(1),)
    theirs.close()


def test_stats_count_what_runs_said_and_what_came_of_searches(ask: Ask) -> None:
    accepted = Judgement(Feedback.ACCEPTED, "S1", Fate.RAN)
    queries = ask(
        b.ran(1, feedback=accepted),
        b.ran(2, "ls", feedback=accepted),
        b.ran(3, "pwd", feedback=Judgement(Feedback.NONE)),
        b.ended(4, SESSION, outcomes={"recommended": 2, "no_matches": 1}, failures={"words": 1}),
        b.ended(5, b.rid(2), outcomes={"recommended": 1}),
    )
    found = queries.stats()
    assert found.feedback == {"accepted_recommendation": 2, "no_recent_suggestion": 1}
    assert found.outcomes == {"recommended": 3, "no_matches": 1}
    assert found.failures == {"words": 1}
    assert queries.stats(b.NOW_MS + 10).outcomes == {}


def test_a_run_tells_what_it_says_of_a_suggestion(ask: Ask) -> None:
    queries = ask(b.ran(1, feedback=Judgement(Feedback.ACCEPTED, "S1", Fate.RAN)), b.ran(2, "ls"))
    judged, plain = queries.events(None, 10)
    assert judged.verdict == Verdict(feedback=Feedback.ACCEPTED, suggestion="S1", fate=Fate.RAN)
    assert plain.verdict is msgspec.UNSET


def test_runs_of_late_come_with_what_they_taught(ask: Ask) -> None:
    """Neither failures nor what has been forgotten is among them."""
    found = ask(
        b.ran(1),
        b.ran(2, "ls", intent="Look"),
        b.ran(3, "false", success=False),
        b.ran(4, "cat key", intent="Show the key"),
        b.forgotten(5, b.example_id("Show the key", "cat key")),
    ).ran_since(b.NOW_MS + 2)
    assert [(one.text, one.example, one.time_ms) for one in found] == [("ls", b.example_id("Look", "ls"), b.NOW_MS + 2)]


def test_to_list_the_latest_sessions_costs_the_same_however_many_there_are(ask: Ask) -> None:
    def steps(queries: Queries) -> int:
        count = 0

        def step() -> None:
            nonlocal count
            count += 1

        queries._connection.set_progress_handler(step, 1)
        assert len(queries.sessions(limit=2)) == 2
        queries._connection.set_progress_handler(None, 1)
        return count

    few, many = (
        [one for at in range(1, 2 * number, 2) for one in (b.started(at, b.rid(at)), b.ended(at + 1, b.rid(at)))]
        for number in (20, 400)
    )
    before = steps(ask(*few))
    assert steps(ask(*many)) < 1.5 * before
