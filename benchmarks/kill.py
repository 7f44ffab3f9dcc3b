"""kill -9 at any point, under load: every acknowledged run is there after the next start, no torn line is an event.

Usage: python benchmarks/kill.py [--times 100]
Each time a real daemon is flooded with `executed` over stdio, from several requests at once or one after the other, since these
are answered in different ways, and killed at a random moment; the next one on the same directory is asked for all events. Also
counts ghosts that were left open and are ended as `lost`.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

NB = "file:///home/user/runbooks/deploy.md"
COMMAND = "kubectl get pods --namespace shop"


def frame(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Daemon:
    def __init__(self, root: Path) -> None:
        environment = {**os.environ, "GHOSTCELLS_CONFIG": os.devnull}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ghostcells", "serve", "--data-dir", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self.answers: dict[int, Any] = {}
        self.ghosts: set[str] = set()
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        settings = {"memory": {"embedder": "lexical", "minConfidence": 0}}
        self.ask(1, "initialize", {"capabilities": {}, "initializationOptions": {"settings": settings}})
        self.send({"method": "initialized", "params": {}})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(frame(message))
        self.process.stdin.flush()

    def ask(self, number: int, method: str, params: object) -> Any:
        self.send({"id": number, "method": method, "params": params})
        with self._news:
            self._news.wait_for(lambda: number in self.answers, 300)
            return self.answers[number]

    def open(self) -> None:
        cells = [(1, "markdown", ""), (2, "shellscript", COMMAND)]
        documents = [
            {"uri": f"{NB}#{number}", "languageId": language, "version": 1, "text": text}
            for number, (_, language, text) in enumerate(cells)
        ]
        notebook = {
            "uri": NB,
            "notebookType": "runme",
            "version": 1,
            "cells": [{"kind": kind, "document": f"{NB}#{number}"} for number, (kind, _, _) in enumerate(cells)],
        }
        self.send(
            {
                "method": "notebookDocument/didOpen",
                "params": {"notebookDocument": notebook, "cellTextDocuments": documents},
            }
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        while True:
            length = 0
            while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            body = self.process.stdout.read(length)
            if not body or len(body) < length:
                return
            message = json.loads(body)
            with self._news:
                if "id" in message:
                    self.answers[message["id"]] = message.get("result")
                elif message["method"] == "ghostcells/publishGhosts":
                    self.ghosts |= {ghost["id"] for ghost in message["params"]["ghosts"]}
                self._news.notify_all()

    def all_events(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            number += 1
            page = self.ask(number, "ghostcells/events", {"limit": 10000, "after": found[-1]["id"] if found else None})
            if not page:
                return found
            found += page


def flood(root: Path, rounds: random.Random) -> set[str]:
    """Run cells until killed; the ids of the events that were acknowledged."""
    daemon = Daemon(root)
    daemon.open()
    daemon.ask(2, "ghostcells/focus", {"notebook": {"uri": NB}, "cell": f"{NB}#0"})
    change = {"document": {"uri": f"{NB}#0", "version": 2}, "changes": [{"text": "show the pods of the shop"}]}
    daemon.send(
        {
            "method": "notebookDocument/didChange",
            "params": {
                "notebookDocument": {"uri": NB, "version": 2},
                "change": {"cells": {"textContent": [change]}},
            },
        }
    )
    until = time.monotonic() + rounds.uniform(0.02, 0.4)
    number = 10
    most = rounds.choice((1, 16))
    try:
        while time.monotonic() < until:
            for _ in range(rounds.randint(1, most)):
                number += 1
                params = {"notebook": {"uri": NB}, "cell": f"{NB}#1", "success": True}
                daemon.send({"id": number, "method": "ghostcells/executed", "params": params})
            time.sleep(rounds.uniform(0, 0.005))
    finally:
        daemon.process.kill()
        daemon.process.wait()
    time.sleep(0.05)
    return {answer["event"] for key, answer in daemon.answers.items() if key > 10 and answer}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    rounds = random.Random(1)
    acknowledged: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "data"
        for _ in range(options.times):
            acknowledged |= flood(root, rounds)
        last = Daemon(root)
        last.open()
        time.sleep(2)
        events = last.all_events(100)
        last.process.kill()
        last.process.wait()
        torn = 0
        for path in (root / "log").glob("*.jsonl"):
            torn += path.read_bytes().count(b"\n") != len(path.read_bytes().splitlines())
    ids = {one["id"] for one in events}
    suggested = {cell["id"] for one in events if one["type"] == "SUGGESTED" for cell in one["cells"]}
    ended = {one["cell"] for one in events if one["type"] in ("ACCEPTED", "REJECTED", "SUPERSEDED")}
    lost = sum(one.get("reason") == "lost" for one in events)
    for name, value, target in (
        ("daemons killed", options.times, None),
        ("runs acknowledged", len(acknowledged), None),
        ("acknowledged runs that are missing", len(acknowledged - ids), 0),
        ("files with a torn last line, which is no event", torn, None),
        ("suggested cells without an end", len(suggested - ended), 0),
        ("ended as lost", lost, None),
    ):
        print(json.dumps({"name": name, "value": value, "unit": ""} | ({} if target is None else {"target": target})))


if __name__ == "__main__":
    main()
