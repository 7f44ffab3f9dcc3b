"""The messages between the daemon and the embedder's child: MessagePack in frames with a four-byte length.

Both sides use these structs, so what one can say the other can read. Row ids of a whole store travel as packed 64-bit
integers: a list of 100 000 of them would cost the daemon milliseconds on its event loop.
"""

from __future__ import annotations

import struct
from array import array
from sys import byteorder
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ghostcells.embedders.base import EmbedderSpec  # noqa: TC001 - msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1
"""Of these messages. They differ when ghostcells was updated while a daemon was running: its next child is newer."""
LENGTH = struct.Struct("<I")
MAX_FRAME = 256 * 1024 * 1024
"""Far above any real message; a length beyond it means that the two sides are out of step."""


class ChildConfig(msgspec.Struct, frozen=True):
    """The argument a child is started with, as JSON."""

    spec: EmbedderSpec
    directory: str


class Hello(msgspec.Struct, tag="hello", array_like=True):
    id: int


class Add(msgspec.Struct, tag="add", array_like=True):
    id: int
    items: list[tuple[int, str]]


class Remove(msgspec.Struct, tag="remove", array_like=True):
    id: int
    rows: list[int]


class Rows(msgspec.Struct, tag="rows", array_like=True):
    id: int


class Clear(msgspec.Struct, tag="clear", array_like=True):
    id: int


class Search(msgspec.Struct, tag="search", array_like=True):
    """The text's vector is kept under `key` (and as the latest one) for a later `Score`."""

    id: int
    text: str
    k: int
    also: list[int] = []
    second: str | None = None
    key: str = ""


class Score(msgspec.Struct, tag="score", array_like=True):
    id: int
    rows: list[int]
    key: str = ""


class Embed(msgspec.Struct, tag="embed", array_like=True):
    id: int
    texts: list[str]


Request: TypeAlias = Hello | Add | Remove | Rows | Clear | Search | Score | Embed


class Greeting(msgspec.Struct, tag="hello", array_like=True):
    id: int
    name: str
    dims: int
    count: int
    version: int


class Done(msgspec.Struct, tag="done", array_like=True):
    """An order was carried out on `count` rows."""

    id: int
    count: int


class Present(msgspec.Struct, tag="rows", array_like=True):
    id: int
    packed: bytes


class Found(msgspec.Struct, tag="found", array_like=True):
    id: int
    rows: list[int]
    scores: list[float]
    also: list[float | None]
    second: list[float]
    embed_ms: float
    scan_ms: float


class Scores(msgspec.Struct, tag="scores", array_like=True):
    id: int
    scores: list[float | None]


class Vectors(msgspec.Struct, tag="vectors", array_like=True):
    """Vectors one after the other as little-endian 32-bit floats."""

    id: int
    dims: int
    packed: bytes


class Failed(msgspec.Struct, tag="failed", array_like=True):
    """Request `id` failed; id 0: the child cannot work at all and is about to end."""

    id: int
    error: str


Answer: TypeAlias = Greeting | Done | Present | Found | Scores | Vectors | Failed

_encode = msgspec.msgpack.Encoder().encode
read_request = msgspec.msgpack.Decoder(Request).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode


class FramingError(Exception):
    """The bytes are not a frame: the other side writes something else, or a frame was cut."""


def frame(message: Any) -> bytes:
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    length: int = LENGTH.unpack(head)[0]
    if length > MAX_FRAME:
        raise FramingError(f"a frame of {length} bytes is announced, at most {MAX_FRAME} are allowed")
    return length


def pack_rows(rows: Iterable[int]) -> bytes:
    packed = array("q", rows)
    if byteorder != "little":
        packed.byteswap()
    return packed.tobytes()


def unpack_rows(packed: bytes) -> set[int]:
    rows = array("q")
    rows.frombytes(packed)
    if byteorder != "little":
        rows.byteswap()
    return set(rows)


def unpack_floats(packed: bytes) -> array[float]:
    floats = array("f")
    floats.frombytes(packed)
    if byteorder != "little":
        floats.byteswap()
    return floats
