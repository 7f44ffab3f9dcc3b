"""A client of the daemon's process: frames, requests and their answers, notifications, a clean end.

Knows JSON-RPC and how LSP frames it, and nothing of notebooks: what the messages mean is `editor`'s matter.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Notified = Callable[[str, dict[str, Any]], None]

ANSWER_SECONDS = 30.0
END_SECONDS = 5.0
_LIMIT = 64 * 1024 * 1024
_KEPT_COMPLAINTS = 20


class DaemonEnded(Exception):
    """The daemon's process is gone, or never came up; the text holds the end of what it wrote to stderr."""


class Refused(Exception):
    """The daemon answered a request with an error."""

    def __init__(self, method: str, error: Mapping[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message', error)}")
        self.code = error.get("code")
        self.data = error.get("data")


class Client:
    """One daemon; made by `start`, ended by `close`. `notified` hears each of its notifications, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.notified: Notified = lambda _method, _params: None
        self._process = process
        self._waiting: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._number = 0
        self._complaints: list[str] = []
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]

    @classmethod
    async def start(cls, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> "Client":
        """Start a daemon; it says nothing before `initialize`."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(env or {})},
            limit=_LIMIT,
            start_new_session=True,
        )
        return cls(process)

    async def initialize(self, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The handshake; returns what the daemon says of itself."""
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "ghostcells try"},
            "rootUri": None,
            "capabilities": {"notebookDocument": {"synchronization": {}}},
            "initializationOptions": dict(options or {}),
        }
        result: dict[str, Any] = await self.request("initialize", params)
        self.notify("initialized", {})
        return result

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The result; raises `Refused` for an error, `DaemonEnded` where no answer comes any more."""
        try:
            return await asyncio.wait_for(self.send(method, params), ANSWER_SECONDS)
        except TimeoutError as error:
            raise DaemonEnded(f"the daemon did not answer {method} within {ANSWER_SECONDS:.0f} s") from error

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> asyncio.Future[Any]:
        """Write a request now and return its answer to come, so that messages keep the order of the calls."""
        self._number += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._process.returncode is not None:
            answer.set_exception(self._ended())
            return answer
        self._waiting[self._number] = (method, answer)
        message: dict[str, Any] = {"id": self._number, "method": method}
        self._write(message if params is None else {**message, "params": params})
        return answer

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        self._write({"method": method} if params is None else {"method": method, "params": params})

    async def close(self) -> int:
        """Shut the daemon down as LSP has it, and end it if it does not go; returns its exit code."""
        with contextlib.suppress(Refused, DaemonEnded, TimeoutError):
            await asyncio.wait_for(self.send("shutdown"), END_SECONDS)
        if self._process.returncode is None:
            self.notify("exit")
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            code = await asyncio.wait_for(self._process.wait(), END_SECONDS)
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return code

    def _write(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while True:
                header = await stream.readuntil(b"\r\n\r\n")
                length = next(
                    int(line[15:]) for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                self._take(json.loads(await stream.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            await self._process.wait()
        finally:
            for _, answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._ended())
            self._waiting.clear()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            method, answer = self._waiting.pop(message["id"], ("", None))
            if answer is None or answer.done():
                return
            if "error" in message:
                answer.set_exception(Refused(method, message["error"]))
            else:
                answer.set_result(message.get("result"))
        elif "id" in message:
            self._write({"id": message["id"], "result": None})
        else:
            self.notified(message["method"], message.get("params") or {})

    async def _listen(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        async for line in stream:
            self._complaints = [*self._complaints, line.decode(errors="replace").rstrip()][-_KEPT_COMPLAINTS:]

    def _ended(self) -> DaemonEnded:
        code = self._process.returncode
        return DaemonEnded("\n".join([f"the daemon ended with exit code {code}", *self._complaints]))
