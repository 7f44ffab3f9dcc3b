"""What was acknowledged is on disk, for whoever reads that directory next; what is secret is not."""

from __future__ import annotations

import resource
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from .cells import Cell, md, sh
from .client import Client, eventually
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .lessons import BACKUP, RESTART, run, teach
from .steps import command_ghost, end_event, ends_of, events_of, suggested

if TYPE_CHECKING:
    from collections.abc import Iterator


NO_FILE_GROWS = pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit of a running process")


def start_and_show(daemons: Daemons, home: Home) -> tuple[Client, Notebook, str]:
    """A daemon that is showing a ghost, and the ghost's id."""
    client = daemons.start(home)
    notebook = open_notebook(client, "today.md", md(), sh("true"))
    notebook.focus(notebook.cells[0])
    ghost = command_ghost(notebook, notebook.cells[0])["id"]
    suggested(client, ghost)
    return client, notebook, ghost


def test_a_killed_daemon_loses_nothing_that_it_acknowledged(daemons: Daemons, home: Home) -> None:
    first = daemons.start(home)
    notebook = open_notebook(first, "a.md", sh("echo 0"))
    cell = notebook.cells[0]
    acknowledged = []
    for number in range(30):
        notebook.set_text(cell, f"echo {number}")
        acknowledged.append(run(notebook, cell))
    daemons.kill(first)
    found = {e["id"]: e for e in daemons.start(home).all_events()}
    assert set(acknowledged) <= found.keys()
    assert [found[event]["text"] for event in acknowledged] == [f"echo {number}" for number in range(30)]


def test_an_acknowledged_acceptance_survives_a_kill(daemons: Daemons, taught: Home) -> None:
    first, notebook, ghost = start_and_show(daemons, taught)
    assert notebook.focus(notebook.cell_of(ghost))["accepted"] == [ghost]
    daemons.kill(first)
    assert ends_of(daemons.start(taught), ghost) == [("ACCEPTED", "focus")]


def test_half_a_line_at_the_end_of_a_log_is_no_obstacle(daemons: Daemons, home: Home) -> None:
    """Where a power cut may leave a file."""
    first = daemons.start(home)
    teach(first, "shop.md", RESTART)
    daemons.kill(first)
    before = list(home.data.rglob("*.jsonl"))
    for path in home.data.rglob("*.jsonl"):
        with path.open("ab") as log:
            log.write(b'{"id":"01J')
    assert before
    kinds = [e["type"] for e in daemons.start(home).all_events()]
    assert "EXECUTED" in kinds
    assert "LEARNED" in kinds


def test_ghosts_of_a_dead_daemon_are_lost(daemons: Daemons, taught: Home) -> None:
    first, _, ghost = start_and_show(daemons, taught)
    daemons.kill(first)
    event = end_event(daemons.start(taught), ghost)
    assert (event["type"], event["reason"]) == ("SUPERSEDED", "lost")


def test_ghosts_of_a_living_daemon_are_not_lost(daemons: Daemons, taught: Home) -> None:
    _, notebook, ghost = start_and_show(daemons, taught)
    second = daemons.start(taught)
    other = open_notebook(second, "other.md", sh("true"))
    run(other, other.cells[0])
    assert ends_of(second, ghost) == []
    assert notebook.accept(ghost)["accepted"] == [ghost]


def test_a_lost_ghost_that_hot_exit_kept_is_restored_by_focus(daemons: Daemons, taught: Home) -> None:
    first, notebook, ghost = start_and_show(daemons, taught)
    cells = notebook.cells
    daemons.kill(first)
    second = daemons.start(taught)
    again = Notebook(second, notebook.uri, cells).open()
    end_event(second, ghost)
    assert again.focus(again.cell_of(ghost))["accepted"] == [ghost]
    kinds = events_of(second, ghost)
    assert kinds == [("SUPERSEDED", "lost"), ("RESTORED", None), ("ACCEPTED", "focus")]
    run(again, again.cell_of(ghost))


def test_a_cell_accepted_before_a_restart_is_an_ordinary_cell(daemons: Daemons, taught: Home) -> None:
    """Even where the file kept an old ghost flag."""
    first, notebook, ghost = start_and_show(daemons, taught)
    notebook.focus(notebook.cell_of(ghost))
    daemons.finish(first)
    second = daemons.start(taught)
    again = Notebook(second, notebook.uri, [cell for cell in notebook.cells if not cell.is_ghost or cell.id == ghost])
    again.open()
    event = run(again, again.cell_of(ghost))
    assert second.eventually(lambda e: e["id"] == event)["cell"] == ghost
    assert ends_of(second, ghost) == [("ACCEPTED", "focus")]


def test_events_of_one_daemon_appear_in_the_other(daemons: Daemons, home: Home) -> None:
    one, two = daemons.start(home), daemons.start(home)
    for writer, reader, name in ((one, two, "one.md"), (two, one, "two.md")):
        notebook = open_notebook(writer, name, sh(f"echo {name}"))
        event = run(notebook, notebook.cells[0])
        reader.eventually(lambda e, event=event: e["id"] == event, 2.5)  # type: ignore[misc]


def test_a_reader_that_follows_two_writers_misses_nothing(daemons: Daemons, home: Home) -> None:
    writers = [daemons.start(home), daemons.start(home)]
    notebooks = [open_notebook(w, f"{n}.md", sh("echo 0"), sh("echo 1")) for n, w in enumerate(writers)]
    reader = daemons.start(home)
    seen: list[str] = []

    def follow() -> None:
        after = {"after": seen[-1]} if seen else {}
        seen.extend(e["id"] for e in reader.events(limit=4, **after))

    written = []
    for round_ in range(15):
        for notebook in notebooks:
            written.append(run(notebook, notebook.cells[round_ % 2]))
            follow()

    def caught_up() -> bool | None:
        follow()
        return set(written) <= set(seen) or None

    eventually(caught_up, "every event in the pages of one reader", 5)
    assert seen == sorted(set(seen))


@contextmanager
def full_disk(client: Client) -> Iterator[None]:
    """No file of the daemon can grow, as on a full disk; pipes are not files."""
    limit = resource.RLIMIT_FSIZE
    client.lossy = True
    former = resource.prlimit(client.process.pid, limit)
    resource.prlimit(client.process.pid, limit, (0, former[1]))
    try:
        yield
    finally:
        resource.prlimit(client.process.pid, limit, former)


@NO_FILE_GROWS
def test_what_cannot_be_written_did_not_happen(client: Client, nb: Notebook) -> None:
    cell = nb.cells[1]
    nb.focus(cell)
    before = client.all_events()
    with full_disk(client):
        params = {"notebook": {"uri": nb.uri}, "cell": cell.uri, "success": True}
        error = client.refused("ghostcells/executed", params)
        assert (error.code, error.reason) == (-32803, "not-durable")
        client.take("ghostcells/status", lambda p: p["state"] == "degraded")
        client.ping()
        assert client.all_events() == before
    event = nb.executed(cell)["event"]
    assert [e["id"] for e in client.all_events() if e["type"] == "EXECUTED" and e["notebook"] == nb.uri] == [event]


@NO_FILE_GROWS
def test_an_acceptance_that_cannot_be_written_can_be_repeated(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    cell = nb.cell_of(ghost["id"])
    with full_disk(client):
        error = client.refused("ghostcells/focus", {"notebook": {"uri": nb.uri}, "cell": cell.uri})
        assert (error.code, error.reason) == (-32803, "not-durable")
    assert ends_of(client, ghost["id"]) == []
    assert nb.focus(cell)["accepted"] == [ghost["id"]]
    assert ends_of(client, ghost["id"]) == [("ACCEPTED", "focus")]


@NO_FILE_GROWS
def test_suggesting_goes_on_with_a_full_disk(client: Client, nb: Notebook, prose: Cell) -> None:
    with full_disk(client):
        nb.set_text(prose, RESTART[0])
        assert nb.shown()[-1]["text"] == RESTART[1]
        nb.set_text(prose, BACKUP[0])
        assert nb.until(lambda p: any(g["text"] == BACKUP[1] for g in p["ghosts"]))
    client.ping()


@NO_FILE_GROWS
def test_with_a_full_disk_what_is_typed_elsewhere_is_suggested_for_too(
    client: Client, nb: Notebook, prose: Cell
) -> None:
    """The move there cannot be made durable and is refused; a key in a cell says as well where the user is."""
    there = md()
    nb.insert(len(nb.cells), there)
    with full_disk(client):
        params = {"notebook": {"uri": nb.uri}, "cell": there.uri}
        assert client.refused("ghostcells/focus", params).reason == "not-durable"
        nb.set_text(there, RESTART[0])
        assert nb.shown()[-1]["text"] == RESTART[1]
        session = nb.suggest(there)
        assert nb.until(lambda p: p["final"] and p["session"] == session)
        told = [e.params["message"] for e in client.received if e.method == "window/showMessage"]
        assert len(told) == 1, told
    client.ping()
    assert nb.focus(prose)["session"]


def test_a_data_directory_that_is_a_file_is_said_and_hurts_nothing(daemons: Daemons, home: Home) -> None:
    """The daemon may refuse to start, with words, or serve without storing; the file stays as it is."""
    home.data.write_text("something else of the user's")
    client = daemons.spawn(home)
    identity = client.post("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    eventually(lambda: client.ended or any(e.message.get("id") == identity for e in client.received) or None, "a word")
    if client.ended:
        assert client.wait_end(5) != 0
        assert str(home.data) in "".join(daemons.said())
        client.sent.clear()
    else:
        client.notify("initialized", {})
        notebook = open_notebook(client, "a.md", sh("true"))
        params = {"notebook": {"uri": notebook.uri}, "cell": notebook.cells[0].uri, "success": True}
        assert client.refused("ghostcells/executed", params).reason == "not-durable"
        notebook.close()
        daemons.kill(client)
    assert home.data.read_text() == "something else of the user's"


def test_an_empty_configuration_file_is_fine(daemons: Daemons, home: Home) -> None:
    home.configure("")
    daemons.start(home, settings=BEST_THERE_IS).ping()


def test_a_data_directory_of_a_newer_version_is_left_alone(daemons: Daemons, home: Home) -> None:
    """An older daemon would read it wrongly and could write what the newer one cannot read."""
    first = daemons.start(home)
    teach(first, "shop.md", RESTART)
    daemons.finish(first)
    (home.data / "format.json").write_text('{"format": 999}')

    def contents() -> dict[str, bytes]:
        return {str(path.relative_to(home.data)): path.read_bytes() for path in home.data.rglob("*") if path.is_file()}

    before = contents()
    second = daemons.spawn(home)
    identity = second.post("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    eventually(lambda: second.ended or any(e.message.get("id") == identity for e in second.received) or None, "a word")
    if second.ended:
        assert second.wait_end(5) != 0
        second.sent.clear()
    else:
        second.notify("initialized", {})
        notebook = open_notebook(second, "a.md", sh("true"))
        params = {"notebook": {"uri": notebook.uri}, "cell": notebook.cells[0].uri, "success": True}
        assert second.refused("ghostcells/executed", params).code == -32803
        for entry in second.received:
            entry.read = True
        daemons.kill(second)
    told = "".join(daemons.said()) + str([e.message for e in second.received])
    assert "999" in told or "newer" in told
    after = contents()
    assert {name: after.get(name) for name in before} == before
    assert [name for name in after if name not in before and not name.startswith("logs")] == []
