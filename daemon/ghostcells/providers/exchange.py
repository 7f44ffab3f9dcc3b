"""One request and its streamed body: read within a deadline, and closed whatever happens.

Whoever is billed by the token must not leave a stream open. It is closed by `close`, by the consuming task's cancellation or
failure even where nobody called `close`, and at the deadline even where nobody reads any more. What the bytes mean is the
readers' matter.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.faults import Complaint, from_status, read_complaint, retry_after
from ghostcells.providers.network import from_exception, garbage
from ghostcells.providers.peer import Peer

_DRAIN_S = 0.1
_SLICE_S = 0.001
"""How long a stream may keep the event loop: reading what has already arrived never waits, so it would not let go."""
_closing: set[asyncio.Task[None]] = set()


class Refused(Exception):
    """The server answered with an error status; the request may be put differently before that becomes an error."""

    def __init__(self, status: int, complaint: Complaint, error: ProviderError) -> None:
        super().__init__(error.message)
        self.status, self.complaint, self.error = status, complaint, error


class Exchange:
    def __init__(self, peer: Peer, config: ProviderConfig) -> None:
        self._peer = peer
        self._config = config
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + config.total_s
        self._response: Any = None
        self._pieces: AsyncIterator[bytes] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._since = 0.0

    async def open(self, send: Callable[[], Awaitable[Any]]) -> None:
        """Send the request and wait for the head of the answer. Raises Refused for an error status."""
        self._watch()
        try:
            async with asyncio.timeout_at(self._deadline):
                self._response = await send()
        except TimeoutError:
            raise self._out_of_time() from None
        except Exception as error:  # noqa: BLE001 -- whatever a library raises, it becomes a ProviderError
            refused = self._refusal(error)
            raise (refused or from_exception(error, self._peer)) from None
        self._timer = self._loop.call_at(self._deadline, self._abandon)
        content_type = self._response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type in ("text/html", "application/json"):
            raise await self._not_a_stream(content_type)
        self._pieces = aiter(self._response.aiter_bytes())

    async def read(self, *, within_s: float | None = None) -> bytes:
        """The next bytes of the body; nothing at its end."""
        assert self._pieces is not None
        self._watch()
        if self._loop.time() - self._since > _SLICE_S:
            await asyncio.sleep(0)
            self._since = self._loop.time()
        until = self._deadline if within_s is None else min(self._deadline, self._loop.time() + within_s)
        try:
            async with asyncio.timeout_at(until):
                piece = await anext(self._pieces, b"")
        except TimeoutError:
            raise self._out_of_time() from None
        except Exception as error:  # noqa: BLE001 -- likewise
            if self._loop.time() >= self._deadline:
                raise self._out_of_time() from None
            raise from_exception(error, self._peer) from None
        self._bytes += len(piece)
        if self._bytes > self._config.max_bytes:
            raise too_long(self._peer)
        return piece

    async def drain(self) -> None:
        """Read the end of a whole answer, so that its connection can serve the next; not for long."""
        until = self._loop.time() + _DRAIN_S
        try:
            while await self.read(within_s=until - self._loop.time()):
                pass
        except ProviderError:
            return

    async def close(self) -> None:
        """Close the HTTP stream. A second cancellation while it closes does not leave it open."""
        self._unwatch()
        if self._timer is not None:
            self._timer.cancel()
        response, self._response = self._response, None
        if response is not None:
            await asyncio.shield(_close_soon(response))

    def _watch(self) -> None:
        """Mind the task that reads now; a caller may read from one task after another."""
        task = asyncio.current_task()
        if task is not self._task:
            self._unwatch()
            self._task = task
            if task is not None:
                task.add_done_callback(self._reader_ended)

    def _unwatch(self) -> None:
        if self._task is not None:
            self._task.remove_done_callback(self._reader_ended)
            self._task = None

    def _reader_ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._abandon()

    def _abandon(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            _close_soon(response)

    def _out_of_time(self) -> ProviderError:
        return ProviderError(
            ErrorKind.TIMEOUT,
            f"{self._peer.label} did not finish within {self._config.total_s:g} s. Suggestions go on by themselves.",
        )

    def _refusal(self, error: Exception) -> Refused | None:
        response = getattr(error, "response", None)
        status = getattr(response, "status_code", None)
        if response is None or not isinstance(status, int) or status < 300:  # noqa: PLR2004 -- success
            return None
        try:
            body = response.content
        except Exception:  # noqa: BLE001 -- each HTTP library has its own word for a body that was not read
            body = b""
        complaint = read_complaint(body)
        wait = retry_after(response.headers, time.time())
        return Refused(status, complaint, from_status(status, complaint, self._peer, retry_after_s=wait))

    async def _not_a_stream(self, content_type: str) -> ProviderError:
        """A success that is no stream: a sign-in page, or an error told under the wrong status."""
        self._pieces = aiter(self._response.aiter_bytes())
        body = b""
        while len(body) < self._config.max_bytes and (piece := await self.read(within_s=self._config.read_s)):
            body += piece
            if content_type == "text/html" or len(body) > 65536:  # noqa: PLR2004 -- more than any error needs
                break
        if content_type == "application/json" and b'"error"' in body:
            return from_status(500, read_complaint(body), self._peer)
        return garbage(self._peer, content_type)


def too_long(peer: Peer) -> ProviderError:
    return ProviderError(
        ErrorKind.TOO_LONG, f"{peer.label} sent far more than a suggestion can be; the answer was cut off and dropped."
    )


def _close_soon(response: Any) -> "asyncio.Task[None]":
    task = asyncio.ensure_future(_close(response))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    return task


async def _close(response: Any) -> None:
    try:
        await response.aclose()
    except Exception:  # noqa: BLE001 -- a connection that fails while it is closed is closed
        return
