"""The editor as the daemon speaks to it: frames with responses and notifications. Each request gets exactly one response."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from ghostcells.domain.replies import PublishGhosts, Severity, Status
from ghostcells.engine.inputs import RequestId
from ghostcells.server.outbox import Outbox

logger = logging.getLogger(__name__)

INTERNAL_ERROR = -32603
_encoder = msgspec.json.Encoder()


class _Response(msgspec.Struct):
    id: RequestId
    result: object
    jsonrpc: str = "2.0"


class _Error(msgspec.Struct, omit_defaults=True):
    code: int
    message: str
    data: object = None


class _ErrorResponse(msgspec.Struct):
    id: RequestId | None
    error: _Error
    jsonrpc: str = "2.0"


class _Notification(msgspec.Struct):
    method: str
    params: object
    jsonrpc: str = "2.0"


class _ShowMessage(msgspec.Struct):
    type: int
    message: str


def frame(message: object) -> bytes:
    body = _encoder.encode(message)
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class EditorClient:
    """`runtime.ports.Client` over an outbox; `expect` comes before, for each request that is to be answered here."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._awaited: set[RequestId] = set()

    def expect(self, request: RequestId) -> bool:
        """Note a request; False if one with this id is still unanswered."""
        if request in self._awaited:
            return False
        self._awaited.add(request)
        return True

    def reply(self, request: RequestId, result: object) -> None:
        if not self._answers(request):
            return
        try:
            data = frame(_Response(request, result))
        except Exception:
            logger.exception("A result cannot be encoded")
            data = frame(
                _ErrorResponse(request, _Error(INTERNAL_ERROR, "internal error: the result cannot be encoded"))
            )
        self._outbox.write(data)

    def reply_early(self, request: RequestId, result: object, mine: Callable[[], bool]) -> None:
        """For any thread: reply if nothing is in the way and `mine`, asked last, says so; else do nothing.

        By the time the editor has it, another request may have this id.
        """

        def begins() -> bool:
            if not mine():
                return False
            self._awaited.discard(request)
            return True

        self._outbox.offer(frame(_Response(request, result)), begins)

    def refuse(self, request: RequestId, code: int, message: str, data: object | None) -> None:
        if self._answers(request):
            self.reject(request, code, message, data)

    def reject(self, request: RequestId | None, code: int, message: str, data: object | None = None) -> None:
        """An error for what was never expected: unreadable, out of order, or not offered."""
        printable = message.encode("utf-8", "replace").decode()
        self._outbox.write(frame(_ErrorResponse(request, _Error(code, printable, data))))

    def together(self) -> AbstractContextManager[None]:
        return self._outbox.together()

    def publish(self, params: PublishGhosts) -> None:
        uri = params.notebook.uri
        self._notify("ghostcells/publishGhosts", params, instead_of=uri, replaceable=None if params.accepted else uri)

    def status(self, status: Status) -> None:
        self._notify("ghostcells/status", status)

    def show_message(self, text: str, severity: Severity) -> None:
        self._notify("window/showMessage", _ShowMessage(severity, text))

    def _notify(
        self, method: str, params: object, *, instead_of: str | None = None, replaceable: str | None = None
    ) -> None:
        try:
            data = frame(_Notification(method, params))
        except Exception:
            logger.exception("A notification cannot be encoded: %s", method)
            return
        self._outbox.write(data, instead_of=instead_of, replaceable=replaceable)

    def _answers(self, request: RequestId) -> bool:
        if request not in self._awaited:
            logger.error("A second answer to one request was dropped")
            return False
        self._awaited.remove(request)
        return True
