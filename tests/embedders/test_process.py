"""The daemon's side, with a real child process that runs an embedder without a model."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import pytest

from ghostcells.embedders import process as process_module
from ghostcells.embedders import wire
from ghostcells.embedders.base import EmbedderError, EmbedderGone, EmbedderState
from ghostcells.embedders.connection import Connection

pytestmark = pytest.mark.asyncio

TEXTS = [(1, "list all files"), (2, "restart the server"), (3, "list all pods")]


class Clock:
    """Time and timers that move only when told."""

    def __init__(self):
        self.time = 0.0
        self.timers = []

    def now(self):
        return self.time

    def call_later(self, delay, callback):
        timer = Timer(delay, callback)
        self.timers.append(timer)
        return timer

    def fire(self):
        live = [timer for timer in self.timers if not timer.cancelled]
        self.timers.clear()
        for timer in live:
            timer.callback()


class Timer:
    def __init__(self, delay, callback):
        self.delay, self.callback, self.cancelled = delay, callback, False

    def cancel(self):
        self.cancelled = True


async def test_texts_are_added_found_scored_and_removed(started, hashing):
    embedder = started(hashing)
    assert await embedder.add(TEXTS) == 3
    found = await embedder.search("list all files", 2, also=[2, 9], key="q")
    assert found.rows == [1, 3]
    assert found.scores[0] == pytest.approx(1, abs=0.01)
    assert found.also == [pytest.approx(0, abs=0.01), None]
    assert await embedder.score([1], key="q") == [pytest.approx(found.scores[0])]
    assert await embedder.remove([1, 50]) == 1
    assert await embedder.rows() == {2, 3}
    await embedder.clear()
    assert await embedder.rows() == set()
    (vector,) = await embedder.embed(["list"])
    assert sum(number * number for number in vector) == pytest.approx(1)


async def test_starting_never_waits_and_says_so(started, hashing):
    seen = []
    embedder = started(hashing, on_state=seen.append)
    assert (embedder.state, embedder.ready) == (EmbedderState.ABSENT, False)
    embedder.start()
    assert (embedder.state, embedder.ready) == (EmbedderState.LOADING, False)
    await embedder.wait_ready()
    assert embedder.ready
    await embedder.close()
    assert seen == [EmbedderState.LOADING, EmbedderState.READY, EmbedderState.ABSENT]


async def test_the_daemon_itself_imports_nothing_heavy():
    code = (
        "import sys; import ghostcells.embedders.process, ghostcells.embedders.install, ghostcells.embedders.specs;"
        "print([name for name in ('numpy', 'onnxruntime', 'tokenizers', 'openai') if name in sys.modules])"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    assert output.strip() == b"[]"


async def test_vectors_outlive_the_child(started, hashing):
    first = started(hashing)
    await first.add(TEXTS)
    await first.close()
    assert await started(hashing).rows() == {1, 2, 3}


async def test_two_daemons_may_share_the_vectors(started, hashing):
    one, other = started(hashing), started(hashing)
    await one.add(TEXTS[:1])
    await other.add(TEXTS[1:])
    assert await one.rows() == await other.rows() == {1, 2, 3}
    assert (await one.search("restart the server", 1)).rows == [2]


async def test_a_library_that_prints_does_not_break_the_frames(started, hashing):
    embedder = started(msgspec.structs.replace(hashing, options={"noise": True}))
    assert await embedder.add(TEXTS) == 3


async def test_a_caller_that_gives_up_leaves_the_others_their_answers(started, hashing):
    embedder = started(hashing)
    await embedder.add(TEXTS)
    abandoned = [asyncio.create_task(embedder.search("list all files", 1)) for _ in range(20)]
    kept = asyncio.create_task(embedder.search("restart the server", 1))
    await asyncio.sleep(0)
    for task in abandoned[::2]:
        task.cancel()
    assert (await kept).rows == [2]
    assert [(await task).rows for task in abandoned[1::2]] == [[1]] * 10


async def test_giving_up_while_loading_leaves_the_child_loading(started, hashing):
    embedder = started(hashing)
    waiting = asyncio.create_task(embedder.search("list all files", 1))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await embedder.rows() == set()


async def test_a_failing_request_is_an_error_and_the_child_lives_on(started, hashing):
    embedder = started(hashing)
    with pytest.raises(EmbedderError, match="this text is refused"):
        await embedder.search("refuse this", 1)
    assert embedder.ready
    assert await embedder.add(TEXTS) == 3


async def test_a_child_that_dies_fails_what_was_under_way_and_comes_back(started, hashing):
    clock = Clock()
    embedder = started(hashing, now=clock.now)
    await embedder.add(TEXTS)
    with pytest.raises(EmbedderGone, match="status 3"):
        await embedder.search("kill the embedder", 1)
    assert (embedder.state, embedder.ready) == (EmbedderState.FAILED, False)
    assert "status 3" in embedder.reason
    with pytest.raises(EmbedderGone, match="status 3"):
        await embedder.rows()
    clock.time += process_module.FIRST_PAUSE
    assert await embedder.rows() == {1, 2, 3}


async def test_a_child_that_is_killed_while_it_adds_leaves_a_store_that_works(started, hashing):
    clock = Clock()
    embedder = started(hashing, now=clock.now)
    await embedder.add(TEXTS)
    adding = asyncio.create_task(embedder.add([(row, f"word{row} " * 20) for row in range(10, 2010)]))
    while len(await embedder.rows()) <= len(TEXTS):
        pass
    embedder._child._process.kill()
    with pytest.raises(EmbedderGone, match="status -9"):
        await adding
    clock.time += 2
    rows = await embedder.rows()
    assert rows >= {1, 2, 3}
    assert (await embedder.search("restart the server", 1)).rows == [2]
    assert await embedder.add([(row, f"word{row}") for row in set(range(10, 2010)) - rows]) == 2003 - len(rows)
    assert await embedder.rows() == {1, 2, 3, *range(10, 2010)}


async def test_the_pause_grows_until_the_child_does_its_work(started, hashing):
    clock = Clock()
    embedder = started(hashing, now=clock.now)
    for pause in (1, 2, 4):
        with pytest.raises(EmbedderGone):
            await embedder.search("kill the embedder", 1)
        clock.time += pause * 0.99
        embedder.start()
        assert embedder.state is EmbedderState.FAILED
        clock.time += pause * 0.02
    assert await embedder.rows() == set()
    with pytest.raises(EmbedderGone):
        await embedder.search("kill the embedder", 1)
    clock.time += 1.01
    assert await embedder.rows() == set()


async def test_an_embedder_that_cannot_load_says_why(started, hashing):
    embedder = started(msgspec.structs.replace(hashing, factory="tests.embedders.hashing:broken"))
    with pytest.raises(EmbedderGone, match="the model is not there"):
        await embedder.wait_ready()
    assert embedder.state is EmbedderState.FAILED
    assert "the model is not there" in embedder.reason


async def test_a_module_that_is_missing_is_named_without_starting_anything(started, hashing):
    embedder = started(msgspec.structs.replace(hashing, modules=("numpy", "surely_not_installed")))
    embedder.start()
    assert embedder.state is EmbedderState.FAILED
    assert "surely_not_installed" in embedder.reason


async def test_a_child_of_another_version_is_not_used(started, hashing, monkeypatch):
    """The daemon runs on while its package is updated; the child it starts next is the new one."""
    monkeypatch.setattr(wire, "VERSION", wire.VERSION - 1)
    embedder = started(hashing)
    with pytest.raises(EmbedderGone, match="restart the daemon"):
        await embedder.wait_ready()
    assert embedder.state is EmbedderState.FAILED


async def test_an_idle_child_is_dropped_and_comes_back_when_needed(started, hashing):
    clock = Clock()
    embedder = started(hashing, idle_after=600, call_later=clock.call_later)
    await embedder.add(TEXTS)
    assert clock.timers[-1].delay == 600
    clock.fire()
    assert (embedder.state, embedder.ready) == (EmbedderState.IDLE, False)
    assert await embedder.rows() == {1, 2, 3}


async def test_a_child_at_work_is_not_idle(started, hashing):
    clock = Clock()
    embedder = started(hashing, idle_after=600, call_later=clock.call_later)
    await embedder.wait_ready()
    search = asyncio.create_task(embedder.search("list all files", 1))
    await asyncio.sleep(0)
    clock.fire()
    assert (await search).rows == []
    assert embedder.ready


async def test_closing_ends_the_child_and_every_call(started, hashing):
    embedder = started(hashing)
    await embedder.wait_ready()
    adding = asyncio.create_task(embedder.add([(row, "word " * 50) for row in range(5000)]))
    await asyncio.sleep(0)
    await embedder.close()
    with pytest.raises(EmbedderGone):
        await adding
    with pytest.raises(EmbedderGone, match="closed"):
        await embedder.rows()
    await embedder.close()


async def test_closing_while_loading_is_fine(started, hashing):
    embedder = started(hashing)
    embedder.start()
    await embedder.close()
    assert embedder.state is EmbedderState.ABSENT


async def test_the_child_sees_only_the_variables_it_needs(started, hashing, monkeypatch):
    seen = []
    monkeypatch.setattr(
        process_module,
        "Connection",
        lambda spec, command, variables: seen.append(variables) or Connection(spec, command, variables),
    )
    environment = {"PATH": "/bin", "OPENAI_API_KEY": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    await started(hashing, environment=environment).wait_ready()
    assert seen[0].keys() & environment.keys() == {"PATH"}
    await started(msgspec.structs.replace(hashing, variables=("OPENAI_API_KEY",)), environment=environment).wait_ready()
    assert seen[1].keys() & environment.keys() == {"PATH", "OPENAI_API_KEY"}
