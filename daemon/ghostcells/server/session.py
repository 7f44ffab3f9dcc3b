"""One editor's conversation, from its first byte to its last: what each message leads to, and in which order.

Everything from `initialize` on is handled in the order of arrival; while the application is being built, messages wait. What
routes lead to is in handlers.py (ours) and lifecycle.py (standard).
"""

import asyncio
import hmac
import logging
from collections import deque
from contextlib import suppress
from enum import Enum, auto

import msgspec

from ghostcells.domain.errors import GhostcellsError, InvalidParams
from ghostcells.domain.replies import Severity
from ghostcells.server import parent
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

# `exit` ends the process within 2 s (protocol): this much for what is still being built or for the application to close, the
# rest for the pipe.
BUILD_SECONDS = 1.0
CLOSE_SECONDS = 1.5
DRAIN_SECONDS = 0.3

_OURS = ("ghostcells/", "notebookDocument/", "textDocument/")


class _Phase(Enum):
    NEW = auto()
    RUNNING = auto()
    SHUT_DOWN = auto()


class Session:
    """Hears of a connection's two ends (`pipes.Ends`); `ended` becomes the process's exit code."""

    def __init__(self, build: Build, *, version: str, token: str | None = None) -> None:
        self.outbox = Outbox()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._build = build
        self._token = token
        self._client = EditorClient(self.outbox)
        self._lifecycle = Lifecycle(self.outbox, version)
        self._reader: FrameReader[Message | Malformed] = FrameReader(decode)
        self._phase = _Phase.NEW
        self._handlers: Handlers | None = None
        self._app: App | None = None
        self._building: asyncio.Task[None] | None = None
        self._backlog: deque[Message] = deque()
        self._input_over = False

    # -- the connection's two ends

    def received(self, data: bytes) -> None:
        for item in self._reader.feed(data):
            self._safely_take(item)
        self._settle()

    def input_ended(self) -> None:
        self._input_over = True
        if self._building is None:
            self.end()

    def output_ended(self) -> None:
        self.outbox.lose()
        self.end()

    def pause(self) -> None:
        self.outbox.pause()

    def resume(self) -> None:
        self.outbox.resume()

    # -- routing

    def _safely_take(self, item: Message | Malformed | Fault) -> None:
        try:
            self._take(item)
        except Exception:
            logger.exception("A message could not be handled")

    def _settle(self) -> None:
        if self._handlers is not None:
            self._handlers.over()

    def _take(self, item: Message | Malformed | Fault) -> None:
        if self.ended.done():
            return
        if isinstance(item, Malformed):
            logger.warning("Not a message: %s", item.message)
            self._client.reject(item.id, INVALID_REQUEST, item.message)
        elif isinstance(item, Fault):
            logger.warning("%s", item.message)
            self._client.reject(None, PARSE_ERROR, item.message)
        elif self._building is None:
            self._route(item)
        else:
            self._backlog.append(item)
            if item.method == "exit":
                asyncio.get_running_loop().call_later(BUILD_SECONDS, self.end)

    def _route(self, message: Message) -> None:
        method = message.method
        if method is None:
            return  # an answer; nothing was asked
        if method == "exit":
            self.end()
        elif self._phase is _Phase.RUNNING and self._handlers is not None:
            self._serve(message, method, self._handlers)
        elif self._phase is _Phase.NEW and method == "initialize":
            self._initialize(message)
        elif self._phase is _Phase.SHUT_DOWN:
            self._reject(message, INVALID_REQUEST, "the server is shut down")
        else:
            self._reject(message, NOT_INITIALIZED, "the first request has to be `initialize`")

    def _serve(self, message: Message, method: str, handlers: Handlers) -> None:
        identity = message.id
        is_request = isinstance(identity, int | str)
        if method == "$/cancelRequest":
            handlers.cancel(message.params)
        elif method == "initialize":
            self._reject(message, INVALID_REQUEST, "`initialize` can be sent only once")
        elif method.startswith(_OURS) or not self._lifecycle.serves(method):
            if isinstance(identity, int | str):
                handlers.request(method, identity, message.params)
            else:
                handlers.notify(method, message.params)
        elif is_request == self._lifecycle.answers(method):
            self._standard(message)
        else:
            self._reject(message, METHOD_NOT_FOUND, f"not a request: {method}")

    def _standard(self, message: Message) -> None:
        try:
            self._lifecycle.handle(message)
        except InvalidParams as error:
            self._reject(message, error.code, str(error))
        if message.method == "shutdown":
            self._phase = _Phase.SHUT_DOWN

    def _reject(self, message: Message, code: int, text: str) -> None:
        """Refuse what is a request; a notification is ignored."""
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
        parent.watch(info.process_id, self.end)
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
            self._client.show_message(why, Severity.ERROR)
            self._handlers = Handlers(self._client, None, why)
        settle()
        self._building = None
        while self._backlog:
            self._safely_take(self._backlog.popleft())
        self._settle()
        if self._input_over:
            self.end()

    # -- end

    def end(self, code: int | None = None) -> None:
        """The conversation is over: by LSP it went well if the editor asked for the shutdown."""
        if not self.ended.done():
            self.ended.set_result((0 if self._phase is _Phase.SHUT_DOWN else 1) if code is None else code)

    async def finish(self) -> None:
        """Close the application, and let the editor have what is still to be written."""
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
        await self.outbox.drain(DRAIN_SECONDS)


class _Token(msgspec.Struct):
    token: str


class _WithToken(msgspec.Struct, rename="camel"):
    initialization_options: _Token
