"""What the daemon adds to a model's own time: `python benchmarks/model.py`, against a local server that answers at once.

The server is a process of its own; both sides read the same steady clock. Needs the extra `openai`.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ghostcells.trial.client import Client, Refused

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
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
            put(writer, delta("```bash\n"))
            for number in range(LONG):
                put(writer, delta(f"gzip access-{number}.log\n" if number % 10 == 0 else "# and so on "))
                if writer.is_closing():
                    return
                if number % 50 == 0:
                    await writer.drain()
                    await asyncio.sleep(0.02)
        else:
            for piece in SHORT:
                put(writer, delta(piece))
        for data in END:
            put(writer, data)
        pipe.send(("last", time.monotonic()))
        put(writer, b"")
        await writer.drain()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**24)
        pipe.send(("port", server.sockets[0].getsockname()[1]))
        await server.serve_forever()

    asyncio.run(main())


class Bench:
    def __init__(self, client, pipe):
        self.client, self.pipe = client, pipe
        self.publishes = []
        client.notified = self.notified
        self.version = 1
        self.uri = "file:///runbooks/bench.md"
        self.cell = "cell:1"

    def notified(self, method, params):
        if method == "ghostcells/publishGhosts":
            self.publishes.append((time.monotonic(), params))

    def open(self):
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

    async def until(self, fits, seconds=30.0):
        deadline = time.monotonic() + seconds
        while True:
            for at, params in self.publishes:
                if fits(params):
                    return at, params
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(0.0005)

    def forget(self):
        """What the server told of earlier rounds."""
        while self.pipe.poll():
            self.pipe.recv()

    async def told(self, what):
        while True:
            while not self.pipe.poll():  # noqa: ASYNC110 -- a pipe of multiprocessing tells no event
                await asyncio.sleep(0.0005)
            name, value = self.pipe.recv()
            if name == what:
                return value

    async def ping(self):
        begun = time.perf_counter()
        with contextlib.suppress(Refused):
            await self.client.request("ghostcells/nothing")
        return (time.perf_counter() - begun) * 1000


def line(name, values, bound=None):
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    limit = "" if bound is None else f"   bound {bound} ms: {'kept' if p99 <= bound else 'MISSED'}"
    print(
        f"{name:<58} p50 {statistics.median(ordered):7.2f} ms   p99 {p99:7.2f} ms   n {len(ordered)}{limit}", flush=True
    )


async def first_and_last(bench):
    traces, finals = [], []
    for number in range(ROUNDS + 3):
        bench.write(f"Compress log number {number}-{number * 7} of yesterday")
        bench.publishes.clear()
        bench.forget()
        await bench.ask("suggest", cell=bench.cell)
        last = await bench.told("last")
        at, params = await bench.until(lambda p: p["final"] and p["ghosts"])
        finals.append((at - last) * 1000)
        for _ in range(100):
            found = await bench.client.request("ghostcells/trace", {"id": params["ghosts"][0]["id"]})
            if found is not None:
                break
            await asyncio.sleep(0.01)
        traces.append(found["stagesMs"])
        await bench.ask("dismiss")
    return traces[3:], finals[3:]


async def sdk_alone(url):
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="x", base_url=url, max_retries=0)
    times = []
    for _ in range(ROUNDS + 3):
        begun = time.perf_counter()
        messages = [{"role": "user", "content": "Compress the log"}]
        stream = await client.chat.completions.create(model="m", messages=messages, stream=True)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                times.append((time.perf_counter() - begun) * 1000)
                break
        await stream.close()
    await client.close()
    return times[3:]


async def superseded(bench):
    closed = []
    for number in range(ROUNDS):
        bench.write(f"HANG on to number {number}-{number * 7} of yesterday")
        bench.publishes.clear()
        bench.forget()
        await bench.ask("suggest", cell=bench.cell)
        await bench.until(lambda p: p["ghosts"] and not p["final"])
        begun = time.monotonic()
        bench.write(f"HANG on to quite another thing than {number}")
        closed.append((await asyncio.wait_for(bench.told("closed"), 5) - begun) * 1000)
    return closed


async def pings(bench):
    bench.publishes.clear()
    quiet = [await bench.ping() for _ in range(100)]
    busy = []
    bench.write("LONG list of every log that there is")
    await bench.ask("suggest", cell=bench.cell)
    await bench.until(lambda p: p["ghosts"])
    while not any(p["final"] for _, p in bench.publishes):
        busy.append(await bench.ping())
        await asyncio.sleep(0.002)
    publishes = len(bench.publishes)
    for number in range(10):
        bench.write(f"LONG list of every log that there is, part {number}")
        await bench.ask("suggest", cell=bench.cell)
        busy += [await bench.ping() for _ in range(20)]
    return quiet, busy, publishes


async def main():
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    _, port = ours.recv()
    url = f"http://127.0.0.1:{port}/v1"
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config.toml"
        config.write_text(
            f'[model]\nprovider = "openai"\nbaseUrl = "{url}"\nname = "m"\n[memory]\nembedder = "lexical"\n'
        )
        command = [
            sys.executable,
            "-m",
            "ghostcells",
            "serve",
            "--data-dir",
            f"{scratch}/data",
            "--config",
            str(config),
        ]
        client = await Client.start(command, env={"HOME": scratch, "PATH": os.environ["PATH"]})
        bench = Bench(client, ours)
        await client.initialize()
        bench.open()
        await bench.ask("focus", cell=bench.cell)
        alone = await sdk_alone(url)
        traces, finals = await first_and_last(bench)
        base = statistics.median(alone)
        line("SDK alone, request to first chunk", alone)
        line("daemon, rest to first chunk", [one["firstChunk"] for one in traces])
        line("daemon, rest to prompt composed", [one["prompt"] for one in traces])
        line("added: rest to first ghost, over the SDK's median", [one["firstGhost"] - base for one in traces], 15)
        line("last chunk sent to final publish received", finals, 25)
        closed = await superseded(bench)
        line(f"superseded, text changed to server sees it ({len(closed)} of {ROUNDS})", closed, 10)
        quiet, busy, publishes = await pings(bench)
        line("ping, nothing else going on", quiet)
        line(f"ping while {LONG} chunks stream and others are superseded", busy, 10)
        print(f"publishes of {LONG} chunks: {publishes}")
        await client.close()
    server.terminate()


if __name__ == "__main__":
    asyncio.run(main())
