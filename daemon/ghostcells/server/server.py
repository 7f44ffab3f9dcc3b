"""The server: reads frames, routes each message, begins and ends.

Everything from `initialize` on is handled in the order of arrival; while the application is being built, messages wait. What
routes lead to is in handlers.py (ours) and lifecycle.py (standard).
"""

import asyncio
import hmac
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Never

import msgspec

from ghostcells.domain.errors import ConfigError, GhostcellsError, InvalidParams
from ghostcells.server import parent, pipes
from ghostcells.server.client import INTERNAL_ERROR, EditorClient
from ghostcells.server.envelope import (
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_INITIALIZED,
    PARSE_ERROR,
    Malformed,
    Message,
    decode,
)
from ghostcells.server.handlers import Handlers
from ghostcells.server.lifecycle import Lifecycle
from ghostcells.server.outbox import Outbox
from ghostcells.server.parts import App, Build, InitializeInfo
from ghostcells.server.reader import Fault, FrameReader
from ghostcells.server.start import settle

logger = logging.getLogger(__name__)

# `exit` ends the process within 2 s (protocol): this much for the application, the rest for the pipe.
CLOSE_SECONDS = 1.5
DRAIN_SECONDS = 0.3
BUILD_SECONDS = 1.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Phase(Enum):
    NEW = auto()
    RUNNING = auto()
    SHUT_DOWN = auto()


class Server:
    """One editor's connection, from its first byte to the end of the process."""

    def __init__(self, build: Build, *, version: str) -> None:
        self._build = build
        self._outbox = Outbox()
        self._client = EditorClient(self._outbox)
        self._lifecycle = Lifecycle(self._outbox, version)
        self._reader: FrameReader[Message | Malformed] = FrameReader(decode)
        self._phase = _Phase.NEW
        self._handlers: Handlers | None = None
        self._app: App | None = None
        self._building: asyncio.Task[None] | None = None
        self._backlog: deque[Message] = deque()
        self._input_over = False
        self._token: str | None = None
        self._ended: asyncio.Future[int] | None = None

    def run_stdio(self) -> int:
        """Serve on standard input and output until the end; the exit code."""
        stdin, stdout = pipes.take_standard_streams()

        async def connect() -> None:
            self._outbox.attach(pipes.open_output(stdout, self))
            await pipes.open_input(stdin, self)

        return self._run(connect)

    def run_tcp(self, host: str, port: int, token: str | None = None) -> int:
        """Serve one connection, for debugging; from elsewhere than this machine only with a token in the options."""
        if host not in _LOOPBACK and not token:
            raise ConfigError(f"--tcp {host}: only a loopback address can be served without a token")
        self._token = token

        async def connect() -> None:
            accepted: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

            class Accepting(pipes.Connection):
                def connection_made(self, transport: asyncio.BaseTransport) -> None:
                    assert isinstance(transport, asyncio.Transport)
                    if accepted.done():
                        transport.abort()
                    else:
                        accepted.set_result(transport)

            listening = await asyncio.get_running_loop().create_server(lambda: Accepting(self), host, port)
            logger.warning("Waiting for an editor on %s", listening.sockets[0].getsockname())
            self._outbox.attach(await accepted)
            listening.close()

        return self._run(connect)

    # -- the connection's two ends

    def received(self, data: bytes) -> None:
        for item in self._reader.feed(data):
            try:
                self._take(item)
            except Exception:
                logger.exception("A message could not be handled")

    def input_ended(self) -> None:
        if not self._input_over:
            self._input_over = True
            self._end_after_backlog()

    def output_ended(self) -> None:
        self._outbox.lose()
        self._end()

    def pause(self) -> None:
        self._outbox.pause()

    def resume(self) -> None:
        self._outbox.resume()

    # -- routing

    def _take(self, item: Message | Malformed | Fault) -> None:
        if self._ended is None or self._ended.done():
            return
        if isinstance(item, Message):
            if self._building is not None:
                self._backlog.append(item)
                if item.method == "exit":
                    asyncio.get_running_loop().call_later(BUILD_SECONDS, self._end)
            else:
                self._route(item)
        elif isinstance(item, Malformed):
            logger.warning("Not a message: %s", item.message)
            self._client.reject(item.id, INVALID_REQUEST, item.message)
        else:
            logger.warning("%s", item.message)
            self._client.reject(None, PARSE_ERROR, item.message)

    def _route(self, message: Message) -> None:
        method = message.method
        if method is None:
            return  # an answer; nothing was asked
        if method == "exit":
            self._end()
        elif self._phase is _Phase.RUNNING and self._handlers is not None:
            self._serve(message, method, self._handlers)
        elif self._phase is _Phase.NEW and method == "initialize":
            self._initialize(message)
        elif not isinstance(message.id, int | str):
            return
        elif self._phase is _Phase.SHUT_DOWN:
            self._client.reject(message.id, INVALID_REQUEST, "the server is shut down")
        else:
            self._client.reject(message.id, NOT_INITIALIZED, "the first request has to be `initialize`")

    def _serve(self, message: Message, method: str, handlers: Handlers) -> None:
        identity = message.id
        is_request = isinstance(identity, int | str)
        if method == "$/cancelRequest":
            handlers.cancel(message.params)
        elif method == "initialize" and is_request:
            self._reject(message, INVALID_REQUEST, "`initialize` can be sent only once")
        elif method.startswith(("ghostcells/", "notebookDocument/", "textDocument/")) or not self._lifecycle.serves(
            method
        ):
            if isinstance(identity, int | str):
                handlers.request(method, identity, message.params)
            else:
                handlers.notify(method, message.params)
        elif is_request != (method in {"shutdown", "workspace/executeCommand"}):
            self._reject(message, METHOD_NOT_FOUND, f"not a request: {method}")
        else:
            self._standard(message)

    def _standard(self, message: Message) -> None:
        try:
            self._lifecycle.handle(message)
        except InvalidParams as error:
            self._reject(message, error.code, str(error))
        if message.method == "shutdown":
            self._phase = _Phase.SHUT_DOWN

    def _reject(self, message: Message, code: int, text: str) -> None:
        if isinstance(message.id, int | str):
            self._client.reject(message.id, code, text)

    # -- begin

    def _initialize(self, message: Message) -> None:
        if not isinstance(message.id, int | str):
            return
        try:
            self._check_token(message)
            info = self._lifecycle.initialize(message)
        except InvalidParams as error:
            self._reject(message, error.code, str(error))
            return
        except Exception:
            logger.exception("initialize failed")
            self._reject(message, INTERNAL_ERROR, "internal error in initialize; the log has the details")
            return
        self._phase = _Phase.RUNNING
        if info.process_id is not None:
            parent.watch(info.process_id, self._end)
        self._building = asyncio.get_running_loop().create_task(self._build_app(info), name="build")

    def _check_token(self, message: Message) -> None:
        if self._token is None:
            return
        given = b""
        with suppress(msgspec.DecodeError):
            given = msgspec.json.decode(message.params, type=_WithToken).initialization_options.token.encode()
        if not hmac.compare_digest(given, self._token.encode()):
            raise InvalidParams("initializationOptions.token is not the one that this server was started with")

    async def _build_app(self, info: InitializeInfo) -> None:
        try:
            self._app = await self._build(info, self._client)
            self._handlers = Handlers(self._client, self._app)
        except Exception as error:  # the editor is told, and the process stays for the user to see why
            known = isinstance(error, GhostcellsError)
            logger.error("ghostcells could not start", exc_info=None if known else error)  # noqa: TRY400
            why = str(error) if known else f"ghostcells could not start: {type(error).__name__}: {error}"
            self._client.show_message(why, error=True)
            self._handlers = Handlers(self._client, None, why)
        settle()
        self._building = None
        while self._backlog:
            try:
                self._route(self._backlog.popleft())
            except Exception:
                logger.exception("A message could not be handled")
        if self._input_over:
            self._end()

    # -- end

    def _end_after_backlog(self) -> None:
        if self._building is None:
            self._end()

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(0 if self._phase is _Phase.SHUT_DOWN else 1)

    def _interrupt(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(0)

    def _run(self, connect: Callable[[], "asyncio._CoroutineLike[None]"]) -> int:
        # Not asyncio.run: its end waits for the threads of the default executor, one of which may be stuck.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(self._live(connect))

    async def _live(self, connect: Callable[[], "asyncio._CoroutineLike[None]"]) -> int:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError):  # Windows; not the main thread
                loop.add_signal_handler(number, self._interrupt)
        connecting = loop.create_task(connect(), name="connect")
        connecting.add_done_callback(self._connected)
        code = await self._ended
        connecting.cancel()
        await self._finish()
        return code

    def _connected(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("No connection", exc_info=error)
            self._end()

    async def _finish(self) -> None:
        if self._building is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._building, BUILD_SECONDS)
        if self._app is not None:
            try:
                await asyncio.wait_for(self._app.close(), CLOSE_SECONDS)
            except TimeoutError:
                logger.error("Closing took too long; what was acknowledged is on disk")  # noqa: TRY400
            except Exception:
                logger.exception("Closing failed; what was acknowledged is on disk")
        if self._handlers is not None:
            await self._handlers.close()
        await self._outbox.drain(DRAIN_SECONDS)


class _Token(msgspec.Struct):
    token: str


class _WithToken(msgspec.Struct, rename="camel"):
    initialization_options: _Token


def leave(code: int) -> Never:
    """End the process now, whatever threads still do: nothing that was acknowledged depends on them."""
    logging.shutdown()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
