"""What is on its way to the editor. Writing never blocks: what a slow reader does not take yet waits here.

A publish says everything that its notebook is to show; so once much is waiting, one that is still here gives way to the next
of its notebook, unless it names accepted cells, which only it does.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ghostcells.server.pipes import Sink

MUCH = 1 << 20


class Outbox:
    def __init__(self, *, much: int = MUCH) -> None:
        self._sink: Sink | None = None
        self._much = much
        self._open = True
        self._paused = False
        self._size = 0
        self._gathered: list[bytes] | None = None
        self._waiting: deque[_Item] = deque()
        self._replaceable: dict[str, _Item] = {}

    def attach(self, sink: Sink) -> None:
        self._sink = sink
        self.resume()

    def write(self, data: bytes, *, instead_of: str | None = None, replaceable: str | None = None) -> None:
        """Send a frame, `instead_of` a replaceable one of that key if that is still waiting among much else."""
        if not self._open:
            return
        if self._sink is not None and not self._paused and not self._waiting:
            if self._gathered is None:
                self._sink.write(data)
            else:
                self._gathered.append(data)
            return
        former = None if instead_of is None else self._replaceable.pop(instead_of, None)
        if former is not None and self._size > self._much:
            self._size -= len(former.data)
            former.data = b""
        item = _Item(data, replaceable)
        self._waiting.append(item)
        self._size += len(data)
        if replaceable is not None:
            self._replaceable[replaceable] = item

    def offer(self, data: bytes, begins: Callable[[], bool]) -> None:
        """For any thread: send a frame if that can be done at once and `begins`, asked last, says so; else do nothing."""
        offer = getattr(self._sink, "offer", None)
        if offer is not None and self._gathered is None and not self._waiting and not self._paused:
            offer(data, begins)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written meanwhile goes out as one: a system call for each would be a third of a burst's answers."""
        if self._gathered is not None:
            yield
            return
        self._gathered = []
        try:
            yield
        finally:
            gathered, self._gathered = self._gathered, None
            if gathered and self._open and self._sink is not None:
                self._sink.write(b"".join(gathered))

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        while self._waiting and not self._paused and self._sink is not None:
            item = self._waiting.popleft()
            self._size -= len(item.data)
            if item.key is not None and self._replaceable.get(item.key) is item:
                del self._replaceable[item.key]
            if item.data:
                self._sink.write(item.data)

    def lose(self) -> None:
        """Nobody reads any more."""
        self._open = False
        self._waiting.clear()
        self._replaceable.clear()

    async def drain(self, deadline_s: float) -> None:
        """Wait until all is written, no longer than the deadline."""
        clock = asyncio.get_running_loop().time
        end = clock() + deadline_s
        buffered = getattr(self._sink, "get_write_buffer_size", lambda: 0)
        while self._open and (self._waiting or buffered()) and clock() < end:  # noqa: ASYNC110 -- transports tell no end
            await asyncio.sleep(0.005)


class _Item:
    __slots__ = ("data", "key")

    def __init__(self, data: bytes, key: str | None) -> None:
        self.data = data
        self.key = key
