"""A model's server that can do everything wrong, beside the test: its loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

from tests.providers.server import FaultServer, Script

if TYPE_CHECKING:
    import ssl


class Faulty:
    """`script` answers every request from now on; `requests` are those that came."""

    def __init__(self, context: ssl.SSLContext | None = None, *, port: int = 0) -> None:
        self.server = FaultServer(_nothing, context)
        self.server.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self.server.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def does(self, script: Script) -> None:
        self.server.script = script

    @property
    def prompts(self) -> list[str]:
        """What each request said, as JSON."""
        return [str(request.body) for request in self.server.requests]

    def stopped_listening(self) -> None:
        """Nobody answers at its port any more."""
        self._wait(self._close())

    def listens_again(self) -> None:
        self._wait(self._reopen())

    async def _end(self) -> None:
        """Whoever still holds a connection is not waited for."""
        for talk in self.server.talks:
            talk.abort()
        await self.server.__aexit__()

    async def _close(self) -> None:
        self.server._server.close()
        for talk in self.server.talks:
            talk.abort()

    async def _reopen(self) -> None:
        loop = asyncio.get_running_loop()
        self.server._server = await loop.create_server(self.server._protocol, "127.0.0.1", self.server.port)

    def _wait(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]


async def _nothing(talk: object) -> None:
    await talk.error(500, b"{}")  # type: ignore[attr-defined]
