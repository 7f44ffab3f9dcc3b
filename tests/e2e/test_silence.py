"""Why nothing was suggested just now: what a real daemon decided, as its status, the terminal, the page and OTLP tell it."""

from __future__ import annotations

import http.client
import http.server
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from .cells import md
from .client import eventually
from .daemon import BEST_THERE_IS, OFFLINE, Daemons, Home
from .editor import open_notebook
from .lessons import RESTART

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .client import Client, Json
    from .model import Model

pytestmark = pytest.mark.slow
PROSE_SESSIONS = 6
"""From so many on of which none was followed by a run, prose is what is being written."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """An address for OTLP, and the bodies of traces that came there."""
    came: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                came.append(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", came
    server.shutdown()
    server.server_close()
    thread.join()


def write(client: Client, text: str, name: str = "today.md") -> Any:
    notebook = open_notebook(client, name, md())
    notebook.focus(notebook.cells[0])
    notebook.set_text(notebook.cells[0], text)
    return notebook


def abstained(client: Client, model: Model) -> None:
    write(client, "Backup please, of the orders")


def debounced(client: Client, model: Model) -> None:
    """The focus moves on while the model is still thinking."""
    answer = model.will_say()
    notebook = write(client, "Compress the access log of yesterday.")
    model.next_request()
    notebook.focus(None)
    answer.end()


def budget(client: Client, model: Model) -> None:
    write(client, "Compress the access log of yesterday.")


def prose(client: Client, model: Model) -> None:
    """Paragraph after paragraph is written, and none is followed by a run."""
    notebook = open_notebook(client, "letter.md", *(md() for _ in range(PROSE_SESSIONS + 1)))
    for number, cell in enumerate(notebook.cells[:-1]):
        notebook.focus(cell)
        notebook.set_text(cell, f"Yesterday chapter{number} of the novel{number} was short.")
        model.next_request()
    notebook.focus(notebook.cells[-1])
    notebook.set_text(notebook.cells[-1], "Tomorrow another chapter of the novel is long.")


def off(client: Client, model: Model) -> None:
    write(client, RESTART[0])


def provider_down(client: Client, model: Model) -> None:
    model.will_fail(401)
    write(client, "Compress the access log of yesterday.")
    client.take("window/showMessage")


def out_of_step(client: Client, model: Model) -> None:
    notebook = write(client, "Compress the access log of yesterday.")
    document = {"uri": "vscode-notebook-cell:/nowhere#W9", "version": 4}
    notebook.change(textContent=[{"document": document, "changes": [{"text": "lost"}]}])


ABSTAINING = {**OFFLINE, "memory": {"minConfidence": 1}}
CASES = [
    pytest.param("abstained", abstained, ABSTAINING, False, "is below 1.00", "memory.minConfidence", id="abstained"),
    pytest.param("debounced", debounced, {}, True, "before a model had answered", "rest a moment longer", id="debounced"),
    pytest.param("budget", budget, {"budget": {"notebookUsd": 0.0}}, True, "budget.notebookUsd", "budget.dayUsd", id="budget"),
    pytest.param("prose", prose, {}, True, "of such texts were followed by a run", "ask by hand", id="prose"),
    pytest.param("off", off, {"suggest": {"enabled": False}}, False, "switched off", "suggest.enabled", id="off"),
    pytest.param("provider-down", provider_down, {}, True, "does not accept the key", "ghostcells doctor", id="provider-down"),
    pytest.param("out-of-step", out_of_step, {}, False, "could not be applied", "open it again", id="out-of-step"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "happen", "settings", "modelled", "why", "advice"), CASES)
def test_every_way_of_telling_names_the_reason_of_the_decision(
    reason: str, happen: Callable[[Client, Model], None], settings: Json, modelled: bool, why: str, advice: str,  # noqa: FBT001
    request: pytest.FixtureRequest, daemons: Daemons, home: Home, model: Model, receiver: tuple[str, list[bytes]],
) -> None:  # fmt: skip
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    endpoint, came = receiver
    telling = {"telemetry": {"otlp": True, "endpoint": endpoint}}
    asked = {"model": model.settings(home.root)} if modelled else OFFLINE
    if happen is abstained:
        request.getfixturevalue("taught")
    home.configure({**BEST_THERE_IS, **asked, **settings, **telling})
    client = daemons.start(home)
    happen(client, model)

    decision = eventually(lambda: decided(home, reason), f"a decision: {reason}", 20)
    assert why in decision["why"]
    assert told(home, "trace", decision["suggestion"])["why"]
    findings = {one["about"]: one for one in told(home, "doctor", failing=True)}
    said = findings["last decision"]
    assert f"({reason}): {decision['why']}" in said["text"]
    assert advice in said["advice"]
    assert in_the_status(client, reason, decision["why"])
    with the_page(home) as page:
        assert f"<td>{reason}</td><td>" in page
    daemons.finish(client)
    assert reason in reasons(came)


def told(home: Home, *arguments: str, failing: bool = False) -> Any:
    made = home.run(*arguments, "--json")
    assert made.returncode == 0 or failing, made.stderr
    return json.loads(made.stdout)


def decided(home: Home, reason: str) -> Json | None:
    """What `ghostcells trace` says of the last decision, once it is of this reason."""
    made = home.run("trace", "--json")
    found: Json = json.loads(made.stdout) if made.returncode == 0 else {}
    found = found.get("decision") or found
    return found if found.get("silence") == reason else None


def in_the_status(client: Client, reason: str, why: str) -> bool:
    """The status says it, or what is wrong; of typing it says less, and of what is off that it is off."""
    said = [one.params for one in client.received if one.method == "ghostcells/status"]
    last = next(one for one in reversed(said) if one["state"] != "thinking")
    match reason:
        case "off":
            return bool(last["state"] == "off")
        case "provider-down" | "budget":
            return last["state"] == "degraded" and last["message"].partition(":")[0] in why
        case "debounced":
            return bool(last["message"] == "Nothing suggested: the typing went on")
    return bool(last["message"] == f"Nothing suggested: {why}")


@contextmanager
def the_page(home: Home) -> Iterator[str]:
    """The first page of the dashboard, as one who has followed the link gets it."""
    command = [sys.executable, "-m", "ghostcells", "dashboard", "--no-browser", "--json"]
    with subprocess.Popen(command, env=home.environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address, _, path = json.loads(server.stdout.readline())["link"].removeprefix("http://").partition("/")
            _, cookie = ask(address, f"/{path}", "")
            yield ask(address, "/", cookie.partition(";")[0])[0]
        finally:
            server.terminate()


def ask(address: str, path: str, cookie: str) -> tuple[str, str]:
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return text, answer.getheader("set-cookie") or ""


def reasons(came: list[bytes]) -> set[str]:
    """The reasons of the decisions that reached the receiver."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return {
        attribute.value.string_value
        for body in came
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        if span.name == "ghostcells.decide"
        for attribute in span.attributes
        if attribute.key == "ghostcells.reason"
    }
