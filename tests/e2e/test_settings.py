"""Where settings come from, which of them count, and that they count at once."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.wires import CHAT

from .cells import md
from .daemon import BEST_THERE_IS, OFFLINE, Daemons, Home
from .editor import Notebook, open_notebook
from .faulty import Faulty
from .lessons import BACKUP, RESTART
from .steps import ask_model

if TYPE_CHECKING:
    from tests.providers.server import Talk

    from .client import Client, Json
    from .model import Model

QUIET = 1.5  # seconds in which a suggestion that is to come has come


def configure(client: Client, settings: Json | None = None, **options: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": {"settings": settings or {}, **options}})


def write(client: Client, name: str, text: str) -> Notebook:
    notebook = open_notebook(client, name, md())
    notebook.focus(notebook.cells[0])
    notebook.set_text(notebook.cells[0], text)
    return notebook


def answers_by_itself(client: Client, name: str) -> bool:
    """Whether text alone, without being asked by hand, brings a suggestion; asked a second way to have an end."""
    notebook = write(client, name, RESTART[0])
    probe = next((p for p in _publishes(notebook, QUIET)), None)
    notebook.focus(None)
    notebook.close()
    return probe is not None


def _publishes(notebook: Notebook, timeout: float) -> list[Json]:
    try:
        return [notebook.until(lambda p: bool(p["ghosts"]), timeout)]
    except AssertionError:
        return []


@pytest.mark.slow
def test_suggesting_can_be_switched_off_and_on(daemons: Daemons, taught: Home) -> None:
    client = daemons.start(taught, settings={"suggest": {"enabled": False}})
    client.take("ghostcells/status", lambda p: p["state"] == "off")
    assert not answers_by_itself(client, "off.md")
    configure(client, {"suggest": {"enabled": True}})
    client.take("ghostcells/status", lambda p: p["state"] == "ready")
    assert answers_by_itself(client, "on.md")


def test_switching_off_removes_the_ghosts(client: Client) -> None:
    notebook = write(client, "today.md", RESTART[0])
    notebook.shown()
    configure(client, {"suggest": {"enabled": False}})
    notebook.until(lambda p: p["ghosts"] == [])
    assert notebook.ghosts == []


@pytest.mark.slow
def test_new_settings_replace_the_former_ones(daemons: Daemons, taught: Home) -> None:
    """They are not merged: what is no longer said falls back to the file."""
    client = daemons.start(taught, settings={"suggest": {"mode": "manual"}})
    assert not answers_by_itself(client, "manual.md")
    configure(client, {})
    assert answers_by_itself(client, "auto.md")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "workspace", "editor", "on"),
    [
        pytest.param(True, False, None, False, id="workspace-over-file"),
        pytest.param(False, True, None, True, id="workspace-over-file-too"),
        pytest.param(True, True, False, False, id="editor-over-workspace"),
        pytest.param(False, None, True, True, id="editor-over-file"),
    ],
)
def test_precedence(
    daemons: Daemons, taught: Home, *, file: bool, workspace: bool | None, editor: bool | None, on: bool
) -> None:
    taught.configure({**BEST_THERE_IS, "suggest": {"enabled": file}})
    trees = {
        name: {"suggest": {"enabled": value}}
        for name, value in (("workspaceSettings", workspace), ("settings", editor))
        if value is not None
    }
    assert answers_by_itself(daemons.start(taught, **trees), "today.md") is on


def test_a_trusted_workspace_may_choose_the_model(daemons: Daemons, home: Home, model: Model) -> None:
    home.configure({"memory": {"minConfidence": 0}})
    workspace = {"model": model.settings(home.root)}
    client = daemons.start(home, workspaceSettings=workspace, workspaceTrusted=True)
    notebook, _, answer = ask_model(client, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    assert notebook.shown()


def test_a_trusted_workspace_does_not_get_the_users_key(daemons: Daemons, home: Home) -> None:
    """It is asked, as a team's own server is, and asked without a key, whoever it is."""
    home.configure({"memory": {"minConfidence": 0}})

    async def whole(talk: Talk) -> None:
        await talk.stream(*CHAT.answer("```bash\ngzip access.log\n```\n"))

    with Faulty() as server:
        server.does(whole)
        theirs = {"model": {"provider": "openai", "name": "m", "baseUrl": f"{server.server.url}/v1"}}
        client = daemons.spawn(home, OPENAI_API_KEY="not-a-real-key")
        client.initialize({"workspaceSettings": theirs, "workspaceTrusted": True})
        for key, log in ((None, "access"), ("Bearer not-a-real-key", "error")):
            configure(client, theirs if key else {}, workspaceSettings=theirs, workspaceTrusted=True)
            notebook = write(client, f"{log}.md", f"Compress the {log} log of yesterday")
            notebook.suggest(notebook.cells[0])
            assert notebook.shown()[-1]["text"].strip() == "gzip access.log"
            assert server.server.requests[-1].headers.get("authorization") == key


@pytest.mark.slow
@pytest.mark.parametrize("trust", [{}, {"workspaceTrusted": False}], ids=["unsaid", "untrusted"])
def test_an_untrusted_workspace_sends_nothing_anywhere(
    daemons: Daemons, taught: Home, model: Model, trust: dict[str, Any]
) -> None:
    taught.configure({"memory": {"minConfidence": 0}})
    workspace = {"model": model.settings(taught.root), "suggest": {"enabled": True}}
    client = daemons.start(taught, workspaceSettings=workspace, **trust)
    write(client, "secret.md", "Compress the access log of yesterday")
    with pytest.raises(queue.Empty):
        model.requests.get(timeout=QUIET)
    client.ping()


def test_trust_that_comes_later_counts_from_then_on(daemons: Daemons, home: Home, model: Model) -> None:
    home.configure({"memory": {"minConfidence": 0}})
    workspace = {"model": model.settings(home.root)}
    client = daemons.start(home, workspaceSettings=workspace, workspaceTrusted=False)
    configure(client, {}, workspaceSettings=workspace, workspaceTrusted=True)
    notebook, _, answer = ask_model(client, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    assert notebook.shown()


def test_the_base_url_may_come_from_the_environment(daemons: Daemons, home: Home, model: Model) -> None:
    settings = model.settings(home.root)
    url = settings.pop("baseUrl")
    home.configure({**BEST_THERE_IS, "model": settings})
    client = daemons.spawn(home, OPENAI_BASE_URL=url)
    client.initialize()
    notebook, _, answer = ask_model(client, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    assert notebook.shown()


@pytest.mark.slow
def test_a_budget_of_nothing_asks_no_model(daemons: Daemons, taught: Home, model: Model) -> None:
    taught.configure({**BEST_THERE_IS, "model": model.settings(taught.root), "budget": {"notebookUsd": 0.0}})
    client = daemons.start(taught)
    notebook = write(client, "today.md", RESTART[0])
    assert notebook.shown()[-1]["source"] == "memory"
    notebook.set_text(notebook.cells[0], "Compress the access log of yesterday")
    with pytest.raises(queue.Empty):
        model.requests.get(timeout=QUIET)


def test_a_minimal_confidence_of_zero_shows_the_best_there_is(daemons: Daemons, taught: Home) -> None:
    client = daemons.start(taught, settings={**OFFLINE, "memory": {"minConfidence": 0}})
    notebook = write(client, "vague.md", "Backup please, of the orders")
    assert notebook.shown()[-1]["text"] == BACKUP[1]


@pytest.mark.slow
def test_a_minimal_confidence_of_one_is_silent_about_the_unlikely(daemons: Daemons, taught: Home) -> None:
    client = daemons.start(taught, settings={**OFFLINE, "memory": {"minConfidence": 1}})
    notebook = write(client, "vague.md", "Backup please, of the orders")
    assert _publishes(notebook, QUIET) == []


@pytest.mark.parametrize(
    "text",
    ["suggest = 5\n", "[suggest]\nmode = 7\n", "[nothing]\nlike = 'this'\n", "this is no TOML", "\x00"],
    ids=["table", "type", "unknown", "syntax", "nul"],
)
def test_a_bad_configuration_file_stops_nothing(daemons: Daemons, taught: Home, text: str) -> None:
    taught.configure(text)
    client = daemons.start(taught, settings=BEST_THERE_IS)
    assert write(client, "today.md", RESTART[0]).shown()[-1]["text"] == RESTART[1]
    for entry in client.received:
        if entry.method == "window/showMessage":
            entry.read = True


@pytest.mark.parametrize(
    "settings",
    [
        {"suggest": {"mode": "sometimes"}},
        {"suggest": True},
        {"memory": {"minConfidence": "high"}},
        {"unheard": {"of": 1}},
        "not an object",
        None,
        [],
    ],
    ids=["value", "table", "type", "unknown", "string", "null", "array"],
)
def test_bad_settings_from_the_editor_cost_only_themselves(client: Client, settings: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": {"settings": settings}})
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert write(client, "today.md", RESTART[0]).shown()[-1]["text"] == RESTART[1]
    for entry in client.received:
        if entry.method == "window/showMessage":
            entry.read = True
