"""A cell keeps its id through whatever editors do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cells import CODE, Cell, md
from .client import Client, elapse
from .editor import Notebook, open_notebook
from .lessons import RESTART, learned, run
from .steps import ask_model, command_ghost, end_event, ends_of, events_of

if TYPE_CHECKING:
    from .model import Model

STRANGER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"


def accepted(nb: Notebook, prose: Cell) -> Cell:
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    return nb.cell_of(ghost["id"])


@pytest.mark.slow
def test_a_change_of_language_is_no_removal(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    nb.change_language(cell, "python")
    elapse(2.5)
    assert cell.id is not None
    assert events_of(client, cell.id) == [("ACCEPTED", "focus")]
    event = run(nb, cell)
    assert client.eventually(lambda e: e["id"] == event)["language"] == "python"


@pytest.mark.slow
def test_a_replaced_cell_with_the_same_id_is_no_removal(client: Client, nb: Notebook, prose: Cell) -> None:
    """Acceptance by replacing the cell: the URI is new, the id is not."""
    cell = accepted(nb, prose)
    index = nb.cells.index(cell)
    twin = Cell(CODE, "shellscript", cell.text, cell.metadata)
    nb.splice(index, 1, twin)
    nb.focus(twin)
    elapse(2.5)
    assert cell.id is not None
    assert events_of(client, cell.id) == [("ACCEPTED", "focus")]
    event = run(nb, twin)
    assert client.eventually(lambda e: e["id"] == event)["cell"] == cell.id


@pytest.mark.slow
def test_an_accepted_cell_that_stays_away_was_deleted(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    assert cell.id is not None
    nb.delete(cell)
    client.ping()
    assert events_of(client, cell.id) == [("ACCEPTED", "focus")]
    client.eventually(lambda e: e["type"] == "DELETED" and e["cell"] == cell.id, 10)


@pytest.mark.slow
def test_a_ghost_that_the_user_removes_is_rejected_after_two_seconds(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.delete(nb.cell_of(ghost["id"]))
    client.ping()
    assert ends_of(client, ghost["id"]) == []
    event = end_event(client, ghost["id"])
    assert (event["type"], event["reason"]) == ("REJECTED", "deleted")


@pytest.mark.slow
def test_a_ghost_that_is_back_within_two_seconds_was_never_removed(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.change_language(nb.cell_of(ghost["id"]), "shellscript")
    elapse(2.5)
    assert ends_of(client, ghost["id"]) == []
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


@pytest.mark.slow
def test_a_deleted_ghost_that_returns_is_restored_by_focus(client: Client, nb: Notebook, prose: Cell) -> None:
    """Undo or hot exit brings the cell back long after its end."""
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    nb.delete(cell)
    end_event(client, ghost["id"])
    nb.settle()
    nb.insert_after(prose, cell)
    assert nb.focus(cell)["accepted"] == [ghost["id"]]
    assert events_of(client, ghost["id"]) == [("REJECTED", "deleted"), ("RESTORED", None), ("ACCEPTED", "focus")]
    run(nb, cell)


def test_an_ended_ghost_that_returns_is_restored_by_focus(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    nb.dismiss()
    nb.until(lambda p: p["ghosts"] == [])
    nb.insert_after(prose, cell)
    assert nb.focus(cell)["accepted"] == [ghost["id"]]
    assert [kind for kind, _ in events_of(client, ghost["id"])] == ["REJECTED", "RESTORED", "ACCEPTED"]


def test_an_ended_ghost_that_returns_cannot_run_before_focus(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    nb.dismiss()
    nb.until(lambda p: p["ghosts"] == [])
    nb.insert_after(prose, cell)
    client.refused("ghostcells/executed", {"notebook": {"uri": nb.uri}, "cell": cell.uri, "success": True})
    assert [kind for kind, _ in events_of(client, ghost["id"])] == ["REJECTED"]


def test_an_old_ghost_flag_does_not_undo_an_acceptance(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    assert cell.id is not None
    nb.set_metadata(cell, {"ghostcells": {"id": cell.id, "ghost": True}})
    event = run(nb, cell)
    assert client.eventually(lambda e: e["id"] == event)["cell"] == cell.id
    assert ends_of(client, cell.id) == [("ACCEPTED", "focus")]


def test_a_ghost_without_its_flag_is_still_one(client: Client, nb: Notebook, prose: Cell) -> None:
    """The daemon decides; the flag is a hint."""
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    nb.set_metadata(cell, {"ghostcells": {"id": ghost["id"]}})
    error = client.refused("ghostcells/executed", {"notebook": {"uri": nb.uri}, "cell": cell.uri, "success": True})
    assert error.code == -32602
    assert nb.focus(cell)["accepted"] == [ghost["id"]]


def test_restore_makes_a_ghost_of_an_acceptance(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    assert cell.id is not None
    assert nb.restore(cell.id) is True
    assert [kind for kind, _ in events_of(client, cell.id)] == ["ACCEPTED", "RESTORED"]
    error = client.refused("ghostcells/executed", {"notebook": {"uri": nb.uri}, "cell": cell.uri, "success": True})
    assert error.code == -32602
    nb.focus(prose)
    assert nb.accept(cell.id)["accepted"] == [cell.id]


def test_there_is_nothing_to_restore_in_what_was_not_accepted(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    assert nb.restore(STRANGER) is False
    assert nb.restore(ghost["id"]) is False


@pytest.mark.parametrize("metadata", [{"id": STRANGER}, {"runme.dev/id": STRANGER}], ids=["id", "runme"])
def test_a_cell_may_carry_an_id_of_its_own(client: Client, metadata: dict[str, str]) -> None:
    notebook = open_notebook(client, "own.md", Cell(CODE, "shellscript", "echo own", dict(metadata)))
    event = run(notebook, notebook.cells[0])
    assert client.eventually(lambda e: e["id"] == event)["cell"] == STRANGER


def test_the_id_of_ours_comes_first(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    assert cell.id is not None
    nb.set_metadata(cell, {**cell.metadata, "id": "f00ba4", "runme.dev/id": STRANGER})
    event = run(nb, cell)
    assert client.eventually(lambda e: e["id"] == event)["cell"] == cell.id


@pytest.mark.parametrize("language", ["shellscript", "ghostcell"])
def test_a_leak_is_not_runnable_and_not_learned_from(client: Client, nb: Notebook, language: str) -> None:
    """A cell that claims to be a ghost which no daemon ever suggested."""
    leak = Cell(CODE, language, "rm -rf build", {"ghostcells": {"id": STRANGER, "ghost": True}})
    nb.insert(1, leak)
    params = {"notebook": {"uri": nb.uri}, "cell": leak.uri, "success": True}
    assert client.refused("ghostcells/executed", params).code == -32602
    assert nb.focus(leak)["accepted"] == []
    assert ends_of(client, STRANGER) == []
    nb.focus(nb.cells[0])
    assert not [e for e in client.all_events() if e["cell"] == STRANGER and e["type"] in {"EXECUTED", "LEARNED"}]


def test_the_context_of_the_model_has_no_ghosts_and_no_leaks(assisted: Client, model: Model) -> None:
    notebook, cell, answer = ask_model(assisted, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    ghost = notebook.shown()[-1]
    model.next_request()
    leak = Cell(CODE, "ghostcell", "leaked-command", {"ghostcells": {"id": STRANGER, "ghost": True}})
    notebook.insert(0, leak, md("An older paragraph"))
    notebook.type_text(cell, " and keep the original")
    request = model.next_request()
    assert "keep the original" in request
    assert ghost["text"] not in request
    assert "leaked-command" not in request


def test_versions_that_repeat_or_jump_change_nothing(client: Client, nb: Notebook, prose: Cell) -> None:
    for number in (7, 7, 3, 90):
        nb.version = number - 1
        nb.edit(prose, len(prose.text), len(prose.text), "x")
    nb.set_text(prose, RESTART[0])
    assert nb.shown()[-1]["text"] == RESTART[1]


def test_a_moved_cell_is_still_itself(client: Client, nb: Notebook, prose: Cell) -> None:
    nb.insert(0, md("Above"), md("Below"))
    nb.move(prose, 0)
    nb.set_text(prose, RESTART[0])
    publish = nb.until(lambda p: bool(p["ghosts"]))
    assert publish["after"] == prose.uri
    assert [c.uri for c in nb.cells][:2] == [prose.uri, nb.ghosts[0].uri]


def test_a_change_for_an_unknown_cell_puts_the_notebook_out_of_step(client: Client, nb: Notebook) -> None:
    document = {"uri": "vscode-notebook-cell:/nowhere#W9", "version": 4}
    nb.change(textContent=[{"document": document, "changes": [{"text": "lost"}]}])
    for method, params in (
        ("focus", {"cell": nb.cells[0].uri}),
        ("suggest", {"cell": nb.cells[0].uri}),
        ("executed", {"cell": nb.cells[1].uri, "success": True}),
        ("dismiss", {}),
    ):
        error = client.refused(f"ghostcells/{method}", {"notebook": {"uri": nb.uri}, **params})
        assert (error.code, error.reason) == (-32803, "out-of-step"), method
    other = open_notebook(client, "other.md", md("Fine"))
    assert other.focus(other.cells[0])["session"]
    nb.close()
    nb.open()
    assert nb.focus(nb.cells[0])["session"]
    assert command_ghost(nb, nb.cells[0])["text"] == RESTART[1]


def test_a_cell_that_a_ghost_became_is_learned_under_its_id(client: Client, nb: Notebook, prose: Cell) -> None:
    cell = accepted(nb, prose)
    assert cell.id is not None
    event = run(nb, cell)
    assert learned(client, cell.id, event)["reason"] == "as-suggested"


def test_utf_16_positions(client: Client, nb: Notebook) -> None:
    """Typing after characters outside the basic plane, on the second line of a cell."""
    cell = nb.cells[1]
    nb.set_text(cell, "echo 😀\r\necho 🧪x")
    nb.edit(cell, len(cell.text) - 1, len(cell.text), "é")
    nb.type_text(cell, " 😀!")
    event = run(nb, cell)
    assert client.eventually(lambda e: e["id"] == event)["text"] == "echo 😀\r\necho 🧪é 😀!"
