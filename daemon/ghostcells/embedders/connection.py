"""One child process as the daemon sees it: its pipes, and the requests it still owes an answer.

Whether there should be a child, and what follows from its end, is `process.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from ghostcells.embedders import wire
from ghostcells.embedders.base import EmbedderGone, EmbedderSpec

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

CLOSE_WITHIN = 2.0
"""Seconds a child has to store what it has embedded before it is killed."""


class Connection:
    """One process: its pipes and the requests it still owes an answer."""

    def __init__(self, spec: EmbedderSpec, command: list[str], variables: dict[str, str]) -> None:
        self._spec = spec
        self._command = command
        self._variables = variables
        self._process: Process | None = None
        self.dismissed = False
        self._ids = count(1)
        self.waiting: dict[int, asyncio.Future[wire.Answer]] = {}
        self.loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None

    async def ask(self, build: Callable[[int], wire.Request]) -> wire.Answer:
        """Send a request and await its answer; a caller that gives up just is not there when it comes."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._ids)
        future: asyncio.Future[wire.Answer] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        try:
            self._process.stdin.write(wire.frame(build(number)))
            with contextlib.suppress(ConnectionError):  # reading sees the same end, and says why
                await self._process.stdin.drain()
            return await future
        finally:
            self.waiting.pop(number, None)

    async def run(self, loaded: Callable[[], None]) -> str:
        """Start the process and read its answers until it ends; returns why it did."""
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, env=self._variables, limit=1 << 20
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if self.dismissed:
                process.stdin.close()
            process.stdin.write(wire.frame(wire.Hello(0)))
            return await self._read(process.stdout, loaded) or f"it ended with status {await process.wait()}"
        finally:
            if process.returncode is None:
                await self._end(process)

    def dismiss(self) -> None:
        self.dismissed = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def fail_all(self, reason: str) -> None:
        futures: list[asyncio.Future[Any]] = [self.loaded, *self.waiting.values()]
        for future in futures:
            if not future.done():
                future.set_exception(EmbedderGone(reason))
                future.exception()  # nobody may be waiting, which is no mistake

    async def _read(self, source: asyncio.StreamReader, loaded: Callable[[], None]) -> str:
        """Hand answers to those who asked; returns the child's own account of a failure, else nothing."""
        while True:
            try:
                length = wire.body_length(await source.readexactly(wire.LENGTH.size))
                answer: wire.Answer = wire.read_answer(await source.readexactly(length))
            except asyncio.IncompleteReadError:
                return ""
            except (wire.FramingError, msgspec.MsgspecError) as error:
                return f"it wrote what is not an answer: {error}"
            match answer:
                case wire.Failed(id=0):
                    return answer.error
                case wire.Greeting() if answer.version != wire.VERSION:
                    return "ghostcells was updated: restart the daemon to use the embedder again"
                case wire.Greeting():
                    if (answer.name, answer.dims) != (self._spec.name, self._spec.dims):
                        return f"it is {answer.name} with {answer.dims} dimensions"
                    self.loaded.set_result(None)
                    loaded()
                case _:
                    future = self.waiting.get(answer.id)
                    if future is not None and not future.done():
                        future.set_result(answer)

    async def _end(self, process: Process) -> None:
        """Give the child the chance to store what it has embedded, then insist."""
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
