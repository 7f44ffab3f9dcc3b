"""What the daemon adds to a model's own time: `python benchmarks/model.py [ROUNDS] [EMBEDDER]`.

The model is a server that answers at once, a process of its own; all read the same steady clock. Everything of the daemon's is
measured at the editor: from the rest, which is the last change and the delay that policy has for it, or from a request by
hand, where memory is searched first, to the publish. The bare SDK takes turns with it, so that both have the same machine.
Memory holds 300 examples, of which none fits. Needs the extra `openai`.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ghostcells.engine.policy import model_delay
from ghostcells.trial.client import Client, Refused

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
EMBEDDER = sys.argv[2] if len(sys.argv) > 2 else "lexical"
LONG = 4_000
SHORT = ["```bash\n", "gzip access.log\n", "```\n"]


def frame(**fields):
    told = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", **fields}
    return f"data: {json.dumps(told)}\n\n".encode()


def delta(text):
    return frame(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


END = [
    frame(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    frame(choices=[], usage={"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}),
    b"data: [DONE]\n\n",
]


def serve(pipe):
    """Answers by what the prompt holds: LONG, HANG, else at once; tells when things happened."""

    async def answer(reader, writer):
        pipe.send(("connected", time.monotonic()))
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                body = (await reader.readexactly(length)).decode()
                pipe.send(("request", time.monotonic()))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                await respond(body.rsplit("[user]", 1)[-1], reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def put(writer, data):
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def respond(body, reader, writer):
        if "HANG" in body:
            put(writer, delta("```bash\nls\n"))
            await writer.drain()
            await reader.read(1)
            pipe.send(("closed", time.monotonic()))
            raise ConnectionError
        if "LONG" in body:
            try:
                await long(writer)
            except ConnectionError:
                pipe.send(("closed", time.monotonic()))
                raise
        else:
            for piece in SHORT:
                put(writer, delta(piece))
        for data in END:
            put(writer, data)
        pipe.send(("last", time.monotonic()))
        put(writer, b"")
        await writer.drain()

    async def long(writer):
        put(writer, delta("```bash\n"))
        for number in range(LONG):
            put(writer, delta(f"gzip access-{number}.log\n" if number % 10 == 0 else "# and so on "))
            if number % 50 == 0:
                await writer.drain()
                await asyncio.sleep(0.005)
            if writer.is_closing():
                raise ConnectionError

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
        pipe.send(("port", server.sockets[0].getsockname()[1]))
        await server.serve_forever()

    asyncio.run(main())


class Page:
    """A notebook with one cell of prose."""

    def __init__(self, bench, number):
        self.bench, self.client = bench, bench.client
        self.version = 1
        self.uri = f"file:///runbooks/bench-{number}.md"
        self.cell = f"cell:{number}"
        self.publishes = []
        cell = {"kind": 1, "document": self.cell}
        document = {"uri": self.uri, "notebookType": "runme", "version": 1, "cells": [cell]}
        text = {"uri": self.cell, "languageId": "markdown", "version": 1, "text": ""}
        self.client.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": [text]})

    def write(self, text):
        self.version += 1
        change = {"document": {"uri": self.cell, "version": self.version}, "changes": [{"text": text}]}
        self.client.notify(
            "notebookDocument/didChange",
            {
                "notebookDocument": {"uri": self.uri, "version": self.version},
                "change": {"cells": {"textContent": [change]}},
            },
        )

    async def ask(self, method, **params):
        return await self.client.request(f"ghostcells/{method}", {"notebook": {"uri": self.uri}, **params})

    async def suggest(self, text):
        """Write, and ask by hand; when that was."""
        await self.ask("focus", cell=self.cell)
        self.write(text)
        self.publishes.clear()
        begun = time.monotonic()
        await self.ask("suggest", cell=self.cell)
        return begun

    async def until(self, fits, seconds=30.0):
        deadline = time.monotonic() + seconds
        while True:
            for at, params in self.publishes:
                if fits(params):
                    return at, params
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(0.0005)


class Bench:
    def __init__(self, client, pipe):
        self.client, self.pipe = client, pipe
        self.pages = []
        self.connections = 0
        client.notified = self.notified

    def notified(self, method, params):
        if method == "ghostcells/publishGhosts":
            for page in self.pages:
                if page.uri == params["notebook"]["uri"]:
                    page.publishes.append((time.monotonic(), params))

    def page(self):
        self.pages.append(Page(self, len(self.pages)))
        return self.pages[-1]

    def take(self):
        name, value = self.pipe.recv()
        self.connections += name == "connected"
        return name, value

    def forget(self):
        """What the server told of earlier rounds."""
        while self.pipe.poll():
            self.take()

    async def told(self, what):
        while True:
            while not self.pipe.poll():  # noqa: ASYNC110 -- a pipe of multiprocessing tells no event
                await asyncio.sleep(0.0005)
            name, value = self.take()
            if name == what:
                return value

    async def ping(self):
        begun = time.perf_counter()
        with contextlib.suppress(Refused):
            await self.client.request("ghostcells/nothing")
        return (time.perf_counter() - begun) * 1000


class Sdk:
    """The bare SDK, with one client, as the daemon has one."""

    def __init__(self, url):
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(api_key="x", base_url=url, max_retries=0)

    async def _stream(self, text):
        messages = [{"role": "system", "content": "Answer with a command. " * 30}, {"role": "user", "content": text}]
        return await self._client.chat.completions.create(model="m", messages=messages, stream=True)

    async def first_chunk(self):
        """Milliseconds from the request to the first text; the stream is read to its end."""
        begun, first = time.monotonic(), None
        async for chunk in await self._stream("Compress the log"):
            if first is None and chunk.choices and chunk.choices[0].delta.content:
                first = (time.monotonic() - begun) * 1000
        return first

    async def closed(self, bench):
        """Milliseconds from `close` to the server's seeing it."""
        stream = await self._stream("HANG on")
        async for _ in stream:
            break
        begun = time.monotonic()
        await stream.close()
        return (await asyncio.wait_for(bench.told("closed"), 5) - begun) * 1000


def p(ordered, share):
    ordered = sorted(ordered)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def line(name, values, bound=None):
    high = p(values, 0.99)
    limit = "" if bound is None else f"   bound {bound} ms: {'kept' if high <= bound else 'MISSED'}"
    print(f"{name:<62} p50 {p(values, 0.5):7.2f} ms   p99 {high:7.2f} ms   n {len(values)}{limit}", flush=True)


async def cold(bench):
    """Pings from the first request on, a second after the first notebook was opened, through the imports of the SDK."""
    page = bench.page()
    await page.ask("focus", cell=page.cell)
    await asyncio.sleep(1)
    pings, over = [], False

    async def keep_pinging():
        while not over:
            pings.append(await bench.ping())
            await asyncio.sleep(0.001)

    pinging = asyncio.ensure_future(keep_pinging())
    begun = await page.suggest("Compress the log of the very first day")
    at, _ = await page.until(lambda p: p["final"])
    over = True
    await pinging
    await page.ask("dismiss")
    return pings, (at - begun) * 1000


async def first_and_last(bench, sdk):
    page = bench.page()
    alone, firsts, finals = [], [], []
    bench.forget()
    bench.connections = 0
    for number in range(ROUNDS + 3):
        alone.append(await sdk.first_chunk())
        bench.forget()
        begun = await page.suggest(f"Compress log number {number}-{number * 7} of yesterday")
        first, _ = await page.until(lambda p: p["ghosts"])
        last = await bench.told("last")
        at, _ = await page.until(lambda p: p["final"] and p["ghosts"])
        firsts.append((first - begun) * 1000)
        finals.append((at - last) * 1000)
        await page.ask("dismiss")
    return alone[3:], firsts[3:], finals[3:]


async def after_a_rest(bench, sdk):
    """From the moment that the typing has rested; each time in a notebook of its own, whose typist has no rhythm yet."""
    alone, firsts = [], []
    for number in range(ROUNDS + 3):
        page = bench.page()
        bench.forget()
        alone.append(await sdk.first_chunk())
        await page.ask("focus", cell=page.cell)
        page.write(f"Compress log number {number}-{number * 7} of yesterday.")
        rest = time.monotonic() + model_delay(None) / 1000
        first, _ = await page.until(lambda p: p["ghosts"])
        firsts.append((first - rest) * 1000)
        await page.until(lambda p: p["final"])
        await page.ask("dismiss")
    return alone[3:], firsts[3:]


async def superseded(bench, sdk):
    page = bench.page()
    alone, closed = [], []
    for number in range(ROUNDS):
        bench.forget()
        alone.append(await sdk.closed(bench))
        bench.forget()
        await page.suggest(f"HANG on to number {number}-{number * 7} of yesterday")
        await page.until(lambda p: p["ghosts"] and not p["final"])
        begun = time.monotonic()
        page.write(f"HANG on to quite another thing than {number}")
        closed.append((await asyncio.wait_for(bench.told("closed"), 5) - begun) * 1000)
    return alone, closed


async def pings(bench):
    """Pings while answers of 4 000 chunks stream into notebooks, and each new one closes the one before."""
    pages = [bench.page() for _ in range(3)]
    quiet, busy, publishes = [], [], 0
    for number in range(30):
        page = pages[number % 3]
        await page.suggest(f"LONG list of every log that there is, number {number}")
        if number > 1:
            busy += [await bench.ping() for _ in range(10)]
        await page.until(lambda p: p["ghosts"])
        # The editor's user goes on to another notebook, and what grows goes on growing.
        await page.ask("focus", cell=None)
        for _ in range(25 if number > 1 else 0):
            busy.append(await bench.ping())
            await asyncio.sleep(0.002)
        publishes += len(page.publishes)
    for page in pages:
        await page.ask("dismiss")
    while len(quiet) < len(busy):
        quiet.append(await bench.ping())
        await asyncio.sleep(0.002 if len(quiet) % 2 else 0)
    return quiet, busy, publishes


CROWD = """
import asyncio
from contextlib import aclosing

from msgspec.structs import replace

from ghostcells.domain.exchange import Message
from ghostcells.providers.openai import OpenAIProvider


class Crowd(OpenAIProvider):
    name = "crowd"

    async def stream(self, model, prompt):
        others = asyncio.gather(self._whole(model, prompt), self._superseded(model, prompt))
        try:
            async with aclosing(super().stream(model, prompt)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            others.cancel()

    async def _whole(self, model, prompt):
        while True:
            async with aclosing(super().stream(model, prompt)) as chunks:
                async for _ in chunks:
                    pass

    async def _superseded(self, model, prompt):
        held = replace(prompt, messages=(*prompt.messages[:-1], Message(prompt.messages[-1].role, "HANG")))
        while True:
            async with aclosing(super().stream(model, held)) as chunks:
                async for _ in chunks:
                    break
            await asyncio.sleep(0.02)
"""


def install_crowd(folder):
    """A provider, as a plugin, that reads two more streams beside each answer: one whole, and one that is closed at its first
    chunk and asked for again, fifty times a second."""
    info = folder / "crowd-0.dist-info"
    info.mkdir(parents=True)
    (folder / "crowd.py").write_text(CROWD)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crowd\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[ghostcells.providers]\ncrowd = crowd:Crowd\n")
    return folder


async def crowded(bench):
    """Pings while two streams of 4 000 chunks run, one of them into a notebook, and a third is superseded again and again.

    By itself the daemon never lets so many run: who moves on leaves behind what was being written.
    """
    page = bench.page()
    pings, closed = [], 0
    for number in range(15):
        bench.forget()
        await page.suggest(f"LONG list of every log that there is, number {number}-{number * 7}")
        await page.until(lambda p: p["ghosts"])
        while not any(params["final"] and params["ghosts"] for _, params in page.publishes):
            pings += [await bench.ping() for _ in range(10)]
            await asyncio.sleep(0.002)
        while bench.pipe.poll():
            closed += bench.take()[0] == "closed"
        await page.ask("dismiss")
    return pings, closed


def examples(folder):
    """A runbook of things that nobody asks about here."""
    nouns = ("gateway", "ledger", "mailer", "search", "cart", "invoice", "tracker", "session", "report", "queue")
    verbs = ("restart", "scale", "drain", "migrate", "rotate", "verify", "resize", "reindex", "export", "tag")
    steps = [
        f"{verb.title()} the {noun} of shard {shard}.\n\n```bash\nkubectl -n shard-{shard} {verb} deployment/{noun}\n```\n"
        for verb in verbs
        for noun in nouns
        for shard in range(3)
    ]
    (folder / "steps.md").write_text("\n".join(steps))
    return folder / "steps.md"


async def main():
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    _, port = ours.recv()
    url = f"http://127.0.0.1:{port}/v1"
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config.toml"
        config.write_text(
            f'[model]\nprovider = "openai"\nbaseUrl = "{url}"\nname = "m"\n[memory]\nembedder = "{EMBEDDER}"\n'
        )
        here = ["--data-dir", f"{scratch}/data", "--config", str(config)]
        ghostcells = [sys.executable, "-m", "ghostcells"]
        environment = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
        learn = [*ghostcells, "learn", str(examples(Path(scratch))), *here]
        learning = await asyncio.create_subprocess_exec(*learn, env=environment, stdout=subprocess.DEVNULL)
        assert await learning.wait() == 0
        client = await Client.start([*ghostcells, "serve", *here], env=environment)
        bench = Bench(client, ours)
        await client.initialize()
        cold_pings, cold_ms = await cold(bench)
        sdk = Sdk(url)
        print(f"{ROUNDS} rounds, embedder {EMBEDDER}, load {os.getloadavg()[0]:.1f}")
        alone, firsts = await after_a_rest(bench, sdk)
        base = statistics.median(alone)
        line("the SDK alone, request to first text", alone)
        line("the editor, rest to first streamed ghost", firsts)
        line("added, over the SDK's median", [one - base for one in firsts], 15)
        alone, firsts, finals = await first_and_last(bench, sdk)
        connections = bench.connections
        line("the SDK alone once more", alone)
        line("the editor, asked by hand to first streamed ghost", firsts)
        line("last chunk sent to final publish received", finals, 25)
        print(f"new connections for these {2 * ROUNDS + 6} requests of both: {connections}")
        alone, closed = await superseded(bench, sdk)
        line("the SDK alone, close to server sees it", alone)
        line(f"superseded, text changed to server sees it ({len(closed)} of {ROUNDS} closed)", closed, 10)
        quiet, busy, publishes = await pings(bench)
        line("ping, nothing else going on", quiet)
        line(f"ping, answers of {LONG} chunks, each new one closes the one before", busy, 10)
        print(f"publishes of these answers: {publishes}")
        await client.close()
        config.write_text(config.read_text().replace('provider = "openai"', 'provider = "crowd"'))
        environment["PYTHONPATH"] = str(install_crowd(Path(scratch) / "plugin"))
        client = await Client.start([*ghostcells, "serve", *here], env=environment)
        await client.initialize()
        busy, closed = await crowded(Bench(client, ours))
        line(f"ping, two streams of {LONG} chunks, a third superseded {closed} times", busy, 10)
        line(f"ping during the first completion, imports included ({cold_ms:.0f} ms)", cold_pings)
        print(f"the longest of these: {max(cold_pings):.1f} ms")
        await client.close()
    server.terminate()


if __name__ == "__main__":
    asyncio.run(main())
