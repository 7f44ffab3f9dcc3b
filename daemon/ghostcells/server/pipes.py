"""Standard input and output on the event loop, without a thread per message.

What the event loop cannot wait for (a file, a Windows pipe) gets a thread of its own, never one of a pool that other work could
fill. Writing is not asyncio's: its pipe transport takes whatever arrives on a socket, or its other side's having ended, for the
end of the reader; and sockets are what Node and inetd give as standard output.
"""

import asyncio
import os
import queue
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Protocol

CHUNK = 1 << 18
HIGH_WATER = 1 << 16


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


class Connection(Reading):
    """Both directions of a socket; the first to be made is the one that is served."""

    def __init__(self, ends: Ends, accepted: asyncio.Future[asyncio.Transport]) -> None:
        super().__init__(ends)
        self._accepted = accepted
        self._served = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._accepted.done():
            transport.abort()
        else:
            self._served = True
            self._accepted.set_result(transport)

    def pause_writing(self) -> None:
        self._ends.pause()

    def resume_writing(self) -> None:
        self._ends.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._served:
            super().connection_lost(exc)
            self._ends.output_ended()


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


def open_output(stream: BinaryIO, ends: Ends) -> Sink:
    loop = asyncio.get_running_loop()
    descriptor = stream.fileno()
    if sys.platform != "win32" and not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return _PipeSink(descriptor, loop, ends)
    return _ThreadSink(descriptor, lambda: loop.call_soon_threadsafe(ends.output_ended))


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


class _PipeSink:
    """Writes what the pipe takes, and the rest when it takes more.

    The lock is held for no longer than a write that never waits.
    """

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = loop
        self._ends = ends
        self._lock = threading.Lock()
        self._rest = bytearray()
        self._paused = False
        self._over = False

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._over:
                return
            if self._rest:
                self._rest += data
            else:
                written = self._write(data)
                if written == len(data) or self._over:
                    return
                self._rest += memoryview(data)[written:]
                self._loop.add_writer(self._descriptor, self._more)
        if len(self._rest) > HIGH_WATER and not self._paused:
            self._paused = True
            self._ends.pause()

    def offer(self, data: bytes, begins: Callable[[], bool]) -> None:
        """For any thread: write, if nothing waits and `begins`, asked last, says so; else do nothing."""
        with self._lock:
            if self._over or self._rest or not begins():
                return
            try:
                written = os.write(self._descriptor, data)
            except OSError:  # full, or gone: either is the loop's to find out
                written = 0
            if written == len(data):
                return
            self._rest += memoryview(data)[written:]
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._loop.add_writer, self._descriptor, self._more)

    def close(self) -> None:
        self._over = True
        self._loop.remove_writer(self._descriptor)
        self._rest.clear()

    def get_write_buffer_size(self) -> int:
        return len(self._rest)

    def _more(self) -> None:
        with self._lock:
            with memoryview(self._rest) as view, view[:CHUNK] as chunk:
                written = self._write(chunk)
            if self._over:
                return
            del self._rest[:written]
            if not self._rest:
                self._loop.remove_writer(self._descriptor)
        if self._paused and len(self._rest) <= HIGH_WATER // 4:
            self._paused = False
            self._ends.resume()

    def _write(self, data: bytes | memoryview) -> int:
        try:
            return os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._over = True
            self._loop.remove_writer(self._descriptor)
            self._loop.call_soon(self._ends.output_ended)
            return 0


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
