"""The process that serves one editor: its event loop, its connection, its signals and its end."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Never

from ghostcells.domain.errors import ConfigError
from ghostcells.server import pipes
from ghostcells.server.parts import Build
from ghostcells.server.session import Session

logger = logging.getLogger(__name__)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
"""What asks a process to end; a terminal that is closed sends the last one."""
_Connect = Callable[[Session], Coroutine[None, None, None]]


class Server:
    def __init__(self, build: Build, *, version: str) -> None:
        self._build = build
        self._version = version

    def run_stdio(self) -> int:
        """Serve on standard input and output until the end; the exit code."""
        stdin, stdout = pipes.take_standard_streams()

        async def connect(session: Session) -> None:
            session.outbox.attach(pipes.open_output(stdout, session))
            await pipes.open_input(stdin, session)

        return self._run(connect, None)

    def run_tcp(self, host: str, port: int, token: str | None = None) -> int:
        """Serve one connection, for debugging; other addresses than this machine's own only with a token in the options."""
        host = host.strip("[]")
        if host not in _LOOPBACK and not token:
            raise ConfigError(f"--tcp {host}: only a loopback address can be served without a token")
        return self._run(partial(_accept, host, port), token)

    def _run(self, connect: _Connect, token: str | None) -> int:
        # Not asyncio.run: its end waits for the threads of the default executor, one of which may be stuck.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(self._live(connect, token))

    async def _live(self, connect: _Connect, token: str | None) -> int:
        session = Session(self._build, version=self._version, token=token)
        loop = asyncio.get_running_loop()
        for number in _ENDINGS:
            if signal.getsignal(number) is signal.SIG_IGN:  # as nohup has it
                continue
            with suppress(NotImplementedError, RuntimeError):  # Windows; not the main thread
                loop.add_signal_handler(number, session.end, 0)
        connecting = loop.create_task(connect(session), name="connect")
        connecting.add_done_callback(partial(_connected, session))
        code = await session.ended
        connecting.cancel()
        await session.finish()
        return code


def _connected(session: Session, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        # What the system refuses (a port that is taken) is said in its words; anything else is a mistake of ours.
        logger.error("No connection: %s", error, exc_info=None if isinstance(error, OSError) else error)
        session.end(1)


async def _accept(host: str, port: int, session: Session) -> None:
    loop = asyncio.get_running_loop()
    accepted: asyncio.Future[asyncio.Transport] = loop.create_future()
    listening = await loop.create_server(lambda: pipes.Connection(session, accepted), host, port)
    logger.warning("Waiting for an editor on %s", listening.sockets[0].getsockname())
    session.outbox.attach(await accepted)
    listening.close()


def leave(code: int) -> Never:
    """End the process now, whatever threads still do: nothing that was acknowledged depends on them."""
    logging.shutdown()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
