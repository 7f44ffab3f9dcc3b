"""The runbooks of a workspace: offered once with a preview, learned where the user agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .cells import md
from .editor import open_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from .client import Client
    from .daemon import Daemons, Home

RUNBOOK = "Restart the web shop\n\n```sh\nkubectl -n shop rollout restart deployment/web\n```\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/shop.md").write_text(RUNBOOK)
    (folder / "bad.ipynb").write_text("{")
    return folder


@pytest.fixture
def client(daemons: Daemons, home: Home, work: Path) -> Client:
    return daemons.start(home, folders=(work.as_uri(),), workspaceTrusted=True)


def test_a_preview_tells_what_would_be_learned_and_learns_nothing(client: Client, work: Path) -> None:
    found = client.request("ghostcells/learnPreview", {})
    sample = {
        "notebook": (work / "docs/shop.md").as_uri(),
        "intent": "Restart the web shop",
        "text": "kubectl -n shop rollout restart deployment/web",
    }
    assert (found["asked"], found["files"], found["fresh"], found["known"]) == (False, 1, 1, 0)
    assert found["samples"] == [sample]
    assert "bad.ipynb" in found["problems"][0]
    assert client.request("ghostcells/stats", {})["examples"] == 0


def test_who_agrees_has_it_learned_and_suggested(client: Client) -> None:
    assert client.request("ghostcells/learn", {"agreed": True})["learned"] == 1
    [event] = [e for e in client.all_events() if e["type"] == "LEARNED"]
    assert event["reason"] == "read"
    again = client.request("ghostcells/learnPreview", {})
    assert (again["asked"], again["fresh"], again["known"]) == (True, 0, 1)
    nb = open_notebook(client, "today.md", md())
    nb.focus(nb.cells[0])
    nb.set_text(nb.cells[0], "Restart the web shop")
    ghost = nb.until(lambda p: bool(p["final"] and p["ghosts"]))["ghosts"][-1]
    assert ghost["text"] == "kubectl -n shop rollout restart deployment/web"
    assert ghost["label"] == "from runbook shop.md, not run yet"


def test_who_declines_is_not_asked_again(daemons: Daemons, home: Home, work: Path, client: Client) -> None:
    assert client.request("ghostcells/learn", {"agreed": False}) == {"learned": 0, "known": 0, "problems": []}
    other = daemons.start(home, folders=(work.as_uri(),), workspaceTrusted=True)
    found = other.request("ghostcells/learnPreview", {})
    assert (found["asked"], found["fresh"]) == (True, 1)


def test_nothing_is_learned_from_a_workspace_that_is_not_trusted(daemons: Daemons, home: Home, work: Path) -> None:
    client = daemons.start(home, folders=(work.as_uri(),))
    for method, params in (("learnPreview", {}), ("learn", {"agreed": True})):
        refusal = client.refused(f"ghostcells/{method}", params)
        assert refusal.code == -32803
        assert refusal.data == {"reason": "untrusted"}


@pytest.mark.parametrize("params", [{}, {"agreed": "yes"}, {"agreed": None}])
def test_an_answer_has_to_be_one(client: Client, params: dict[str, object]) -> None:
    assert client.refused("ghostcells/learn", params).code == -32602
