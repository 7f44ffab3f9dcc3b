"""events, cellLog, trace, sessions, stats: shapes, pages and sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import shapes
from .client import Client, elapse
from .lessons import learned, run
from .steps import command_ghost, end_event, suggested, traced

if TYPE_CHECKING:
    from .cells import Cell
    from .daemon import Daemons, Home
    from .editor import Notebook

NOBODY = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"


def accepted_and_run(client: Client, nb: Notebook, prose: Cell) -> tuple[str, str]:
    """A ghost's whole life: its id, and the event of its run."""
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    event = run(nb, nb.cell_of(ghost["id"]))
    learned(client, ghost["id"], event)
    return ghost["id"], event


def test_events_have_the_published_shape(client: Client, nb: Notebook, prose: Cell) -> None:
    cell, _ = accepted_and_run(client, nb, prose)
    events = client.all_events()
    for event in events:
        shapes.event(event)
    kinds = [e["type"] for e in events if e["cell"] == cell and not e["type"].startswith("SESSION_")]
    assert kinds[:3] == ["ACCEPTED", "EXECUTED", "LEARNED"]
    [origin] = [e for e in events if e["type"] == "SUGGESTED" and cell in [g["id"] for g in e["cells"]]]
    [accepted] = [e for e in events if e["type"] == "ACCEPTED" and e["cell"] == cell]
    assert accepted["suggestion"]
    assert accepted["suggestion"] in {origin.get("suggestion"), origin["id"]}


def test_a_run_tells_what_became_of_the_suggestion(client: Client, nb: Notebook, prose: Cell) -> None:
    """Once: to run the same cell again says nothing new."""
    cell, first = accepted_and_run(client, nb, prose)
    run(nb, nb.cell_of(cell))
    runs = [e for e in client.all_events() if e["type"] == "EXECUTED" and e["cell"] == cell]
    assert runs[0]["id"] == first
    assert runs[0]["verdict"] == {
        "feedback": "accepted_recommendation",
        "suggestion": runs[0]["suggestion"],
        "fate": "ran",
    }
    assert runs[1]["verdict"] == {"feedback": "no_recent_suggestion", "suggestion": None, "fate": None}
    assert client.request("ghostcells/stats", {})["feedback"]["accepted_recommendation"] == 1


def test_events_come_in_pages(client: Client) -> None:
    whole = client.all_events()
    assert len(whole) > 10
    paged: list[dict[str, object]] = []
    while page := client.events(limit=3, **({"after": paged[-1]["id"]} if paged else {})):
        assert len(page) <= 3
        paged += page
    assert paged == whole


def test_events_after_an_id_that_is_none_of_theirs(client: Client) -> None:
    assert client.events(after=NOBODY) == []
    assert client.events(after="0" * 26) == client.events()


def test_a_page_has_a_thousand_events_where_nothing_is_said(client: Client, nb: Notebook) -> None:
    """Two events come of each move: the end of a session and the start of another."""
    cells = [nb.cells[n % 2].uri for n in range(1, 521)]
    moves = [client.post("ghostcells/focus", {"notebook": {"uri": nb.uri}, "cell": cell}) for cell in cells]
    assert all(client.answer(move)["session"] for move in moves)
    assert len(client.events()) == 1_000
    assert len(client.events(limit=10_000)) > 1_000


@pytest.mark.parametrize("limit", [1, 10_000])
def test_the_limits_of_a_page_are_allowed(client: Client, limit: int) -> None:
    assert 1 <= len(client.events(limit=limit)) <= limit


def test_a_cell_has_its_log(client: Client, nb: Notebook, prose: Cell) -> None:
    cell, event = accepted_and_run(client, nb, prose)
    found = client.request("ghostcells/cellLog", {"id": cell})
    shapes.CELL_LOG(found, "cellLog")
    assert (found["id"], found["notebook"]) == (cell, nb.uri)
    assert found["generated"] == found["accepted"]
    assert [run["event"] for run in found["executions"]] == [event]
    assert (found["end"]["type"], found["end"]["reason"]) == ("ACCEPTED", "focus")
    assert [lesson["reason"] for lesson in found["learned"]] == ["as-suggested"]
    assert event in found["events"]


def test_what_another_daemon_has_just_done_is_told(
    client: Client, nb: Notebook, prose: Cell, home: Home, daemons: Daemons
) -> None:
    """The first answer after the acknowledgement has it, with how it was made: nobody waits for the next look at the logs."""
    other = daemons.start(home)
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    event = run(nb, nb.cell_of(ghost["id"]))
    found = other.request("ghostcells/cellLog", {"id": ghost["id"]})
    assert found["end"]["type"] == "ACCEPTED"
    assert [one["event"] for one in found["executions"]] == [event]
    assert other.request("ghostcells/trace", {"id": ghost["id"]})["suggestion"] == found["suggestion"]


def test_the_log_of_a_living_ghost_has_no_end(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    suggested(client, ghost["id"])
    found = client.request("ghostcells/cellLog", {"id": ghost["id"]})
    shapes.CELL_LOG(found, "cellLog")
    assert found["end"] is None
    assert found["accepted"] is None
    assert found["generated"] == ghost["text"]


def test_a_revoked_end_is_none(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    nb.restore(ghost["id"])
    assert client.request("ghostcells/cellLog", {"id": ghost["id"]})["end"] is None


def test_a_suggestion_has_a_trace_found_by_its_id_or_by_its_cells(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    trace = traced(client, ghost["id"])
    shapes.TRACE(trace, "trace")
    assert client.request("ghostcells/trace", {"id": trace["suggestion"]}) == trace
    assert ghost["text"] in [candidate["text"] for candidate in trace["candidates"]]
    assert trace["outcome"] in {"recommended", "offered"}
    assert "model" not in trace


@pytest.mark.parametrize("method", ["cellLog", "trace"])
def test_what_is_not_known_is_null(client: Client, method: str) -> None:
    assert client.request(f"ghostcells/{method}", {"id": NOBODY}) is None


def test_sessions_newest_first(client: Client, nb: Notebook, prose: Cell) -> None:
    accepted_and_run(client, nb, prose)
    found = client.request("ghostcells/sessions", {})
    for session in found:
        shapes.SESSION(session, "session")
    ids = [session["id"] for session in found]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) >= 2
    mine = [session for session in found if session["notebook"] == nb.uri]
    assert sum(session["suggested"] for session in mine) >= 1
    assert sum(session["accepted"] for session in mine) == 1
    assert sum(session["executed"] for session in mine) == 1
    assert mine[0]["endMs"] is None


def test_sessions_come_in_pages(client: Client) -> None:
    whole = client.request("ghostcells/sessions", {})
    first = client.request("ghostcells/sessions", {"limit": 2})
    second = client.request("ghostcells/sessions", {"limit": 2, "before": first[-1]["id"]})
    assert first + second == whole[:4]


def test_the_sums_of_stats(client: Client, nb: Notebook, prose: Cell) -> None:
    before = client.request("ghostcells/stats", {})
    shapes.STATS(before, "stats")
    accepted_and_run(client, nb, prose)
    after = client.request("ghostcells/stats", {})
    shapes.STATS(after, "stats")
    grown = {name: after[name] - before[name] for name in ("accepted", "executed", "executedAsSuggested")}
    assert grown == {"accepted": 1, "executed": 1, "executedAsSuggested": 1}
    assert after["suggested"] > before["suggested"]
    assert after["examples"] >= before["examples"] >= 1


def test_stats_since_a_time_that_has_not_come(client: Client) -> None:
    found = client.request("ghostcells/stats", {"sinceMs": 4_000_000_000_000})
    assert found["executed"] == found["suggested"] == 0


@pytest.mark.slow
def test_a_cell_counts_as_read_from_750_ms_on(client: Client, nb: Notebook, prose: Cell) -> None:
    before = client.request("ghostcells/stats", {})["read"]
    ghost = command_ghost(nb, prose)
    elapse(0.9)
    nb.dismiss()
    assert end_event(client, ghost["id"])["shownMs"] >= 750
    assert client.request("ghostcells/stats", {})["read"] == before + 1


@pytest.mark.slow
def test_what_the_editor_does_not_show_is_not_read(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.visible(ghost["id"])
    nb.visible()
    elapse(1.2)
    nb.dismiss()
    assert end_event(client, ghost["id"])["shownMs"] < 750
