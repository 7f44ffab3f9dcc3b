"""The wire against stock pygls, paired in one run: the start, keystrokes, an answer under a flood, a long notebook's opening.

Usage: python benchmarks/bench_wire.py [--rounds N] [--keystrokes N]
Prints ratios to stock pygls; absolute times only make sense of them. "wire" is server and runtime with an engine that does
nothing, "daemon" the whole product in a new data directory.
"""

import argparse
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NB = "file:///home/user/runbooks/deploy.md"
LINES = "kubectl get pods --namespace shop\n" * 20
# What costs least on each: an answer from the engine's state, where there is an engine.
PINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "stock": ("bench/ping", {}),
    "wire": ("ghostcells/stats", {}),
    "daemon": ("ghostcells/cycle", {"notebook": {"uri": NB}, "step": 1}),
}
INITIALIZE = {
    "processId": None,
    "rootUri": None,
    "capabilities": {"notebookDocument": {"synchronization": {}}, "general": {"positionEncodings": ["utf-16"]}},
}


# -- what is measured


def serve_stock() -> None:
    from lsprotocol import types
    from pygls.lsp.server import LanguageServer

    cells = [types.NotebookCellLanguage(language="*")]
    every = types.NotebookDocumentFilterWithCells(notebook="*", cells=cells)
    server = LanguageServer(
        "stock", "0", notebook_document_sync=types.NotebookDocumentSyncOptions(notebook_selector=[every], save=True)
    )

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def change(params: Any) -> None:
        del params

    @server.feature("bench/ping")
    def ping(params: Any) -> dict[str, int]:
        del params
        return {}

    server.start_io()


def serve_wire() -> None:
    from ghostcells.server.start import make

    async def build(_info: Any, client: Any) -> Any:
        from ghostcells.runtime.clock import SystemClock
        from ghostcells.runtime.loop import Loop
        from ghostcells.runtime.status import StatusBoard

        class State:
            core = None

        class App:
            loop = Loop(
                step=lambda state, _: (state, ()),
                state=State(),
                clock=SystemClock(),
                log=None,  # type: ignore[arg-type]
                memory=None,  # type: ignore[arg-type]
                client=client,
                status=StatusBoard(client),
            )
            origins = None

            class queries:  # noqa: N801 -- stands in for an object
                @staticmethod
                async def stats(since_ms: object) -> dict[str, int]:
                    del since_ms
                    return {}

            async def close(self) -> None: ...

        return App()

    code = make(build, version="0").run_stdio()
    from ghostcells.server.server import leave

    leave(code)


def command(kind: str) -> list[str]:
    return [sys.executable, "-m", "ghostcells", "serve"] if kind == "daemon" else [sys.executable, __file__, kind]


# -- the editor's side


def frame(method: str, params: object, identity: int | None = None) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    body = json.dumps(message if identity is None else {**message, "id": identity}, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def cell(number: int) -> str:
    return f"vscode-notebook-cell:/home/user/runbooks/deploy.md#W{number:04d}"


def did_open(cells: int) -> bytes:
    listed = [{"kind": 2, "document": cell(n), "metadata": {"id": f"{n:08x}"}} for n in range(cells)]
    texts = [{"uri": cell(n), "languageId": "shellscript", "version": 1, "text": LINES} for n in range(cells)]
    document = {"uri": NB, "notebookType": "runme", "version": 0, "metadata": {"a": 1}, "cells": listed}
    return frame("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": texts})


def keystroke(number: int) -> bytes:
    span = {"start": {"line": 4, "character": 5}, "end": {"line": 4, "character": 6}}
    changes = [{"range": span, "rangeLength": 1, "text": "x"}]
    content = [{"document": {"uri": cell(3), "version": number + 2}, "changes": changes}]
    document = {"uri": NB, "version": number}
    return frame(
        "notebookDocument/didChange", {"notebookDocument": document, "change": {"cells": {"textContent": content}}}
    )


class Server:
    def __init__(self, kind: str, data: str) -> None:
        self.kind = kind
        self.process = subprocess.Popen(
            command(kind),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GHOSTCELLS_DATA_DIR": data},
        )
        self.ends: dict[int, float] = {}
        self.news = threading.Condition()
        self.count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        output = self.process.stdout
        assert output is not None
        while True:
            length = 0
            while line := output.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                return
            message = json.loads(output.read(length))
            if "method" not in message and isinstance(message.get("id"), int):
                with self.news:
                    self.ends[message["id"]] = time.perf_counter()
                    self.news.notify_all()

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, method: str, params: object) -> float:
        """Seconds until the answer."""
        return self.answered(*self.asked(method, params))

    def asked(self, method: str, params: object) -> tuple[int, float]:
        """Send a request; its id, and when that was begun."""
        self.count += 1
        identity, start = self.count, time.perf_counter()
        self.send(frame(method, params, identity))
        return identity, start

    def answered(self, identity: int, start: float) -> float:
        with self.news:
            if not self.news.wait_for(lambda: identity in self.ends, 120):
                raise TimeoutError(f"{self.kind}: no answer")
        return self.ends[identity] - start

    def ping(self) -> float:
        return self.ask(*PINGS[self.kind])

    def begin(self, cells: int) -> "Server":
        self.ask("initialize", INITIALIZE)
        self.send(frame("initialized", {}))
        self.ping()
        if cells:
            self.send(did_open(cells))
            self.ping()
        return self

    def cpu(self) -> float:
        """Seconds of all its threads; its children (an embedder) are not the wire's."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def start_cpu(kind: str, data: str) -> tuple[float, float]:
    """CPU and wall seconds from the spawn to the answer to `initialize`."""
    begin = time.perf_counter()
    server = Server(kind, data)
    server.ask("initialize", INITIALIZE)
    wall, cpu = time.perf_counter() - begin, server.cpu()
    server.end()
    return cpu, wall


def keystroke_cpu(server: Server, strokes: list[bytes]) -> float:
    chunks = [b"".join(strokes[n : n + 50]) for n in range(0, len(strokes), 50)]
    before = server.cpu()
    for chunk in chunks:
        server.send(chunk)
    server.ping()
    return (server.cpu() - before) / len(strokes)


def pings_under_flood(server: Server, strokes: list[bytes], count: int = 25) -> list[float]:
    """One thread writes both, or a lock between them would be measured, which the one that floods holds nearly always."""
    server.send(strokes[0])
    server.ping()  # the first key opens a session, whose record is waited for: what the disk takes is measured elsewhere
    stop, wanted = threading.Event(), threading.Event()
    sent: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()
    chunk = b"".join(strokes[:50])

    def flood() -> None:
        while not stop.is_set():
            server.send(chunk)
            if wanted.is_set():
                wanted.clear()
                sent.put(server.asked(*PINGS[server.kind]))

    thread = threading.Thread(target=flood)
    thread.start()
    times = []
    for _ in range(count):
        wanted.set()
        times.append(server.answered(*sent.get()))
    stop.set()
    thread.join()
    return times


def opening_cpu(server: Server, cells: int) -> float:
    before = server.cpu()
    server.send(did_open(cells))
    server.ping()
    return server.cpu() - before


# -- figures


def figure(name: str, value: float, unit: str, target: float | None = None, note: str = "") -> None:
    line = {"name": name, "value": round(value, 3), "unit": unit}
    print(
        json.dumps(line | ({} if target is None else {"target": target}) | ({"note": note} if note else {})), flush=True
    )


def paired(
    rounds: int, measure: Callable[[str], float], kinds: tuple[str, ...] = ("stock", "wire", "daemon")
) -> dict[str, float]:
    """The median of each kind, measured in turns."""
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in random.sample(kinds, len(kinds)):
            found[kind].append(measure(kind))
    return {kind: statistics.median(values) for kind, values in found.items()}


def report(name: str, found: dict[str, float], target: float, scale: float, unit: str) -> None:
    for kind in ("wire", "daemon"):
        note = f"{kind} {found[kind] * scale:.2f} {unit}, stock {found['stock'] * scale:.2f} {unit}"
        figure(f"{name}: {kind} / stock pygls", found[kind] / found["stock"], "ratio", target, note)


def measure(rounds: int, keystrokes: int, data: str) -> None:
    strokes = [keystroke(number) for number in range(1, keystrokes + 1)]
    for kind in PINGS:
        start_cpu(kind, data)  # compiled files and caches
    report("start to initialize, CPU", paired(2 * rounds + 1, lambda kind: start_cpu(kind, data)[0]), 1.15, 1e3, "ms")

    def typing(kind: str, cells: int) -> float:
        server = Server(kind, data).begin(cells)
        try:
            return keystroke_cpu(server, strokes)
        finally:
            server.end()

    for cells in (20, 500):
        report(f"keystroke, {cells} cells, CPU", paired(rounds, lambda kind: typing(kind, cells)), 1 / 6, 1e6, "us")  # noqa: B023

    def flooded(kind: str) -> float:
        server = Server(kind, data).begin(20)
        try:
            return max(pings_under_flood(server, strokes))
        finally:
            server.end()

    report("slowest of 25 answers under a flood", paired(rounds, flooded), 1 / 10, 1e3, "ms")

    def flooded_later(kind: str) -> float:
        server = Server(kind, data).begin(20)
        try:
            time.sleep(3)  # by then the application is built, and an embedder loaded
            return statistics.quantiles(pings_under_flood(server, strokes, 100), n=100)[-1]
        finally:
            server.end()

    report("p99 of 100 answers under a flood, later", paired(rounds, flooded_later), 1 / 10, 1e3, "ms")

    def opening(kind: str) -> float:
        server = Server(kind, data).begin(0)
        try:
            return opening_cpu(server, 500)
        finally:
            server.end()

    report("opening 500 cells, CPU", paired(rounds, opening), 1 / 5, 1e3, "ms")


def main() -> None:
    if sys.argv[1:] == ["stock"]:
        serve_stock()
    elif sys.argv[1:] == ["wire"]:
        serve_wire()
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--keystrokes", type=int, default=2000)
        options = parser.parse_args()
        with tempfile.TemporaryDirectory() as data:
            measure(options.rounds, options.keystrokes, data)


if __name__ == "__main__":
    main()
