"""One message of JSON-RPC 2.0: its outside, with the params left as they came."""

import json
from typing import Any, TypeVar

import msgspec

from ghostcells.engine.inputs import RequestId
from ghostcells.server.reader import NotJson

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800

T = TypeVar("T")
_EMPTY = msgspec.Raw(b"{}")
_NULL = b"null"


class Message(msgspec.Struct):
    """A request has an `id`, a notification none, a response no `method`. `params` are `{}` where there are none."""

    jsonrpc: str
    method: str | None = None
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    params: msgspec.Raw = _EMPTY
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Malformed(msgspec.Struct, frozen=True):
    """JSON that is no message; `id` is its own where that can be read."""

    id: RequestId | None
    message: str


_decoder = msgspec.json.Decoder(Message)


def decode(body: bytes) -> Message | Malformed:
    """Raises `NotJson`."""
    try:
        message = read(_decoder, body)
    except msgspec.ValidationError as error:
        return Malformed(_id_in(_json(body)), str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotJson(str(error)) from error
    if message.jsonrpc != "2.0":
        return Malformed(_own(message.id), "`jsonrpc` has to be `2.0`")
    if message.method is None and message.result is msgspec.UNSET and message.error is msgspec.UNSET:
        return Malformed(_own(message.id), "neither a request nor a response")
    if message.method is not None and message.id is None:
        return Malformed(None, "the id of a request cannot be null")
    if bytes(message.params) == _NULL:
        message.params = _EMPTY
    return message


def read(decoder: msgspec.json.Decoder[T], data: bytes | msgspec.Raw) -> T:
    """Decode; JSON with half a surrogate pair in it, which editors do send, is repaired first.

    Raises `msgspec.DecodeError`, also for text that is not UTF-8.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        return decoder.decode(msgspec.json.encode(_repaired(data)))


def _repaired(data: bytes | msgspec.Raw) -> Any:
    """The JSON value, in which U+FFFD stands for each half of a pair that has no other: nothing could encode it later."""
    try:
        value = json.loads(bytes(data), parse_constant=_no_constant)
        text = json.dumps(value, ensure_ascii=False)
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except ValueError as error:
        raise msgspec.DecodeError(f"JSON is malformed: {error}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _own(identity: RequestId | msgspec.UnsetType | None) -> RequestId | None:
    return None if isinstance(identity, msgspec.UnsetType) else identity


def _json(body: bytes) -> Any:
    """What is no message may be no JSON either, further on."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def _id_in(value: Any) -> RequestId | None:
    identity = value.get("id") if isinstance(value, dict) else None
    return identity if isinstance(identity, int | str) and not isinstance(identity, bool) else None
