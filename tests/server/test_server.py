"""The server in a process of its own, among fakes: framing, order, the way in and the way out."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import framing
from tests.e2e.client import Client, eventually

COMPOSITION = Path(__file__).with_name("composition.py")
ROOT = Path(__file__).parents[2]
SLACK = 1.5  # the machine that runs tests may be busy
NB = {"uri": "file:///a.md"}

Spawn = Callable[..., Client]


def popen(environment: dict[str, str] | None = None, **streams: Any) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "daemon"), **(environment or {})}
    return subprocess.Popen([sys.executable, COMPOSITION], env=environment, **streams)


def start(**environment: str) -> Client:
    return Client(popen(environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))


def finish(client: Client) -> None:
    """Whatever happened to it, it must have spoken the protocol."""
    client.process.kill()
    client.wait_end(10)
    for pipe in (client.process.stdin, client.process.stdout):
        assert pipe is not None
        with suppress(BrokenPipeError):
            pipe.close()
    assert client.problems == []


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    clients: list[Client] = []

    def another(**environment: str) -> Client:
        clients.append(start(**environment))
        return clients[-1]

    yield another
    for client in clients:
        finish(client)


@pytest.fixture
def client(spawn: Spawn) -> Client:
    client = spawn()
    client.initialize()
    return client


@pytest.fixture(scope="module")
def sturdy() -> Iterator[Client]:
    """One for all tests that must leave a server as it was."""
    client = start()
    client.initialize()
    yield client
    assert client.leave() == 0
    finish(client)


def open_notebook(client: Client, **metadata: Any) -> None:
    cell = {"kind": 2, "document": "c", "metadata": metadata}
    document = {**NB, "notebookType": "runme", "version": 1, "cells": [cell]}
    texts = [{"uri": "c", "languageId": "shellscript", "version": 1, "text": "ls\n"}]
    client.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": texts})


def text_of(client: Client) -> str:
    """The text of the one cell as the daemon has it."""
    text: str = client.request("ghostcells/cellLog", {"id": "cells"})[NB["uri"]][0][2]
    return text


def edit(text: str, start: int, end: int, version: int = 2) -> dict[str, Any]:
    span = {"start": {"line": 0, "character": start}, "end": {"line": 0, "character": end}}
    content = [{"document": {"uri": "c", "version": version}, "changes": [{"range": span, "text": text}]}]
    return {"notebookDocument": {**NB, "version": version}, "change": {"cells": {"textContent": content}}}


# -- the way in


def test_what_is_offered(spawn: Spawn) -> None:
    result = spawn().initialize()
    assert result["serverInfo"] == {"name": "ghostcells", "version": "0"}
    assert result["capabilities"] == {
        "positionEncoding": "utf-16",
        "textDocumentSync": {"openClose": True, "change": 2},
        "notebookDocumentSync": {
            "notebookSelector": [{"notebook": "*", "cells": [{"language": "*"}]}],
            "save": True,
        },
        "experimental": {"ghostcells": {"protocolVersion": 1}},
    }


def test_a_client_that_declares_nothing_is_offered_the_same(spawn: Spawn) -> None:
    client = spawn()
    params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    assert "notebookDocumentSync" in client.request("initialize", params)["capabilities"]


@pytest.mark.parametrize("params", [{"processId": "x"}, {"workspaceFolders": 7}, [], "text"], ids=repr)
def test_an_initialize_that_does_not_fit_can_be_repeated(spawn: Spawn, params: object) -> None:
    client = spawn()
    assert client.refused("initialize", params).code == -32602
    client.initialize()


def test_capabilities_of_any_shape_are_nothing_to_us(spawn: Spawn) -> None:
    client = spawn()
    client.request("initialize", {"capabilities": {"textDocument": 7, "general": {"positionEncodings": ["odd"]}}})


def test_before_initialize_requests_are_refused_and_notifications_dropped(spawn: Spawn) -> None:
    client = spawn()
    client.notify("notebookDocument/didOpen", {})
    for method in ("ghostcells/stats", "shutdown", "nothing"):
        assert client.refused(method, {}).code == -32002
    client.initialize()
    client.ping()


def test_messages_wait_in_order_while_the_application_is_built(spawn: Spawn) -> None:
    client = spawn()
    client.initialize({"slow": 0.3})
    open_notebook(client)
    client.notify("notebookDocument/didChange", edit("pwd", 0, 2))
    assert text_of(client) == "pwd\n"


def test_what_keeps_the_application_from_starting_is_said_and_answered(spawn: Spawn) -> None:
    client = spawn()
    client.initialize({"refuse": "written by a newer ghostcells"})
    assert client.take("window/showMessage") == {"type": 1, "message": "written by a newer ghostcells"}
    error = client.refused("ghostcells/stats", {})
    assert (error.code, error.reason, error.message) == (-32803, "unavailable", "written by a newer ghostcells")
    assert client.leave() == 0


def test_standard_messages_are_harmless(sturdy: Client) -> None:
    sturdy.notify("$/setTrace", {"value": "verbose"})
    sturdy.notify("$/setTrace", {"value": 7})
    sturdy.notify("$/setTrace", [])
    sturdy.notify("$/cancelRequest", {"id": 12345})
    sturdy.notify("$/cancelRequest")
    sturdy.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": []}})
    sturdy.notify("workspace/didChangeWorkspaceFolders", {"event": 3})
    sturdy.notify("window/workDoneProgress/cancel", {"token": "x"})
    sturdy.notify("textDocument/didOpen", {"textDocument": {"uri": "x", "text": 3}})
    sturdy.notify("shutdown")
    assert sturdy.refused("workspace/executeCommand", {"command": "x"}).code == -32602
    assert sturdy.refused("initialized", {}).code == -32601
    assert sturdy.refused("$/setTrace", {"value": "off"}).code == -32601
    sturdy.ping()


# -- order and hazards


def test_every_request_is_answered_once_and_with_its_own(sturdy: Client) -> None:
    open_notebook(sturdy)
    posts = []
    for _ in range(50):
        posts.append(sturdy.post("ghostcells/focus", {"notebook": NB, "cell": "c"}))
        posts.append(sturdy.post("ghostcells/sessions", {"limit": len(posts)}))
    sessions = [sturdy.answer(identity)["session"] for identity in posts[::2]]
    assert sessions == sorted(set(sessions))
    assert [sturdy.answer(identity) for identity in posts[1::2]] == list(range(1, 100, 2))


def test_the_publish_of_a_suggestion_comes_after_its_answer(spawn: Spawn) -> None:
    client = spawn()
    client.initialize({"delay": 0.1})
    open_notebook(client)
    identity = client.post("ghostcells/suggest", {"notebook": NB, "cell": "c"})
    client.take("ghostcells/publishGhosts")
    order = [entry.message for entry in client.received if entry.method != "ghostcells/status"]
    assert [message.get("id", message.get("method")) for message in order][-2:] == [
        identity,
        "ghostcells/publishGhosts",
    ]


def test_a_message_within_metadata_is_metadata(sturdy: Client) -> None:
    open_notebook(sturdy, jsonrpc="2.0", method="exit", id=3)
    sturdy.notify("notebookDocument/didChange", edit("pwd", 0, 2))
    assert text_of(sturdy) == "pwd\n"
    params = {"notebook": NB, "cell": "c", "more": {"jsonrpc": "2.0", "id": 1, "method": "shutdown"}}
    assert sturdy.request("ghostcells/focus", params)["session"]


def test_busy_threads_do_not_delay_a_request(client: Client) -> None:
    """pygls reads on the pool that its handlers run on; here 64 of them are stuck for good."""
    client.request("ghostcells/trace", {"id": "x"})
    start = time.monotonic()
    client.request("ghostcells/sessions", {})
    assert time.monotonic() - start < SLACK
    assert client.leave() == 0


def test_half_a_surrogate_pair_does_not_stop_anything(sturdy: Client) -> None:
    open_notebook(sturdy)
    sturdy.notify("notebookDocument/didChange", edit("\ud83d", 0, 0))
    sturdy.notify("notebookDocument/didChange", edit("x\x00", 1, 1, version=3))
    assert text_of(sturdy) == "\ufffdx\x00ls\n"


def test_positions_count_utf_16(sturdy: Client) -> None:
    open_notebook(sturdy)
    sturdy.notify("notebookDocument/didChange", edit("\U0001f600\u00e9", 0, 0))
    sturdy.notify("notebookDocument/didChange", edit("-", 2, 3, version=3))
    assert text_of(sturdy) == "\U0001f600-ls\n"


def test_what_prints_does_not_reach_the_editor(sturdy: Client) -> None:
    assert sturdy.request("ghostcells/sessions", {"limit": 3}) == 3  # its fake prints


def test_a_running_query_can_be_cancelled(sturdy: Client) -> None:
    identity = sturdy.post("ghostcells/cellLog", {"id": "forever"})
    sturdy.notify("$/cancelRequest", {"id": identity})
    with pytest.raises(Exception, match="-32800"):
        sturdy.answer(identity)


def test_an_engine_that_fails_costs_one_request(sturdy: Client) -> None:
    open_notebook(sturdy)
    assert sturdy.refused("ghostcells/cycle", {"notebook": NB, "step": 1}).code == -32603
    assert sturdy.request("ghostcells/focus", {"notebook": NB, "cell": "c"})["session"]


def test_a_notebook_out_of_step_is_told_and_comes_back(sturdy: Client) -> None:
    open_notebook(sturdy)
    unknown = {"cells": {"data": [{"kind": 2, "document": "unknown"}]}}
    sturdy.notify("notebookDocument/didChange", {"notebookDocument": NB, "change": unknown})
    assert sturdy.refused("ghostcells/focus", {"notebook": NB, "cell": "c"}).reason == "out-of-step"
    sturdy.notify("notebookDocument/didClose", {"notebookDocument": NB, "cellTextDocuments": []})
    open_notebook(sturdy)
    assert sturdy.request("ghostcells/focus", {"notebook": NB, "cell": "c"})["session"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"{not json", -32700, id="no-json"),
        pytest.param(b'"\xff"', -32700, id="no-utf-8"),
        pytest.param(b"[" * 90_000, -32700, id="deep"),
        pytest.param(b"[]", -32600, id="batch"),
        pytest.param(b"7", -32600, id="number"),
        pytest.param(b'{"jsonrpc": "1.0", "method": "x"}', -32600, id="version"),
        pytest.param(b'{"jsonrpc": "2.0", "method": "x", "id": null}', -32600, id="null-id"),
        pytest.param(b'{"jsonrpc": "2.0"}', -32600, id="nothing"),
    ],
)
def test_what_is_no_message_is_answered_to_nobody(sturdy: Client, body: bytes, code: int) -> None:
    before = len(sturdy.received)
    sturdy.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sturdy.ping()
    [error, _] = [entry.message for entry in sturdy.received[before:]]
    assert (error["id"], error["error"]["code"]) == (None, code)


def test_answers_to_nothing_are_ignored(sturdy: Client) -> None:
    before = len(sturdy.received)
    for answer in ({"id": 7, "result": None}, {"id": None, "error": {"code": -32700, "message": "?"}}):
        sturdy.write(framing.encode({"jsonrpc": "2.0", **answer}))
    sturdy.ping()
    assert len(sturdy.received) == before + 1


def test_a_slow_reader_does_not_stop_the_server() -> None:
    """It goes on reading and deciding while more is waiting for the editor than any pipe holds; here both are one socket."""
    editor, far = socket.socketpair()
    with popen(stdin=far, stdout=far, stderr=subprocess.DEVNULL) as process, editor, editor.makefile("rb") as reading:
        far.close()
        editor.sendall(framing.encode({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}))
        assert framing.read(reading)
        for number in range(1, 5_001):
            method = "ghostcells/nothing" + "x" * 500
            editor.sendall(framing.encode({"jsonrpc": "2.0", "id": number, "method": method}))
        answers = [framing.read(reading) for _ in range(5_000)]
        assert [answer["id"] for answer in answers if answer] == list(range(1, 5_001))
        process.kill()


# -- the way out


def test_exit_after_shutdown_ends_with_zero(client: Client) -> None:
    start = time.monotonic()
    assert client.request("shutdown") is None
    assert client.refused("ghostcells/stats", {}).code == -32600
    assert client.refused("shutdown").code == -32600
    client.notify("exit")
    assert client.wait_end(2 + SLACK) == 0
    assert time.monotonic() - start < 2 + SLACK


def test_exit_without_shutdown_ends_with_one(client: Client) -> None:
    client.notify("exit")
    assert client.wait_end(2 + SLACK) == 1


def test_exit_before_initialize_ends_with_one(spawn: Spawn) -> None:
    client = spawn()
    client.notify("exit")
    assert client.wait_end(10) == 1


def test_an_application_that_does_not_close_is_left(spawn: Spawn) -> None:
    client = spawn(COMPOSITION="slow-close")
    client.initialize()
    client.ping()
    start = time.monotonic()
    assert client.leave() == 0
    assert time.monotonic() - start < 2 + SLACK


def test_exit_does_not_wait_for_an_application_that_is_never_built(spawn: Spawn) -> None:
    client = spawn()
    client.initialize({"slow": 60})
    client.notify("exit")
    assert client.wait_end(2 + SLACK + 1) == 1


def test_the_end_of_input_is_the_end(client: Client) -> None:
    client.ping()
    assert client.process.stdin is not None
    client.process.stdin.close()
    client.wait_end(10)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_cleanly(client: Client, number: int) -> None:
    client.ping()
    client.process.send_signal(number)
    assert client.wait_end(2 + SLACK) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is noticed otherwise")
def test_a_reader_that_is_gone_is_the_end() -> None:
    with popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.close()
        process.stdin.write(framing.encode({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}))
        process.stdin.flush()
        assert process.wait(10) == 1


def test_a_session_may_come_from_a_file(tmp_path: Path) -> None:
    """Neither end can be waited for then."""
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": 2, "method": "ghostcells/stats"},
        {"jsonrpc": "2.0", "id": 3, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    (tmp_path / "in").write_bytes(b"".join(framing.encode(message) for message in messages))
    with (
        (tmp_path / "in").open("rb") as stdin,
        (tmp_path / "out").open("wb") as stdout,
        popen(stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL) as process,
    ):
        assert process.wait(60) == 0
    with (tmp_path / "out").open("rb") as answers:
        found = [framing.read(answers) for _ in range(3)]
        assert framing.read(answers) is None
    assert sorted(answer["id"] for answer in found if answer) == [1, 2, 3]


# -- over a socket, for debugging


def connect(port: int) -> socket.socket:
    def attempt() -> socket.socket | None:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        return None

    return eventually(attempt, "somebody listens")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize(("token", "given", "fits"), [("", None, True), ("s3", "s3", True), ("s3", "no", False)])
def test_one_connection_is_served_to_who_knows_the_token(token: str, given: str | None, *, fits: bool) -> None:
    port = free_port()
    with (
        popen({"COMPOSITION_TCP": f"127.0.0.1,{port},{token}"}, stderr=subprocess.DEVNULL) as process,
        connect(port) as editor,
        editor.makefile("rb") as reading,
    ):
        params = {"initializationOptions": {"token": given}} if given else {}
        editor.sendall(framing.encode({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
        answer = framing.read(reading)
        assert answer is not None
        assert ("result" in answer) is fits
        assert "s3" not in json.dumps(answer)
        editor.shutdown(socket.SHUT_RDWR)
        process.wait(10)
