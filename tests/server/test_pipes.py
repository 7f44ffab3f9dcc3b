"""A pipe is written to by the loop and, where nothing waits, by another thread: no frame ends up within another."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator

import pytest

from ghostcells.server import pipes

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="there a thread writes all of standard output"),
]


class Ends:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def received(self, data: bytes) -> None: ...

    def input_ended(self) -> None: ...

    def output_ended(self) -> None:
        self.ended.set()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


def sink_of(writing: int, ends: Ends) -> pipes._PipeSink:
    return pipes._PipeSink(writing, asyncio.get_running_loop(), ends)


async def test_another_thread_can_write_where_nothing_waits(pipe: tuple[int, int]) -> None:
    sink = sink_of(pipe[1], Ends())
    await asyncio.to_thread(sink.offer, b"early", lambda: True)
    sink.write(b" late")
    assert os.read(pipe[0], 99) == b"early late"


async def test_nothing_is_written_for_who_is_not_to(pipe: tuple[int, int]) -> None:
    sink = sink_of(pipe[1], Ends())
    sink.offer(b"early", lambda: False)
    sink.write(b"late")
    assert os.read(pipe[0], 99) == b"late"


async def test_nothing_is_offered_past_what_waits(pipe: tuple[int, int]) -> None:
    sink = sink_of(pipe[1], Ends())
    much = b"a" * (4 << 20)
    sink.write(much)
    asked: list[bool] = []
    sink.offer(b"b", lambda: asked.append(True) is None)
    assert asked == []
    assert await _read(pipe[0], len(much)) == much


async def test_what_a_full_pipe_does_not_take_of_an_offer_follows_in_its_place(pipe: tuple[int, int]) -> None:
    ends = Ends()
    sink = sink_of(pipe[1], ends)
    much = b"a" * (4 << 20)
    await asyncio.to_thread(sink.offer, much, lambda: True)
    sink.write(b"b")
    assert await _read(pipe[0], len(much) + 1) == much + b"b"


async def test_that_nobody_reads_any_more_is_found_out_by_the_loop(pipe: tuple[int, int]) -> None:
    ends = Ends()
    sink = sink_of(pipe[1], ends)
    os.close(pipe[0])
    await asyncio.to_thread(sink.offer, b"early", lambda: True)
    await ends.ended.wait()


async def _read(reading: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await asyncio.to_thread(os.read, reading, 1 << 16)
    return data
