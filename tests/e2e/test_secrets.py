"""What is secret reaches neither the disk nor a model."""

from __future__ import annotations

import json
import secrets
import string
from typing import TYPE_CHECKING

from .cells import md, sh
from .editor import open_notebook
from .steps import traced

if TYPE_CHECKING:
    from .client import Client
    from .daemon import Daemons, Home
    from .model import Model


def token(prefix: str, length: int) -> str:
    """A credential that no one has: made anew, so that the sources hold none."""
    return prefix + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def test_secrets_never_reach_the_disk(daemons: Daemons, home: Home) -> None:
    credentials = [
        token("ghp_", 36),
        token("AKIA", 0) + token("", 16).upper(),
        token("xoxb-123456789012-123456789012-", 24),
    ]
    client = daemons.start(home)
    for number, secret in enumerate(credentials):
        prose = md(f"Fetch the report with {secret}")
        notebook = open_notebook(
            client, f"{number}.md", prose, sh(f"curl -H 'Authorization: Bearer {secret}' http://x/")
        )
        notebook.focus(notebook.cells[1])
        output = {"mime": "text/plain", "text": f"your token {secret} is about to expire"}
        event = notebook.executed(notebook.cells[1], outputs=[output])["event"]
        client.eventually(lambda e, event=event: e["id"] == event)  # type: ignore[misc]
        notebook.suggest(notebook.cells[1])
        notebook.until(lambda p: p["final"])
    daemons.finish(client)
    files = [path for path in home.data.rglob("*") if path.is_file()]
    assert files
    leaks = [
        (path.name, secret[:4]) for path in files for secret in credentials if secret.encode() in path.read_bytes()
    ]
    assert leaks == []
    assert not [secret[:4] for secret in credentials for said in daemons.said() if secret in said]


def test_secrets_never_reach_a_model(assisted: Client, model: Model) -> None:
    secret = token("ghp_", 36)
    model.will_say("```bash\ngh auth status\n```\n").end()
    notebook = open_notebook(assisted, "secret.md", sh(f"export GITHUB_TOKEN={secret}"), md())
    notebook.focus(notebook.cells[1])
    notebook.set_text(notebook.cells[1], "Check that the token of GitHub works")
    request = model.next_request()
    assert "GITHUB_TOKEN" in request
    assert secret not in request
    notebook.shown()
    found = traced(assisted, notebook.ghosts[-1].id or "")
    assert secret not in json.dumps(found)
    assert found["redactions"] >= 1
