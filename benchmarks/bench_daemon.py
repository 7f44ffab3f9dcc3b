"""The whole daemon, driven as an editor drives it: the first ghost, memory, acknowledgements, typing while something loads.

Usage: python benchmarks/bench_daemon.py [--sizes 100,10000,100000] [--asks N] [--runs N]
The examples are made up (seeded), the vectors of all but the questions are random: neither matters for time and memory. Every
figure stands beside its floor, measured in the same run: one embedding and one read of all vectors for the first ghost, a bare
write and fdatasync for an acknowledgement. Needs the `minilm` extra and an installed model.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ghostcells.config.places import models_dir
from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.ids import STRIDE_BITS, Stamp
from ghostcells.embedders import install, minilm
from ghostcells.embedders.store import VectorFile
from ghostcells.store.log import EventLog

NB = "file:///home/user/runbooks/deploy.md"
WORDS = 3000
PAUSE_S = 0.015
"""Between questions: Linux takes a real-time process that works on and on off its core for 50 ms of each second."""
RESULT = b'"result":'
MANUAL = {"mode": "manual"}


class Texts:
    """Made-up prose and commands: words drawn as in natural text, a few of them identifiers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "aeioubcdfghklmnprstvw"
        self._words = ["".join(self._random.choices(letters, k=self._random.randint(3, 9))) for _ in range(WORDS)]
        self._weights = [1 / (rank + 8) for rank in range(WORDS)]

    def intent(self) -> str:
        words = self._random.choices(self._words, self._weights, k=self._random.randint(6, 14))
        return f"{' '.join(words).capitalize()} {self._random.getrandbits(40):010x}."

    def command(self) -> str:
        words = self._random.choices(self._words, self._weights, k=3)
        return f"{words[0]} {words[1]} --{words[2]} {self._random.getrandbits(40):010x} | jq ."


def fill(root: Path, count: int) -> None:
    """Write `count` runs into the log, as a daemon would."""

    async def write() -> None:
        texts = Texts(1)
        stamps = (Stamp(1_700_000_000_000 + number, number << STRIDE_BITS) for number in range(count + 9))
        log = EventLog(
            root,
            next(stamps).id(0),
            loop=asyncio.get_running_loop(),
            stamp=lambda: next(stamps),
            redact=lambda record: record,
            on_committed=lambda _: None,
        )
        for number in range(count):
            at = next(stamps)
            log.append(_run(at, texts, number), firm=False)
            if number % 2000 == 0:
                await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, log.close)

    asyncio.run(write())


def _run(at: Stamp, texts: Texts, number: int) -> AnyRecord:
    notebook = f"file:///home/user/runbooks/{number // 20}.md"
    return Executed(
        id=at.id(0),
        time_ms=at.time_ms,
        notebook=notebook,
        cell=f"c{number}",
        success=True,
        text=texts.command(),
        language="shellscript",
        situation=Situation(notebook=notebook, intent=texts.intent(), language="shellscript"),
    )


def invent_vectors(root: Path) -> int:
    """Give every example of the index a random vector, in place of an embedding."""
    with sqlite3.connect(f"file:{root / 'index' / '0.sqlite'}?mode=ro", uri=True) as index:
        identity = index.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()[0]
        rows = [row for (row,) in index.execute("SELECT row FROM example ORDER BY row")]
    directory = root / "index" / "0.vectors" / identity / f"vectors-{install.NAME}"
    directory.mkdir(parents=True)
    file = VectorFile(directory, install.NAME, install.DIMS)
    generator = np.random.default_rng(1)
    with file.lock():
        for start in range(0, len(rows), 5000):
            part = rows[start : start + 5000]
            vectors = generator.standard_normal((len(part), install.DIMS)).astype(np.float32)
            file.append(part, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    file.close()
    return len(rows)


class Editor:
    """A client of one daemon: plain frames, one reader, no library."""

    def __init__(self, root: Path, **settings: Any) -> None:
        environment = {
            **os.environ,
            "GHOSTCELLS_CONFIG": os.devnull,
            "GHOSTCELLS_MODELS_DIR": str(models_dir(os.environ)),
        }
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ghostcells", "serve", "--data-dir", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._number = 0
        self._version = 0
        self._shown = ""
        self.request(
            "initialize",
            {"processId": os.getpid(), "capabilities": {}, "initializationOptions": {"settings": settings}},
        )
        self.notify("initialized", {})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not fits(message := self.receive()):
            pass
        return message

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def post(self, method: str, params: object) -> int:
        self._number += 1
        self.send({"id": self._number, "method": method, "params": params})
        return self._number

    def request(self, method: str, params: object) -> Any:
        number = self.post(method, params)
        return self.until(lambda message: message.get("id") == number).get("result")

    def burst(self, method: str, many: list[object]) -> float:
        """Send requests in one write; milliseconds until all are answered. The client does nothing else meanwhile."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        frames = b""
        for params in many:
            self._number += 1
            body = json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}).encode()
            frames += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        begun = time.perf_counter()
        self.process.stdin.write(frames)
        self.process.stdin.flush()
        answered, tail = 0, b""
        while answered < len(many):
            read = tail + self.process.stdout.read1(1 << 16)
            answered += read.count(RESULT)
            tail = read[-len(RESULT) + 1 :]
        return (time.perf_counter() - begun) * 1000

    def open(self, cells: int = 1, uri: str = NB) -> None:
        documents = [
            {"uri": f"{uri}#c{number}", "languageId": "markdown" if number == 0 else "shellscript", "version": 1,
             "text": "" if number == 0 else f"kubectl get pods -n shop-{number}\n" * 20}
            for number in range(cells)
        ]  # fmt: skip
        notebook = {
            "uri": uri,
            "notebookType": "runme",
            "version": 1,
            "cells": [{"kind": 1 if n == 0 else 2, "document": one["uri"]} for n, one in enumerate(documents)],
        }
        self.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": documents})

    def focus(self, cell: int = 0) -> None:
        self.request("ghostcells/focus", {"notebook": {"uri": NB}, "cell": f"{NB}#c{cell}"})

    def write(self, text: str) -> None:
        self._version += 1
        document = {"document": {"uri": f"{NB}#c0", "version": self._version}, "changes": [{"text": text}]}
        change = {"cells": {"textContent": [document]}}
        self.notify("notebookDocument/didChange", {"notebookDocument": {"uri": NB, "version": 2}, "change": change})

    def ghost(self, text: str) -> float:
        """Write an intent and ask, which stands for the rest; milliseconds from there to the publish."""
        self.write(text)
        begun = time.perf_counter()
        self.post("ghostcells/suggest", {"notebook": {"uri": NB}, "cell": f"{NB}#c0"})
        found = self.until(lambda one: one.get("method") == "ghostcells/publishGhosts" and one["params"]["final"])
        taken = (time.perf_counter() - begun) * 1000
        self._shown = next((ghost["id"] for ghost in found["params"]["ghosts"]), self._shown)
        return taken

    def rested(self, text: str) -> float:
        """Write an intent and rest; milliseconds from the rest, as the trace has it, to the publish: up to 1 too many.

        A ghost has to show; it is taken away first, since one that still fits would stay, and nothing be published.
        """
        self.write("")
        self.until(lambda one: one.get("method") == "ghostcells/publishGhosts" and not one["params"]["ghosts"])
        self.write(text)
        found = self.until(lambda one: one.get("method") == "ghostcells/publishGhosts" and one["params"]["ghosts"])
        published = time.time() * 1000
        self._shown = found["params"]["ghosts"][0]["id"]
        while not (trace := self.request("ghostcells/trace", {"id": self._shown})):
            time.sleep(0.005)  # with real-time priority, asking on and on would keep the disk from being written
        return float(published - trace["timeMs"])

    def ping(self) -> float:
        begun = time.perf_counter()
        self.request("ghostcells/cycle", {"notebook": {"uri": NB}, "step": 1})
        return (time.perf_counter() - begun) * 1000

    def vectors_used(self) -> bool:
        """Whether the last suggestion was searched by sense."""
        trace = self.request("ghostcells/trace", {"id": self._shown})
        return bool(trace) and not trace["dropped"]

    def memory(self) -> dict[str, float]:
        """Resident MiB of the daemon and of its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        own = _resident(self.process.pid)
        return {"daemon": own, "all": own + sum(_resident(int(pid)) for pid in children)}

    def cpu(self) -> float:
        """Seconds of CPU that the daemon has used, in all its threads."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def leave(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(10)


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def editor(root: Path, **settings: Any) -> Iterator[Editor]:
    one = Editor(root, **settings)
    try:
        yield one
    finally:
        one.leave()


def centile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def say(name: str, value: float, unit: str, *, target: float | None = None, note: str = "") -> None:
    line = {"name": name, "value": round(value, 3), "unit": unit}
    print(json.dumps(line | ({"target": target} if target is not None else {}) | ({"note": note} if note else {})))


def measure_size(count: int, asks: int, scratch: Path) -> None:
    root = scratch / f"data-{count}"
    fill(root, count)
    with editor(root, suggest=MANUAL, memory={"embedder": "lexical", "minConfidence": 0}) as one:
        while one.request("ghostcells/stats", {})["examples"] < count:
            pass
        one.open()
        one.focus()
        texts = Texts(2)
        lexical = []
        for asked in range(asks + 1):
            if asked in {0, 30, asks}:
                name = f"{count} examples: memory, no embedder, after {asked} ghosts"
                say(name, one.memory()["daemon"], "MiB", target=60 if count == 10_000 else None)
            lexical.append(one.ghost(texts.intent()))
    rows = invent_vectors(root)
    questions = [texts.intent() for _ in range(asks)]
    with editor(root, suggest=MANUAL, memory={"embedder": "auto", "minConfidence": 0}) as one:
        one.open()
        one.focus()
        one.ghost(texts.intent())
        loading = [one.ping() for _ in range(200)]
        while not one.vectors_used():
            one.ghost(texts.intent())
        least = Floor(rows)
        floor, taken = [], []
        for text in questions:
            taken.append(one.ghost(text))
            time.sleep(PAUSE_S)
            floor.append(least.taken(text))
            time.sleep(PAUSE_S)
        for part in (0.5, 0.99):
            ratio = centile(taken, part) / centile(floor, part)
            note = f"{centile(taken, part):.1f} ms over {centile(floor, part):.1f} ms"
            name = f"{count} examples: asked by hand to ghost / (embedding + read of all vectors), p{part * 100:.0f}"
            say(name, ratio, "x", target=1.5, note=note)
        say(
            f"{count} examples: asked by hand to ghost by words alone, p50",
            centile(lexical, 0.5),
            "ms",
            note="no floor",
        )
        memory = one.memory()
        say(f"{count} examples: memory, embedder loaded", memory["all"], "MiB", target=180 if count == 10_000 else None)
        say(f"{count} examples: ping p99 while the embedder loads", centile(loading, 0.99), "ms")
    measure_resting(root, count, rows, questions)
    with editor(root, suggest=MANUAL, memory={"embedder": "auto", "minConfidence": 0, "idleSeconds": 1}) as one:
        one.open()
        one.focus()
        while not one.vectors_used():
            one.ghost(texts.intent())
        ended = time.monotonic() + 10
        while len(Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children").read_text().split()):
            one.ping()
            if time.monotonic() > ended:
                break
        say(
            f"{count} examples: memory, embedder dropped",
            one.memory()["all"],
            "MiB",
            target=75 if count == 10_000 else None,
        )


def measure_resting(root: Path, count: int, rows: int, questions: list[str]) -> None:
    """As a user meets it: the intent is written, and after the rest the ghost is there."""
    with editor(root, memory={"embedder": "auto", "minConfidence": 0}) as one:
        one.open()
        one.focus()
        texts = Texts(3)
        # Words alone may find nothing, and then nothing is published but to who asks.
        one.ghost(texts.intent())
        while not one.vectors_used():
            one.ghost(texts.intent())
        least = Floor(rows)
        floor, taken = [], []
        for text in questions:
            taken.append(one.rested(text))
            floor.append(least.taken(text))
        for part in (0.5, 0.99):
            note = f"{centile(taken, part):.1f} ms over {centile(floor, part):.1f} ms"
            name = f"{count} examples: end of the rest to ghost / (embedding + read of all vectors), p{part * 100:.0f}"
            say(name, centile(taken, part) / centile(floor, part), "x", target=1.5, note=note)


class Floor:
    """One embedding and one read of all vectors: float32, as they come."""

    def __init__(self, rows: int) -> None:
        found = install.installed(models_dir(os.environ))
        assert found is not None, "no model is installed: ghostcells models install"
        self._model = minilm.load(str(found.directory))
        self._vectors = np.ones(rows * install.DIMS, np.float32)
        self.taken("warm")

    def taken(self, text: str) -> float:
        """Milliseconds for this question."""
        begun = time.perf_counter()
        self._model.vector(text)
        self._vectors.dot(self._vectors)
        return (time.perf_counter() - begun) * 1000


def written(root: Path) -> int:
    """The bytes of the last line of the log."""
    lines = b"".join(path.read_bytes() for path in (root / "log").glob("*.jsonl")).splitlines(keepends=True)
    return len(lines[-1])


def _bare(handle: int, line: bytes) -> float:
    """Milliseconds of a write and `fdatasync`."""
    begun = time.perf_counter()
    os.write(handle, line)
    os.fdatasync(handle)
    return (time.perf_counter() - begun) * 1000


def measure_acknowledging(runs: int, scratch: Path) -> None:
    root = scratch / "acknowledging"
    with editor(root, memory={"embedder": "lexical"}, suggest={"mode": "manual"}) as one:
        one.open(cells=20)
        one.focus(3)
        params = {"notebook": {"uri": NB}, "cell": f"{NB}#c3", "success": True, "outputs": []}
        bare, alone, pings = [], [], []
        one.request("ghostcells/executed", params)
        line = b"x" * (written(root) - 1) + b"\n"
        handle = os.open(root / "bare", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        for _ in range(runs):
            # A bare write before each of the two, so that both meet a daemon that has been left alone for as long.
            bare.append(_bare(handle, line))
            begun = time.perf_counter()
            one.request("ghostcells/executed", params)
            alone.append((time.perf_counter() - begun) * 1000)
            bare.append(_bare(handle, line))
            pings.append(one.ping())
        floor, ping, single = map(statistics.median, (bare, pings, alone))
        note = f"{single:.2f} ms; bare {floor:.2f} ms of {len(line)} bytes, ping {ping:.2f} ms"
        say("executed at the client / (1.5 x bare write + 1.5 x ping), p50",
            single / (1.5 * floor + 1.5 * ping), "x", target=1.0, note=note)  # fmt: skip
        rounds = max(1, runs // 16)
        used = one.cpu()
        together = [one.burst("ghostcells/executed", [params] * 64) for _ in range(rounds)]
        used = one.cpu() - used
        say("CPU of the daemon for each of 64 at once, learning included", used / (64 * rounds) * 1e6, "us")
        burst = statistics.median(together)
        say("executed a second, 64 at once / one at a time (whole daemon), p50", 64 * single / burst, "x",
            target=20.0, note=f"{burst:.2f} ms for 64")  # fmt: skip
        os.close(handle)


def measure_opening(scratch: Path) -> None:
    with editor(scratch / "opening", memory={"embedder": "lexical"}) as one:
        one.open()
        one.focus()
        quiet = [one.ping() for _ in range(300)]
        busy = []
        for number in range(20):
            one.open(cells=500, uri=f"file:///home/user/long-{number}.md")
            busy += [one.ping() for _ in range(5)]
        note = f"{max(busy):.1f} ms at worst, quiet p50 {statistics.median(quiet):.2f} ms"
        say("ping at worst while 500-cell notebooks open", max(busy) / statistics.median(quiet), "x", note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,10000,100000", help="numbers of examples")
    parser.add_argument("--asks", type=int, default=200, help="questions for each size")
    parser.add_argument("--runs", type=int, default=400, help="runs acknowledged one at a time")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        measure_acknowledging(options.runs, Path(scratch))
        measure_opening(Path(scratch))
        for size in options.sizes.split(","):
            measure_size(int(size), options.asks, Path(scratch))


if __name__ == "__main__":
    main()
