"""A real model behind the daemon: llama.cpp's own server, a small model, the SDK, and an editor that sees ghosts grow.

What this model says is worth nothing, so nothing here depends on it: that text comes, streams, is counted, can be
interrupted, and that a server that ends and comes back is noticed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ghostcells.trial import llama

from .cells import md, sh
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .steps import traced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .client import Client, Json

pytestmark = pytest.mark.slow
PATIENCE = 60.0
"""For a small model on a busy machine."""
ANCHOR = 4


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    weights = llama.weights()
    if weights is None:
        pytest.skip(f"no model on this computer: {llama.HINT}")
    with llama.serving(weights) as found:
        yield found


def settings(url: str) -> Json:
    return {**BEST_THERE_IS, "model": {"provider": "openai", "baseUrl": url, "name": llama.NAME}}


@pytest.fixture
def local(home: Home, daemons: Daemons, url: str) -> Client:
    home.configure(settings(url))
    return daemons.start(home)


def page(client: Client) -> Notebook:
    """A notebook whose way of answering even this model takes up: prose, command, prose, command."""
    notebook = open_notebook(
        client,
        "local.md",
        md("List the files of this directory."),
        sh("ls -l"),
        md("Show the first lines of the access log."),
        sh("head access.log"),
        md(),
    )
    notebook.focus(notebook.cells[ANCHOR])
    return notebook


def suggested(notebook: Notebook, text: str) -> Json:
    """Ask by hand about what is written; the whole answer's publish."""
    cell = notebook.cells[ANCHOR]
    notebook.set_text(cell, text)
    notebook.suggest(cell)
    return notebook.until(lambda p: p["final"], PATIENCE)


def test_ghosts_of_a_real_model_appear_and_are_traced(local: Client) -> None:
    notebook = page(local)
    asked = ("Show the last lines of the access log.", "Count the lines of the access log.", "Remove the access log.")
    ghost = next((shown["ghosts"][0] for text in asked if (shown := suggested(notebook, text))["ghosts"]), None)
    assert ghost is not None, "the model was asked three times and gave nothing that may be shown"
    assert ghost["source"] == "model"
    trace = traced(local, ghost["id"])
    told = trace["model"]
    assert (told["provider"], told["name"], told["estimated"]) == ("openai", llama.NAME, False)
    assert notebook.cells[ANCHOR].text in told["prompt"]
    assert told["answer"].strip()
    assert told["inputTokens"] > 100
    assert 0 < told["outputTokens"] <= 200
    assert told["costUsd"] == 0
    assert trace["stagesMs"]["firstChunk"] <= trace["stagesMs"]["total"]
    assert {one["name"] for one in trace["assertions"]} >= {"NO_ECHO", "BALANCED_FENCES"}


def test_superseded_requests_leave_a_real_server_free(local: Client) -> None:
    """Each change closes what was under way; the last is answered, and the status comes to rest."""
    notebook = page(local)
    for number in range(4):
        notebook.set_text(notebook.cells[ANCHOR], f"Show the {number + 2} last lines of every log in /var/log.")
        notebook.suggest(notebook.cells[ANCHOR])
        local.take("ghostcells/status", lambda p: p["state"] == "thinking", PATIENCE)
    notebook.until(lambda p: p["final"], PATIENCE)
    local.take("ghostcells/status", lambda p: p["state"] == "ready" and "session" in p, PATIENCE)


def test_a_server_that_ends_and_comes_back_is_noticed(home: Home, daemons: Daemons) -> None:
    weights = llama.weights()
    if weights is None:
        pytest.skip(f"no model on this computer: {llama.HINT}")
    with llama.serving(weights) as url:
        home.configure(settings(url))
        client = daemons.start(home)
        notebook = page(client)
        suggested(notebook, "Show the last lines of the access log.")
    suggested(notebook, "Show the first lines of the error log.")
    degraded = client.take("ghostcells/status", lambda p: p["state"] == "degraded")
    assert "Is the server running" in degraded["message"]
    client.take("window/showMessage")
    with llama.serving(weights, port=urlsplit(url).port or 0):
        for number in range(20):
            suggested(notebook, f"Show the {number} last lines of the error log.")
            if [e.params for e in client.received if e.method == "ghostcells/status"][-1]["state"] == "ready":
                return
    pytest.fail("the daemon did not notice that the server was back")


def test_complete_asks_it_on_the_command_line(home: Home, url: str) -> None:
    home.configure(settings(url))
    runbook = home.root / "runbook.md"
    runbook.write_text("List the files.\n\n```bash\nls -l\n```\n\nShow the first lines of the access log.\n")
    done = home.run("complete", str(runbook), "--explain", "--json")
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["trace"]["model"]["name"] == llama.NAME
    assert told["trace"]["model"]["answer"].strip()


def test_try_finds_the_packaged_model_by_itself(home: Home) -> None:
    if llama.weights() is None:
        pytest.skip(f"no model on this computer: {llama.HINT}")
    done = home.run("try", "--model", "local", "--play")
    assert done.returncode == 0, done.stdout + done.stderr
