"""A daemon that reads a long log for the first time, as after an upgrade: who waits for it, and what it takes.

Usage: python benchmarks/bench_first_reading.py DIR
DIR is a data directory with a long log (`bench_views.py --keep DIR` makes one of 300 MB); its index is made anew.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from bench_daemon import NB, editor, say

ROUNDS = 200


def measure(root: Path) -> None:
    shutil.rmtree(root / "index", ignore_errors=True)
    with editor(root, memory={"embedder": "lexical"}, suggest={"mode": "manual"}) as one:
        one.open(cells=20)
        one.focus(3)
        one.request("ghostcells/executed", {"notebook": {"uri": NB}, "cell": f"{NB}#c3", "success": True})
        begun, used = time.monotonic(), one.cpu()
        found = one.request("ghostcells/stats", {})
        say("the first stats", (time.monotonic() - begun) * 1000, "ms", note=f"{found['executed']} runs known by then")
        say("a request of the loop's meanwhile, at worst", max(one.ping() for _ in range(ROUNDS)), "ms")
        page = one.request("ghostcells/events", {"limit": 1})
        say("a page of events, which waits for all", time.monotonic() - begun, "s", note=json.dumps(len(page)))
        say("CPU of reading", one.cpu() - used, "s")
        examples = one.request("ghostcells/stats", {})["examples"]
        say("resident memory afterwards", one.memory()["daemon"], "MiB", note=f"{examples} examples")


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    measure(Path(sys.argv[1]))
