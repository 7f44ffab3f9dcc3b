"""Bytes -> messages: the framing of LSP's base protocol.

Nothing that arrives ends the reading. What is no frame is reported once and skipped up to the next plausible header; JSON has
no place where a raw `Content-Length: 1` line could stand, so a header inside a body also tells a wrong length, at once and not
only when that many bytes have come.
"""

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

MAX_FRAME = 256 << 20
# Editors send one or two short lines; what goes on for longer without an empty line is no header.
MAX_HEADER = 4096

_PLAIN = re.compile(rb"Content-Length: (\d{1,10})\r\n\r\n")
_LENGTH = re.compile(rb"content-length[ \t]{0,8}:[ \t]{0,8}(\d{1,18})[ \t]{0,8}\r\n", re.IGNORECASE)
_LONGEST = 14 + 8 + 1 + 8 + 18 + 8 + 2
_LINE = re.compile(rb"[!#-'*+\-.0-9A-Z^_`a-z|~]+[ \t]*:[^\r\n]*")
_LENGTH_NAME = b"content-length"


class Fault(msgspec.Struct, frozen=True):
    """Something that is no message: to be answered with a parse error."""

    message: str


class NotJson(ValueError):
    """What `decode` raises for a body that is not JSON, which makes its length suspect."""


class FrameReader(Generic[T]):
    """`decode` makes a message of a body, or raises `NotJson`."""

    def __init__(self, decode: Callable[[bytes], T], *, max_frame: int = MAX_FRAME) -> None:
        self._decode = decode
        self._max_frame = max_frame
        self._buffer = bytearray()
        self._position = 0
        self._length: int | None = None  # of the body that is awaited
        self._searched = 0  # the body was searched for a header up to here
        self._lost = False  # between a fault and the next frame

    def feed(self, data: bytes) -> Iterator[T | Fault]:
        """The messages and faults that `data` completes."""
        self._buffer += data
        try:
            while (item := self._next()) is not None:
                if not isinstance(item, Fault):
                    self._lost = False
                    yield item
                elif not self._lost:
                    self._lost = True
                    yield item
        finally:
            if self._position:
                del self._buffer[: self._position]
                self._searched -= self._position
                self._position = 0

    def _next(self) -> T | Fault | None:
        """One step on; None when more bytes are needed."""
        if self._length is None:
            fault = self._header()
            if fault is not None or self._length is None:
                return fault
        return self._body(self._length)

    # -- headers

    def _header(self) -> Fault | None:
        """Read a header, or skip what is none. Sets the length, or needs more bytes if it returns None without."""
        buffer, start = self._buffer, self._position
        plain = _PLAIN.match(buffer, start)
        if plain is not None:
            return self._announce(int(plain[1]), plain.end())
        if self._lost:
            return self._resume()
        end = buffer.find(b"\r\n\r\n", start, start + MAX_HEADER)
        if end < 0:
            return self._skip(start, "no header") if len(buffer) - start >= MAX_HEADER else None
        length = _length_of(bytes(buffer[start:end]))
        if length is None:
            return self._skip(start, "a header without a usable Content-Length")
        return self._announce(length, end + 4)

    def _announce(self, length: int, start: int) -> Fault | None:
        if length > self._max_frame:
            self._position = start
            return self._skip(start, f"a frame of {length} bytes; the most is {self._max_frame}")
        self._length = length
        self._position = self._searched = start
        return None

    def _skip(self, start: int, what: str) -> Fault:
        self._length = None
        self._position = start
        return Fault(f"not a message: {what}")

    def _resume(self) -> Fault | None:
        """Go to the next plausible header; what comes before it is dropped."""
        buffer = self._buffer
        found = _find_header(buffer, self._position)
        if found is None:
            self._position = max(self._position, _may_begin(buffer))
            return None
        start, end = found
        if end is None:  # its end has not come
            self._position = start
            return None
        length = _length_of(bytes(buffer[start:end]))
        assert length is not None
        return self._announce(length, end + 4)

    # -- bodies

    def _body(self, length: int) -> T | Fault | None:
        buffer, start = self._buffer, self._position
        if len(buffer) - start < length:
            found = self._header_inside(start)
            return None if found is None else self._skip(start, "the frame ends before its Content-Length")
        body = bytes(memoryview(buffer)[start : start + length])
        self._length = None
        try:
            message = self._decode(body)
        except NotJson as error:
            return self._skip(start, str(error))
        self._position = start + length
        return message

    def _header_inside(self, start: int) -> int | None:
        """Where a whole header stands in the part of a body that has come."""
        buffer = self._buffer
        blank = buffer.find(b"\r\n\r\n", max(start, self._searched - 3))
        while blank >= 0:
            found = _find_header(buffer, max(start, blank - MAX_HEADER))
            if found is not None and found[1] is not None:
                return found[0]
            blank = buffer.find(b"\r\n\r\n", blank + 1)
        self._searched = len(buffer)
        return None


def _length_of(block: bytes) -> int | None:
    """The length that a header block (without its empty line) gives, if it is one."""
    lengths = []
    for line in block.split(b"\r\n"):
        if _LINE.fullmatch(line) is None:
            return None
        name, _, value = line.partition(b":")
        if name.strip().lower() == _LENGTH_NAME:
            lengths.append(value.strip())
    if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:  # noqa: PLR2004 -- digits, as in _LENGTH
        return None
    return int(lengths[0])


def _find_header(buffer: bytearray, start: int) -> tuple[int, int | None] | None:
    """The first header at or after `start`: where it begins, and where its last line ends, None if that has not come."""
    while (match := _LENGTH.search(buffer, start)) is not None:
        end = buffer.find(b"\r\n\r\n", match.start(), match.start() + MAX_HEADER)
        if end < 0:
            if len(buffer) - match.start() < MAX_HEADER:
                return match.start(), None
        elif _length_of(bytes(buffer[match.start() : end])) is not None:
            return match.start(), end
        start = match.start() + 1
    return None


def _may_begin(buffer: bytearray) -> int:
    """The first place from which the end of the buffer may still become a header."""
    tail = max(0, len(buffer) - _LONGEST)
    for start in range(tail, len(buffer)):
        if buffer[start] in b"cC" and buffer[start : start + 14].lower() == _LENGTH_NAME[: len(buffer) - start]:
            return start
    return len(buffer)
