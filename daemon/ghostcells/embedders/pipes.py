"""The child's ends of its two pipes: frames in, frames out. What is in a frame is `wire.py`'s."""

from __future__ import annotations

import os
import select

from ghostcells.embedders import wire

READ_AT_ONCE = 1 << 20


class Requests:
    """The frames that arrive on a file descriptor."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._bytes = bytearray()

    def next(self, wait: float) -> bytes | None:
        """Return the next frame, `None` if none is whole within that many seconds; `EOFError` is the end."""
        while (body := self._whole_frame()) is None:
            if not select.select([self._source], [], [], wait)[0]:
                return None
            part = os.read(self._source, READ_AT_ONCE)
            if not part:
                raise EOFError
            self._bytes += part
        return body

    def _whole_frame(self) -> bytes | None:
        head = wire.LENGTH.size
        if len(self._bytes) < head:
            return None
        end = head + wire.body_length(bytes(self._bytes[:head]))
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[head:end])
        del self._bytes[:end]
        return body


def send(target: int, answer: wire.Answer | None) -> None:
    rest = memoryview(wire.frame(answer) if answer is not None else b"")
    while rest:
        rest = rest[os.write(target, rest) :]
