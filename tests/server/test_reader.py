"""Bytes -> messages: however they are cut, and whatever stands between them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.server.reader import Fault, FrameReader, NotJson


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise NotJson(str(error)) from error


def frame(value: object, header: str = "Content-Length: {}\r\n\r\n") -> bytes:
    body = json.dumps(value).encode()
    return header.format(len(body)).encode() + body


def read(*pieces: bytes, max_frame: int = 1 << 20) -> list[Any]:
    reader: FrameReader[Any] = FrameReader(parse, max_frame=max_frame)
    return [item for piece in pieces for item in reader.feed(piece)]


def messages(items: list[Any]) -> list[Any]:
    return [item for item in items if not isinstance(item, Fault)]


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text() | st.just("Content-Length: 3\r\n\r\n{}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.sampled_from(
    [
        "Content-Length: {}\r\n\r\n",
        "content-length:{}\r\n\r\n",
        "CONTENT-LENGTH : {} \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        "Content-Type: x\r\nContent-Length: {}\r\n\r\n",
    ]
)
FRAMES = st.builds(frame, VALUES, HEADERS)
GARBAGE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"Content-Length: x\r\n\r\n{}",
            b"Content-Length: -3\r\n\r\n",
            b"\r\n\r\n\r\n",
            b"Content-Length: 3\r\n\r\n{}]",
            b"Content-Length: 99999999999\r\n\r\n{}",
            b"Content-Length: 2\r\nno header\r\n\r\n{}",
            b"Content-Len",
            b"c" * 5000,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
    ),
)
CUTS = st.lists(st.integers(0, 4000), max_size=8)


@given(st.lists(VALUES, max_size=5), HEADERS, CUTS)
def test_any_cut_gives_the_same_messages(values: list[Any], header: str, at: list[int]) -> None:
    stream = b"".join(frame(value, header) for value in values)
    assert read(*cut(stream, at)) == [json.loads(json.dumps(value)) for value in values]


@given(st.lists(FRAMES | GARBAGE, max_size=6), CUTS)
def test_any_cut_gives_the_same_faults(pieces: list[bytes], at: list[int]) -> None:
    stream = b"".join(pieces)
    assert read(*cut(stream, at)) == read(stream)


@given(st.lists(GARBAGE, min_size=1, max_size=3), VALUES, HEADERS)
def test_garbage_never_costs_a_later_message(garbage: list[bytes], value: Any, header: str) -> None:
    later = frame(["later", value], header)
    found = messages(read(*garbage, later, frame("last")))
    assert found[-1] == "last"
    assert ["later", json.loads(json.dumps(value))] in found


@pytest.mark.parametrize(
    "garbage", [b"noise", b"\r\n\r\n", b"Content-Length: -1\r\n\r\n{}", b"c" * 10_000, b"\xff" * 9000]
)
def test_one_run_of_garbage_is_one_fault(garbage: bytes) -> None:
    items = read(garbage, frame(1), garbage, frame(2))
    assert [isinstance(item, Fault) for item in items] == [True, False, True, False]


def test_a_length_that_is_too_great_is_noticed_at_the_next_header() -> None:
    """Not only after a gigabyte that never comes."""
    assert messages(read(b'Content-Length: 999999\r\n\r\n{"a": 1}', frame(2))) == [2]


def test_a_length_that_ends_inside_the_next_header_costs_nothing_after_it() -> None:
    body = b'{"a": 1}'
    for more in range(1, 30):
        stream = b"Content-Length: %d\r\n\r\n%b" % (len(body) + more, body) + frame(2) + frame(3)
        assert messages(read(stream)) == [2, 3], more


def test_a_length_that_is_too_small_costs_one_message() -> None:
    assert messages(read(b'Content-Length: 3\r\n\r\n{"a": 1}', frame(2))) == [2]


def test_a_frame_beyond_the_limit_is_refused_and_skipped() -> None:
    items = read(frame("x" * 200), frame(1), max_frame=100)
    assert isinstance(items[0], Fault)
    assert "202 bytes" in items[0].message
    assert items[1:] == [1]


def test_memory_is_bounded_by_what_may_be_a_frame() -> None:
    reader: FrameReader[Any] = FrameReader(parse)
    for _ in range(1000):
        list(reader.feed(b"no header in sight " * 100))
    assert len(reader._buffer) < 10_000


def test_a_message_inside_a_text_is_text() -> None:
    value = {"text": "Content-Length: 2\r\n\r\n{}"}
    assert read(frame(value)) == [value]
