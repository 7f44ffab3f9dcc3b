"""The way in and the way out: initialize, shutdown, exit, and ends without a goodbye."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from .cells import sh
from .client import Client, ResponseError, eventually
from .editor import open_notebook
from .lessons import run
from .shapes import ULID

if TYPE_CHECKING:
    from .daemon import Daemons, Home

SLACK = 1.5  # the machine that runs tests may be busy; the page's numbers are for one that is not


def test_initialize_answers_what_the_page_lists(daemons: Daemons, home: Home) -> None:
    result = daemons.spawn(home).initialize()
    assert result["serverInfo"]["name"] == "ghostcells"
    assert isinstance(result["serverInfo"]["version"], str)
    assert result["capabilities"]["experimental"]["ghostcells"] == {"protocolVersion": 1}


def test_every_notebook_and_every_language_is_synchronised(daemons: Daemons, home: Home) -> None:
    sync = daemons.spawn(home).initialize()["capabilities"]["notebookDocumentSync"]
    assert sync["save"] is True

    def everything(selector: dict[str, Any]) -> bool:
        notebook = selector.get("notebook", "*")
        any_notebook = notebook == "*" or (isinstance(notebook, dict) and notebook.get("notebookType") == "*")
        return any_notebook and any(cell == {"language": "*"} for cell in selector.get("cells", [{"language": "*"}]))

    assert any(everything(selector) for selector in sync["notebookSelector"])


def test_text_synchronisation_is_incremental(daemons: Daemons, home: Home) -> None:
    sync = daemons.spawn(home).initialize()["capabilities"]["textDocumentSync"]
    assert (sync["change"] if isinstance(sync, dict) else sync) == 2


def test_positions_are_utf_16_for_an_editor_that_offers_only_that(daemons: Daemons, home: Home) -> None:
    capabilities = daemons.spawn(home).initialize()["capabilities"]
    assert capabilities.get("positionEncoding", "utf-16") == "utf-16"


def test_a_request_before_initialize_is_refused(daemons: Daemons, home: Home) -> None:
    client = daemons.spawn(home)
    assert client.refused("ghostcells/stats", {}).code == -32002
    client.initialize()
    client.ping()


def test_a_second_initialize_is_refused(client: Client) -> None:
    with pytest.raises(ResponseError):
        client.initialize()
    client.ping()


def test_initialization_options_may_be_missing_or_null(daemons: Daemons, home: Home) -> None:
    for options in ({}, {"initializationOptions": None}):
        client = daemons.spawn(home)
        client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}, **options})
        client.notify("initialized", {})
        client.ping()


def test_request_ids_may_be_strings(client: Client) -> None:
    identity = client.post("ghostcells/stats", {}, identity="stats-please")
    assert isinstance(client.answer(identity), dict)


def test_optional_messages_of_lsp_are_harmless(client: Client) -> None:
    client.notify("$/setTrace", {"value": "off"})
    client.notify("$/cancelRequest", {"id": 12345})
    client.notify("$/something/else", {})
    client.notify("workspace/didChangeWatchedFiles", {"changes": []})
    assert client.refused("$/something").code == -32601
    client.ping()


def test_exit_after_shutdown_ends_with_zero_within_two_seconds(client: Client) -> None:
    start = time.monotonic()
    assert client.leave() == 0
    assert time.monotonic() - start < 2 + SLACK


def test_requests_after_shutdown_are_refused(client: Client) -> None:
    assert client.request("shutdown") is None
    assert client.refused("ghostcells/stats", {}).code == -32600
    client.notify("exit")
    assert client.wait_end(2 + SLACK) == 0


def test_exit_without_shutdown_ends_with_one(client: Client) -> None:
    client.notify("exit")
    assert client.wait_end(2 + SLACK) == 1


def test_everything_acknowledged_is_there_after_shutdown(daemons: Daemons, home: Home) -> None:
    first = daemons.start(home)
    notebook = open_notebook(first, "a.md", sh("echo one", id="01ARZ3NDEKTSV4RRFFQ69G5FAV"))
    event = run(notebook, notebook.cells[0])
    assert ULID.fullmatch(event)
    first.leave()
    assert event in [e["id"] for e in daemons.start(home).all_events()]


def test_the_daemon_ends_when_its_input_closes(client: Client) -> None:
    assert client.process.stdin is not None
    client.process.stdin.close()
    client.wait_end(10)


def test_the_daemon_ends_when_its_parent_is_gone(daemons: Daemons, home: Home) -> None:
    """An editor may die while something else holds the other end of the daemon's input."""
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'ghostcells', 'serve'])\n"
        "sys.exit(child.wait())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env=home.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    client = Client(parent)
    daemons.running.append(client)
    client.initialize(process_id=parent.pid)
    client.ping()
    parent.kill()
    parent.wait()
    eventually(lambda: client.ended or None, "the end of the daemon's stdout", 10)


def test_serve_takes_its_places_from_the_command_line(daemons: Daemons, home: Home) -> None:
    """--data-dir and --config win over the environment, which names other places here."""
    other = home.root / "other"
    client = daemons.spawn(home, "--data-dir", str(other), "--config", str(home.config), GHOSTCELLS_DATA_DIR="/nowhere")
    client.initialize()
    notebook = open_notebook(client, "a.md", sh("echo one"))
    run(notebook, notebook.cells[0])
    assert any(path.is_file() for path in other.rglob("*"))
    assert not home.data.exists()


def test_nothing_is_written_outside_the_data_directory(daemons: Daemons, home: Home) -> None:
    client = daemons.start(home)
    notebook = open_notebook(client, "a.md", sh("echo one"))
    run(notebook, notebook.cells[0])
    daemons.finish(client)
    written = [path for path in (home.root / "home").rglob("*") if path.is_file()]
    assert written == []
