"""LSP framing, strict: whatever is not a well-formed frame is an error, because stdout carries nothing else."""

from __future__ import annotations

import json
from typing import IO, Any


class FrameError(ValueError):
    """The daemon wrote something to stdout that is not a frame."""


def encode(message: object) -> bytes:
    # ensure_ascii escapes lone surrogates, so that what a real editor may send can be sent here too.
    body = json.dumps(message, ensure_ascii=True).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def read(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, or None at a clean end of the stream."""
    length: int | None = None
    first = True
    while True:
        line = stream.readline()
        if not line:
            if first:
                return None
            raise FrameError("the stream ends inside a header")
        first = False
        if line == b"\r\n":
            break
        name, colon, value = line.partition(b":")
        if not line.endswith(b"\r\n") or not colon or name.lower() not in {b"content-length", b"content-type"}:
            raise FrameError(f"not a header: {line[:200]!r}")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None:
        raise FrameError("a header without Content-Length")
    body = stream.read(length)
    if len(body) != length:
        raise FrameError("the stream ends inside a body")
    message = json.loads(body.decode("utf-8"))
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise FrameError(f"not a JSON-RPC 2.0 message: {body[:200]!r}")
    return message
