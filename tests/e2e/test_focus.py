"""Moving onto a ghost accepts it; every other way out of a suggestion has its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cells import Cell, md, sh
from .editor import Notebook, open_notebook
from .lessons import BACKUP, RESTART, run
from .steps import command_ghost, end_event, ends_of, events_of, two_ghosts

if TYPE_CHECKING:
    from .client import Client
    from .model import Model


def test_focus_answers_with_a_session(nb: Notebook, prose: Cell) -> None:
    again = nb.focus(prose)
    assert again["session"]
    assert again["accepted"] == again["rejected"] == []


def test_focus_on_a_ghost_accepts_it(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    result = nb.focus(nb.cell_of(ghost["id"]))
    assert result["accepted"] == [ghost["id"]]
    assert result["rejected"] == []
    assert ends_of(client, ghost["id"]) == [("ACCEPTED", "focus")]


def test_an_acceptance_is_published(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    publish = nb.until(lambda p: ghost["id"] in p["accepted"])
    assert ghost["id"] not in [g["id"] for g in publish["ghosts"]]


def test_to_repeat_a_focus_changes_nothing(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    first = nb.accept(ghost["id"])
    again = nb.focus(nb.cell_of(ghost["id"]))
    assert again == {"session": first["session"], "accepted": [], "rejected": []}
    assert ends_of(client, ghost["id"]) == [("ACCEPTED", "focus")]


def test_the_session_of_an_accepted_cell_is_a_new_one(client: Client, nb: Notebook, prose: Cell) -> None:
    before = nb.focus(prose)["session"]
    ghost = command_ghost(nb, prose)
    after = nb.accept(ghost["id"])["session"]
    assert after != before
    types = [(e["type"], e["session"]) for e in client.all_events()]
    assert types.index(("SESSION_ENDED", before)) < types.index(("SESSION_STARTED", after))


def test_at_most_one_session_is_open(client: Client, nb: Notebook, prose: Cell) -> None:
    other = open_notebook(client, "other.md", md("One"), md("Two"))
    for notebook, cell in ((other, other.cells[0]), (nb, prose), (other, other.cells[1]), (nb, nb.cells[1])):
        notebook.focus(cell)
    open_sessions: set[str] = set()
    for event in client.all_events():
        if event["type"] == "SESSION_STARTED":
            open_sessions.add(event["session"])
        if event["type"] == "SESSION_ENDED":
            open_sessions.discard(event["session"])
        assert len(open_sessions) <= 1


def test_ghosts_before_the_accepted_one_were_skipped(assisted: Client, model: Model) -> None:
    notebook, (first, second) = two_ghosts(assisted, model)
    result = notebook.accept(second["id"])
    assert result["accepted"] == [second["id"]]
    assert result["rejected"] == [first["id"]]
    assert ends_of(assisted, first["id"]) == [("REJECTED", "skipped")]


def test_ghosts_after_the_accepted_one_stay(assisted: Client, model: Model) -> None:
    notebook, (first, second) = two_ghosts(assisted, model)
    result = notebook.accept(first["id"])
    assert result["accepted"] == [first["id"]]
    assert result["rejected"] == []
    publish = notebook.until(lambda p: first["id"] in p["accepted"])
    assert [g["id"] for g in publish["ghosts"]] == [second["id"]]
    assert ends_of(assisted, second["id"]) == []
    assert notebook.accept(second["id"])["accepted"] == [second["id"]]


def test_focus_on_the_cell_that_the_ghosts_follow_keeps_them(client: Client, nb: Notebook, prose: Cell) -> None:
    session = nb.focus(prose)["session"]
    ghost = command_ghost(nb, prose)
    assert nb.focus(prose) == {"session": session, "accepted": [], "rejected": []}
    assert ends_of(client, ghost["id"]) == []


def test_losing_the_focus_ends_the_session_and_keeps_the_ghosts(client: Client, nb: Notebook, prose: Cell) -> None:
    session = nb.focus(prose)["session"]
    ghost = command_ghost(nb, prose)
    assert nb.focus(None) == {"session": None, "accepted": [], "rejected": []}
    assert ("SESSION_ENDED", session) in [(e["type"], e["session"]) for e in client.all_events()]
    assert ends_of(client, ghost["id"]) == []
    assert all(ghost["id"] in [g["id"] for g in p["ghosts"]] for p in nb.settle())


def test_coming_back_to_the_cell_of_the_ghosts_adopts_them(client: Client, nb: Notebook, prose: Cell) -> None:
    session = nb.focus(prose)["session"]
    ghost = command_ghost(nb, prose)
    nb.focus(None)
    result = nb.focus(prose)
    assert result["session"] not in {None, session}
    assert result["rejected"] == []
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


def test_a_ghost_can_be_accepted_after_the_editor_lost_the_focus(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.focus(None)
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


def test_focus_on_any_other_cell_rejects_as_moved(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    assert nb.focus(nb.cells[-1])["rejected"] == [ghost["id"]]
    assert ends_of(client, ghost["id"]) == [("REJECTED", "moved")]
    assert nb.until(lambda p: p["final"])["ghosts"] == []
    assert nb.ghosts == []


def test_focus_in_another_notebook_rejects_as_moved(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    other = open_notebook(client, "other.md", md("Elsewhere"))
    assert other.focus(other.cells[0])["rejected"] == [ghost["id"]]
    assert ends_of(client, ghost["id"]) == [("REJECTED", "moved")]


def test_inserting_a_cell_where_the_ghosts_are_rejects_them(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.insert_after(prose, sh("echo mine"))
    assert (end_event(client, ghost["id"])["reason"]) == "inserted"
    nb.until(lambda p: p["ghosts"] == [])


def test_inserting_a_cell_elsewhere_leaves_the_ghosts(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.insert(len(nb.cells), md("Afterwards"))
    nb.settle()
    assert ends_of(client, ghost["id"]) == []


def test_escape_rejects_as_dismissed(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    assert nb.dismiss() == [ghost["id"]]
    assert ends_of(client, ghost["id"]) == [("REJECTED", "dismissed")]
    nb.until(lambda p: p["ghosts"] == [])
    assert nb.dismiss() == []


def test_closing_the_notebook_rejects_as_closed(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.close()
    assert end_event(client, ghost["id"])["reason"] == "closed"


def test_what_a_newer_suggestion_replaces_is_superseded(client: Client, nb: Notebook, prose: Cell) -> None:
    old = command_ghost(nb, prose)
    new = command_ghost(nb, prose, BACKUP[0])
    assert new["text"] == BACKUP[1]
    assert new["id"] != old["id"]
    [(kind, reason)] = ends_of(client, old["id"])
    assert kind == "SUPERSEDED"
    assert reason in {"newer", "stale"}


def test_ghosts_whose_anchor_is_deleted_are_superseded(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.delete(prose)
    event = end_event(client, ghost["id"])
    assert (event["type"], event["reason"]) == ("SUPERSEDED", "anchor-gone")


@pytest.mark.parametrize("reason", ["saved", "undo", "leak"])
def test_what_the_editor_withdraws_is_no_rejection(client: Client, nb: Notebook, prose: Cell, reason: str) -> None:
    ghost = command_ghost(nb, prose)
    nb.withdrawn(ghost["id"], reason=reason)
    nb.delete(nb.cell_of(ghost["id"]))
    event = end_event(client, ghost["id"])
    assert (event["type"], event["reason"]) == ("SUPERSEDED", "withdrawn")


def test_a_preview_is_accepted_by_inserting_its_cell_and_moving_there(
    client: Client, nb: Notebook, prose: Cell
) -> None:
    nb.set_text(prose, RESTART[0])
    ghost = nb.shown(draw=False)[-1]
    nb.visible(ghost["id"], form="preview")
    nb.insert_after(prose, Cell(2, "shellscript", ghost["text"], {"ghostcells": {"id": ghost["id"], "ghost": True}}))
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]
    assert ends_of(client, ghost["id"]) == [("ACCEPTED", "focus")]


def test_a_ghost_that_was_not_accepted_cannot_run(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    error = client.refused("ghostcells/executed", {"notebook": {"uri": nb.uri}, "cell": cell.uri, "success": True})
    assert error.code == -32602
    assert events_of(client, ghost["id"]) == []
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


def test_an_accepted_cell_runs(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    event = run(nb, nb.cell_of(ghost["id"]))
    logged = client.eventually(lambda e: e["id"] == event)
    assert logged["type"] == "EXECUTED"
    assert logged["cell"] == ghost["id"]
    assert logged["text"] == ghost["text"] == RESTART[1]
    assert logged["edited"] is False
    assert logged["success"] is True


def test_execution_summaries_are_no_executions(client: Client, nb: Notebook) -> None:
    cell = nb.cells[1]
    nb.change(data=[{**cell.as_cell(), "executionSummary": {"executionOrder": 1, "success": True}}])
    client.ping()
    assert "EXECUTED" not in [e["type"] for e in client.all_events() if e["notebook"] == nb.uri]


def test_what_ran_is_the_text_of_the_request_where_it_differs(client: Client, nb: Notebook) -> None:
    """The user may have gone on typing while the command ran."""
    cell = nb.cells[1]
    nb.set_text(cell, "echo after")
    event = run(nb, cell, text="echo before")
    assert client.eventually(lambda e: e["id"] == event)["text"] == "echo before"


def test_a_failed_execution_is_logged_as_such(client: Client, nb: Notebook) -> None:
    nb.focus(nb.cells[1])
    event = nb.executed(nb.cells[1], success=False, exitCode=2, outputs=[{"mime": "text/plain", "text": "no"}])["event"]
    assert client.eventually(lambda e: e["id"] == event)["success"] is False
