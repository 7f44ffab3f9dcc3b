"""Whether a daemon's memory grows with its history: a month of work and more at speed, 200 cells a day, through a real daemon.

    .venv/bin/python benchmarks/bench_month.py [--days 60] [--cells 200] [--same 40] [--embedder lexical]

Each cell as an editor reports it: prose is written, a suggestion asked for, taken where it is what is wanted, and the command
run with its output. Without `--same` every cell is a task of its own and becomes an example; with it the month goes through so
many tasks again and again, so that history grows and memory does not. Hours pass in minutes, so nothing becomes old: what is
cleared away by age (retention, the most used commands) has no part in it. Linux alone: sizes come from /proc, all that is
resident and what only this process has and has written (`Private_Dirty`). A daemon's first days are not counted: imports and
caches fill then.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.client import Client
from ghostcells.trial.editor import Editor

BOOK = 20
LOOK_S = 5.0
"""How long to wait for what is suggested: there is always an answer."""
VERBS = ("restart", "inspect", "drain", "list", "scale", "copy", "verify", "rotate", "tail", "apply")
THINGS = ("orders", "payments", "search", "billing", "gateway", "ledger", "mailer", "cache", "queue", "proxy")
OUTPUT = "NAME READY STATUS RESTARTS AGE\n" * 15


def task(number):
    """Prose and command of one task; other numbers are other tasks."""
    rng = random.Random(number)
    verb, thing = rng.choice(VERBS), rng.choice(THINGS)
    place = f"{rng.choice(THINGS)}-{number}"
    return (
        f"{verb.capitalize()} the {thing} service of {place} before the window closes",
        f"kubectl {verb} deployment/{thing} --namespace {place} --timeout {rng.randrange(10, 90)}s",
    )


class Heard:
    """What the daemon tells an editor, and when it has told the last of a suggestion."""

    def __init__(self, editor):
        self._editor = editor
        self.final = asyncio.Event()

    def __call__(self, method, params):
        self._editor.notified(method, params)
        if method == "ghostcells/publishGhosts" and params["final"]:
            self.final.set()


async def cell(editor, heard, number):
    prose, command = task(number)
    written = editor.add(CellKind.MARKUP)
    await editor.focus(written)
    editor.write(written, prose)
    heard.final.clear()
    await editor.suggest()
    await asyncio.wait_for(heard.final.wait(), LOOK_S)
    ghost = next((one for one in editor.ghosts if one.text == command), None)
    if ghost is None or not await editor.focus(ghost):
        own = editor.add(CellKind.CODE, after=written)
        editor.write(own, command)
        await editor.focus(own)
    await editor.executed(editor.focused, output=OUTPUT, exit_code=0, duration_ms=120)
    return ghost is not None


async def day(client, number, options, tasks):
    """A day's notebooks, one after the other; how many suggestions were taken."""
    taken = 0
    for start in range(0, options.cells, BOOK):
        editor = Editor(client, f"file:///runbooks/day-{number}-{start}.md")
        client.notified = heard = Heard(editor)
        editor.open(f"Notes of day {number}")
        for place in range(start, min(start + BOOK, options.cells)):
            taken += await cell(editor, heard, tasks(number * options.cells + place))
        editor.close()
    return taken


def memory(pid):
    """Bytes of a process: all that is resident, and what it alone has and has written."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    fields = {name: int(kib) * 1024 for name, kib, _ in lines}
    return fields["Rss:"], fields["Private_Dirty:"]


async def month(options, root):
    tasks = (lambda number: number % options.same) if options.same else (lambda number: number)
    client = await Client.start([sys.executable, "-m", "ghostcells", "serve", "--data-dir", str(root)])
    seen = []
    try:
        await client.initialize(
            {
                "settings": {
                    "model": {"provider": "none"},
                    "memory": {"embedder": options.embedder, "minConfidence": 0.3},
                }
            }
        )
        for number in range(options.days):
            taken = await day(client, number, options, tasks)
            stats = await client.request("ghostcells/stats", {})
            log = sum(file.stat().st_size for file in (root / "log").glob("*.jsonl"))
            seen.append((stats["executed"], stats["examples"], *memory(client._process.pid)))
            runs, examples, resident, own = seen[-1]
            print(
                f"day {number + 1:>3}: {runs:>6} runs, {taken:>3} taken, {examples:>6} examples, {log / 1e6:6.1f} MB of log, "
                f"{resident / 2**20:6.2f} MiB resident, {own / 2**20:6.2f} MiB private",
                flush=True,
            )
    finally:
        await client.close()
    return seen


def grown(seen, warm):
    """What memory grew by after the first days, and in the second half, for each run and each example."""
    for span, first in ((f"from day {warm + 1}", seen[warm]), ("in the second half", seen[len(seen) // 2])):
        runs, examples = seen[-1][0] - first[0], seen[-1][1] - first[1]
        for name, place in (("resident", 2), ("private", 3)):
            more = seen[-1][place] - first[place]
            each = f", {more / examples:.0f} an example" if examples else ""
            print(f"{span}, {name}: {more / 1024:.0f} KiB more after {runs} runs and {examples} examples: "
                  f"{more / runs:.0f} bytes a run{each}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--same", type=int, default=0, metavar="TASKS")
    parser.add_argument("--warm", type=int, default=5, metavar="DAYS")
    parser.add_argument("--embedder", default="lexical")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        grown(asyncio.run(month(options, Path(root))), min(options.warm, options.days) - 1)


if __name__ == "__main__":
    main()
