"""A model server that can do everything wrong: raw HTTP on the loopback, one script for each request."""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import msgspec

SEEN_S = 2.0
"""The longest wait for something that has to happen; what is measured is far shorter."""


class Request(msgspec.Struct):
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Reader(asyncio.StreamReader):
    """Tells at once when the client closes, whether anybody reads or not."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.gone = asyncio.Event()
        self.gone_at = 0.0

    def feed_eof(self) -> None:
        super().feed_eof()
        self._close()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._close()

    def _close(self) -> None:
        if not self.gone.is_set():
            self.gone_at = time.perf_counter()
            self.gone.set()


class Talk:
    """One request and the answer to it. `gone` is set when the client has closed the connection."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter, reader: Reader) -> None:
        self.request = request
        self.gone = reader.gone
        self._reader = reader
        self._writer = writer

    @property
    def gone_at(self) -> float:
        return self._reader.gone_at

    async def head(
        self, status: int = 200, *, content_type: str = "text/event-stream", chunked: bool = True, **headers: str
    ) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {content_type}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if chunked:
            lines.append("transfer-encoding: chunked")
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def raw(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def piece(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.raw(b"0\r\n\r\n")

    async def stream(self, *pieces: bytes) -> None:
        """A whole body of these pieces."""
        await self.head()
        for piece in pieces:
            await self.piece(piece)
        await self.end()

    async def error(self, status: int, body: bytes, **headers: str) -> None:
        await self.head(
            status, content_type="application/json", chunked=False, content_length=str(len(body)), **headers
        )
        await self.raw(body)

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        """Break the connection off without a word."""
        self._writer.transport.abort()


Script = Callable[[Talk], Awaitable[None]]


class FaultServer:
    """Answers every request by `script`; keeps what was asked."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.talks: list[Talk] = []
        self.connections = 0
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    async def all_gone(self) -> None:
        """Wait until every client has closed its connection."""
        async with asyncio.timeout(SEEN_S):
            for talk in self.talks:
                await talk.gone.wait()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = Reader(1 << 22)
        return asyncio.StreamReaderProtocol(reader, lambda _, writer: self._serve(reader, writer))

    async def _serve(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._requests(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _requests(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode().strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
            body = await reader.readexactly(int(headers["content-length"]))
            request = Request(re.split(r"\s", first)[1], headers, msgspec.json.decode(body))
            self.requests.append(request)
            talk = Talk(request, writer, reader)
            self.talks.append(talk)
            await self.script(talk)


async def until_gone(talk: Talk) -> None:
    await talk.gone.wait()


async def closed_port() -> int:
    """A port where nobody listens."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return int(port)
