"""Whoever stops reading stops the server: it sees its connection closed, every time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import cast

import pytest

from ghostcells.domain.exchange import Chunk
from ghostcells.providers.base import Provider
from tests.providers.server import SEEN_S, FaultServer, Talk, until_gone
from tests.providers.wires import FORMATS, MODEL, PROMPT, Wire

pytestmark = pytest.mark.asyncio
TRIES = 25


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SEEN_S):
        while not condition():  # noqa: ASYNC110 -- the server sets nothing that could be awaited
            await asyncio.sleep(0)


async def cancelled_while_waiting(provider: Provider, begun: asyncio.Event) -> float:
    async def read() -> None:
        async for _ in provider.stream(MODEL, PROMPT):
            begun.set()

    return await cancelled(asyncio.ensure_future(read()), begun)


async def cancelled_while_at_work_elsewhere(provider: Provider, begun: asyncio.Event) -> float:
    """The generator is not running then, and nobody calls its aclose."""
    kept = []

    async def read() -> None:
        stream = provider.stream(MODEL, PROMPT)
        kept.append(stream)
        async for _ in stream:
            begun.set()
            await asyncio.Event().wait()

    try:
        return await cancelled(asyncio.ensure_future(read()), begun)
    finally:
        asyncio.get_running_loop().call_later(SEEN_S, kept.clear)


async def cancelled(task: asyncio.Task[None], begun: asyncio.Event) -> float:
    await begun.wait()
    at = time.perf_counter()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return at


async def cancelled_twice(provider: Provider, begun: asyncio.Event) -> float:
    async def read() -> None:
        async for _ in provider.stream(MODEL, PROMPT):
            begun.set()

    task = asyncio.ensure_future(read())
    await begun.wait()
    at = time.perf_counter()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return at


async def failed_consumer(provider: Provider, begun: asyncio.Event) -> float:
    at = 0.0

    async def read() -> None:
        nonlocal at
        async for _ in provider.stream(MODEL, PROMPT):
            at = time.perf_counter()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.ensure_future(read())
    begun.set()
    return at


async def closed(provider: Provider, begun: asyncio.Event) -> float:
    stream = cast("AsyncGenerator[Chunk, None]", provider.stream(MODEL, PROMPT))
    await anext(stream)
    begun.set()
    at = time.perf_counter()
    await stream.aclose()
    return at


async def closed_after_reading_from_many_tasks(provider: Provider, begun: asyncio.Event) -> float:
    """`wait_for` may run each step in a task of its own, whose end is not the reader's."""
    stream = cast("AsyncGenerator[Chunk, None]", provider.stream(MODEL, PROMPT))
    for _ in range(2):
        await asyncio.ensure_future(cast("Awaitable[Chunk]", step(stream)))
    return await closed_stream(stream, begun)


async def step(stream: AsyncGenerator[Chunk, None]) -> Chunk:
    return await anext(stream)


async def closed_stream(stream: AsyncGenerator[Chunk, None], begun: asyncio.Event) -> float:
    begun.set()
    at = time.perf_counter()
    await stream.aclose()
    return at


async def dropped(provider: Provider, begun: asyncio.Event) -> float:
    """Nobody refers to it any more, so the loop is told."""
    stream = provider.stream(MODEL, PROMPT)
    await anext(stream)
    begun.set()
    return time.perf_counter()


WAYS = [
    dropped,
    cancelled_while_waiting,
    cancelled_while_at_work_elsewhere,
    cancelled_twice,
    failed_consumer,
    closed,
    closed_after_reading_from_many_tasks,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)
async def test_the_server_sees_every_end(
    wire: Wire, way: Callable[[Provider, asyncio.Event], Awaitable[float]], record_property: Callable[..., None]
) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("one "))
        await talk.piece(wire.text("two "))
        await until_gone(talk)

    waits = []
    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        for number in range(TRIES):
            at = await way(provider, asyncio.Event())
            await until(server.talks[number].gone.is_set)
            waits.append(server.talks[number].gone_at - at)
        await provider.close()
    assert len(waits) == TRIES
    record_property("disconnect_ms_max", max(waits) * 1000)


@pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)
async def test_cancelling_before_the_headers_closes_too(wire: Wire) -> None:
    async with FaultServer(until_gone) as server:
        provider = wire.provider(server.url)
        for number in range(TRIES):
            task = asyncio.ensure_future(step(cast("AsyncGenerator[Chunk, None]", provider.stream(MODEL, PROMPT))))
            await until(lambda number=number: len(server.talks) > number)  # type: ignore[misc]
            task.cancel()
            await asyncio.wait([task])
            await until(server.talks[number].gone.is_set)
        await provider.close()
