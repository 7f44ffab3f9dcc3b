"""What is published, when, and in which pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import CODE, Cell, md
from .editor import Notebook, open_notebook
from .lessons import BACKUP, RESTART
from .shapes import PUBLISH
from .steps import command_ghost, ends_of

if TYPE_CHECKING:
    from .client import Client
    from .daemon import Daemons, Home


def test_a_suggestion_from_memory_has_the_published_shape(nb: Notebook, prose: Cell) -> None:
    nb.set_text(prose, RESTART[0])
    publish = nb.until(lambda p: bool(p["final"] and p["ghosts"]))
    PUBLISH(publish, "publish")
    assert publish["after"] == prose.uri
    assert publish["accepted"] == []
    assert publish["candidates"]["count"] >= 1
    ghost = publish["ghosts"][-1]
    assert (ghost["kind"], ghost["languageId"]) == (CODE, "shellscript")
    assert ghost["source"] == "memory"
    assert ghost["text"] == RESTART[1]


def test_a_ghost_of_the_memory_says_why_and_how_likely(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    assert ghost["label"]
    assert 0 < ghost["confidence"] <= 1


def test_revisions_go_on_over_closing_and_opening(nb: Notebook, prose: Cell) -> None:
    """An editor keeps the last revision that it applied to a notebook: a smaller one would never be drawn."""
    command_ghost(nb, prose)
    nb.close()
    assert nb.applied is not None
    epoch, revision = nb.applied
    nb.cells = [cell for cell in nb.cells if not cell.is_ghost]
    nb.open()
    nb.focus(prose)
    nb.set_text(prose, BACKUP[0])
    publish = nb.until(lambda p: bool(p["ghosts"]))
    assert publish["epoch"] == epoch
    assert publish["revision"] > revision


def test_each_start_of_a_daemon_is_an_epoch(daemons: Daemons, taught: Home) -> None:
    epochs = []
    for name in ("first.md", "second.md"):
        client = daemons.start(taught)
        notebook = open_notebook(client, name, md())
        notebook.focus(notebook.cells[0])
        notebook.set_text(notebook.cells[0], RESTART[0])
        epochs.append(notebook.until(lambda p: bool(p["ghosts"]))["epoch"])
        daemons.finish(client)
    assert epochs[0] < epochs[1]


def test_ghosts_follow_their_anchor_when_cells_are_inserted_above(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.insert(0, md("A new first cell"))
    nb.settle()
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


def test_typing_is_never_suggested_for_before_it_rests(client: Client, nb: Notebook, prose: Cell) -> None:
    nb.type_text(prose, RESTART[0])
    nb.shown()
    suggestions = [e for e in client.all_events() if e["type"] == "SUGGESTED" and e["notebook"] == nb.uri]
    assert len(suggestions) <= 2


def test_ghosts_are_not_ended_by_saving(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.save()
    client.ping()
    assert ends_of(client, ghost["id"]) == []
