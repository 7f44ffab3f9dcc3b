"""Server-sent events, read from bytes as they come: lines to events, within a bound, without decoding what they hold."""

import msgspec

_LINE_LIMIT = 1_000_000
"""Far above any event of a chat stream; a server that never ends a line must not fill the memory."""


class Event(msgspec.Struct, frozen=True):
    name: bytes
    data: bytes


class Oversized(ValueError):
    """An event is larger than any that is meant seriously."""


class EventReader:
    """Feed it bytes, take the events that are complete."""

    def __init__(self, limit: int = _LINE_LIMIT) -> None:
        self._limit = limit
        self._rest = b""
        self._name = b""
        self._data: list[bytes] = []
        self._held = 0

    def feed(self, piece: bytes) -> list[Event]:
        buffer = self._rest + piece if self._rest else piece
        # A carriage return at the very end may be the first half of a CR LF.
        cut = max(buffer.rfind(b"\n"), buffer.rfind(b"\r", 0, len(buffer) - 1)) + 1
        self._rest = buffer[cut:]
        if len(self._rest) + self._held > self._limit:
            raise Oversized
        events: list[Event] = []
        for line in buffer[:cut].splitlines():
            self._take(line, events)
        return events

    def rest(self) -> list[Event]:
        """What stands unterminated at the end of the stream; servers leave out the last blank line."""
        events: list[Event] = []
        for line in (self._rest, b""):
            self._take(line, events)
        self._rest = b""
        return events

    def _take(self, line: bytes, events: list[Event]) -> None:
        if not line:
            if self._data:
                events.append(Event(self._name, b"\n".join(self._data)))
            self._name, self._data, self._held = b"", [], 0
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._held += len(value)
            if self._held > self._limit:
                raise Oversized
        elif field == b"event":
            self._name = value
