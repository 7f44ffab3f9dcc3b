"""Standard input and output on the event loop, without a thread per message.

Pipes, sockets and terminals are read and written by asyncio itself; what asyncio cannot wait for (a file, a Windows pipe)
gets a thread of its own, never one of a pool that other work could fill.
"""

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, Protocol

CHUNK = 1 << 18


class Sink(Protocol):
    """Where bytes go without blocking."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Ends(Protocol):
    """Who hears of a connection's two directions."""

    def received(self, data: bytes) -> None: ...

    def input_ended(self) -> None: ...

    def output_ended(self) -> None: ...

    def pause(self) -> None:
        """The other side is slow to read: better to write less."""
        ...

    def resume(self) -> None: ...


class Reading(asyncio.Protocol):
    def __init__(self, ends: Ends) -> None:
        self._ends = ends

    def data_received(self, data: bytes) -> None:
        self._ends.received(data)

    def eof_received(self) -> bool:
        self._ends.input_ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ends.input_ended()


class Writing(asyncio.Protocol):
    def __init__(self, ends: Ends) -> None:
        self._ends = ends

    def pause_writing(self) -> None:
        self._ends.pause()

    def resume_writing(self) -> None:
        self._ends.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ends.output_ended()


class Connection(Reading, Writing):
    """Both directions of a socket."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends.output_ended()
        super().connection_lost(exc)


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone: what else prints, prints to stderr, and no child reads our input."""
    stdin = os.fdopen(os.dup(0), "rb", buffering=0)
    stdout = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return stdin, stdout


async def open_input(stream: BinaryIO, ends: Ends) -> None:
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        try:
            await loop.connect_read_pipe(lambda: Reading(ends), stream)
        except (ValueError, OSError):
            pass
        else:
            return
    threading.Thread(target=_read, args=(stream.fileno(), loop, ends), name="stdin", daemon=True).start()


async def open_output(stream: BinaryIO, ends: Ends) -> Sink:
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        try:
            transport, _ = await loop.connect_write_pipe(lambda: Writing(ends), stream)
        except (ValueError, OSError):
            pass
        else:
            return transport
    return _ThreadSink(stream.fileno(), lambda: loop.call_soon_threadsafe(ends.output_ended))


def _read(descriptor: int, loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    while True:
        try:
            data = os.read(descriptor, CHUNK)
        except OSError:
            data = b""
        try:
            loop.call_soon_threadsafe(ends.received, data) if data else loop.call_soon_threadsafe(ends.input_ended)
        except RuntimeError:  # the loop is closed
            return
        if not data:
            return


class _ThreadSink:
    def __init__(self, descriptor: int, lost: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._queue.put(data)

    def close(self) -> None:
        self._queue.put(None)

    def get_write_buffer_size(self) -> int:
        return 0 if self._queue.empty() else 1

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                _write_all(self._descriptor, data)
            except OSError:
                self._lost()
                return


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
