"""Bytes that are no messages, and messages that are no JSON-RPC: each costs itself and nothing more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from . import framing

if TYPE_CHECKING:
    from .client import Client


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


PING = json.dumps({"jsonrpc": "2.0", "method": "$/ping"}).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"garbage\r\n\r\n", id="garbage-header"),
        pytest.param(b"\r\n\r\n", id="empty-header"),
        pytest.param(b"Content-Length: many\r\n\r\n", id="length-is-a-word"),
        pytest.param(b"Content-Length: -5\r\n\r\n", id="negative-length"),
        pytest.param(b"Content-Length: 0\r\n\r\n", id="empty-body"),
        pytest.param(b"Content-Length: %d\r\n\r\n%s" % (len(PING) - 4, PING), id="length-too-small"),
        pytest.param(b"Content-Length: %d\r\n\r\n%s" % (len(PING) + 4, PING), id="length-too-great"),
        pytest.param(b"\xff\xfe\x00\x01\r\n\r\n", id="binary-header"),
        pytest.param(b"Content-Type: text/plain\r\n\r\n", id="no-length"),
        pytest.param(frame(b"{not json"), id="no-json"),
        pytest.param(frame(b'"\xff\xfe"'), id="no-utf-8"),
        pytest.param(frame(b"42"), id="a-number"),
        pytest.param(frame(b"null"), id="null"),
        pytest.param(frame(b'"text"'), id="a-string"),
        pytest.param(frame(b"[]"), id="an-empty-batch"),
        pytest.param(frame(b'[{"jsonrpc":"2.0","method":"$/x"}]'), id="a-batch"),
        pytest.param(frame(b"{}"), id="an-empty-object"),
        pytest.param(frame(b'{"jsonrpc":"2.0"}'), id="no-method"),
        pytest.param(frame(b'{"jsonrpc":"1.0","method":"$/x"}'), id="json-rpc-1"),
        pytest.param(frame(b'{"jsonrpc":"2.0","method":7}'), id="method-is-a-number"),
        pytest.param(frame(b'{"jsonrpc":"2.0","method":"$/x","params":7}'), id="params-is-a-number"),
        pytest.param(frame(b'{"jsonrpc":"2.0","id":987654,"result":null}'), id="an-answer-to-nothing"),
        pytest.param(frame(b'{"jsonrpc":"2.0","id":987654,"error":{"code":1,"message":""}}'), id="an-error-to-nothing"),
        pytest.param(frame(b'{"jsonrpc":"2.0","method":"$/x","params":' + b"[" * 90_000 + b"]" * 90_000 + b"}"), id="deep"),
        pytest.param(frame(b'{"jsonrpc":"2.0","method":"$/x","params":{"n":1' + b"0" * 9_000 + b"}}"), id="a-huge-number"),
        pytest.param(frame(b'{"jsonrpc":"2.0","method":"$/x","params":{"n":NaN}}'), id="nan"),
    ],
)  # fmt: skip
def test_a_malformed_frame_costs_only_itself(sturdy: Client, data: bytes) -> None:
    """A wrong length may cost the few messages after it, until a reader has found a header again."""
    sturdy.write(data)
    for _ in range(3):
        sturdy.notify("$/sacrifice", {})
    sturdy.ping()


@pytest.mark.parametrize("identity", [None, True, 1.5, {"a": 1}, ["x"]], ids=repr)
def test_an_id_of_a_wrong_type(sturdy: Client, identity: Any) -> None:
    sturdy.write(framing.encode({"jsonrpc": "2.0", "id": identity, "method": "ghostcells/stats", "params": {}}))
    sturdy.ping()
    sturdy.problems = [problem for problem in sturdy.problems if "an answer to no request" not in problem]


def test_headers_may_be_written_in_any_case_and_order(sturdy: Client) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "case", "method": "ghostcells/stats", "params": {}}).encode()
    sturdy.sent["case"] = "ghostcells/stats"
    sturdy.write(
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )
    assert sturdy.answer("case")


def test_a_frame_may_arrive_in_pieces(sturdy: Client) -> None:
    sturdy.sent["pieces"] = "ghostcells/stats"
    whole = framing.encode({"jsonrpc": "2.0", "id": "pieces", "method": "ghostcells/stats", "params": {}})
    for byte in whole:
        sturdy.write(bytes([byte]))
    assert sturdy.answer("pieces")


@pytest.mark.parametrize("method", ["ghostcells/nothing", "ghostcells/", "textDocument/hover", "", "$/x", "__class__"])
def test_a_method_that_is_not_there(sturdy: Client, method: str) -> None:
    assert sturdy.refused(method, {}).code == -32601
    sturdy.ping()


def test_a_notification_that_is_not_there(sturdy: Client) -> None:
    sturdy.notify("ghostcells/nothing", {"a": 1})
    sturdy.ping()
