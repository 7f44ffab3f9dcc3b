"""The event log against the disk: append to acknowledgement, paired with a bare write + fdatasync in the same run.

Usage: python benchmarks/bench_log_commit.py [--rounds N] [--directory DIR]
The ratios are what counts: a shared disk has phases, which move all milliseconds alike. Rounds begin on each processor in
turn: who writes from the one to which the disk's interrupts come waits up to a third less, and where a process stays is chance.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.ids import Stamp
from ghostcells.domain.notebook import CellKind
from ghostcells.store.log import EventLog
from ghostcells.store.segment import encode


def tell(name: str, value: float, unit: str, *, target: float | None = None, note: str = "") -> None:
    found: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit}
    if target is not None:
        found["target"] = target
    if note:
        found["note"] = note
    print(json.dumps(found))


def record(number: int) -> Executed:
    """About the size of a real one: a command, its intent and a cell above it."""
    stamp = Stamp(time_ms=time.time_ns() // 1_000_000, entropy=number << 20)
    situation = Situation(
        notebook="file:///home/user/runbooks/deploy.md",
        intent="Roll out the new version and wait until every pod is ready",
        above=(Above(CellKind.CODE, "shellscript", "kubectl get pods --namespace shop --watch=false"),),
    )
    return Executed(
        id=stamp.id(0), time_ms=stamp.time_ms, notebook=situation.notebook, cell="file:///home/user/runbooks/deploy.md#4",
        success=True, text="kubectl rollout status deployment/web --timeout=120s", language="shellscript", situation=situation,
    )  # fmt: skip


class Bench:
    def __init__(self, root: Path, epoch: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.number = 0
        self.committed = 0.0
        self.log = EventLog(
            root, epoch, loop=self.loop, stamp=self._stamp, redact=lambda record: record, on_committed=lambda _: None
        )

    def _stamp(self) -> Stamp:
        self.number += 1
        return Stamp(time.time_ns() // 1_000_000, self.number << 20)

    async def once(self, *, alone: bool = False) -> None:
        """One record until it is acknowledged; `alone`: nothing else comes with it, as the daemon knows of what has arrived."""
        self.number += 1
        self.log.opening(time.time_ns() // 1_000_000)
        self.log.append(record(self.number), firm=True)
        done = self.loop.create_future()
        self.log.barrier(lambda error: done.set_exception(error) if error else done.set_result(None), self._commit)
        if alone:
            self.log.flush()
        await done

    def _commit(self) -> None:
        """It is on disk, and this is the thread that put it there."""
        self.committed = time.perf_counter()


async def paired(root: Path, rounds: int) -> None:
    """One bare commit and one through the log, in turn."""
    bench = Bench(root, "A")
    handle = os.open(root / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    data = encode([record(0)])
    bare, ours, committed = [], [], []
    await bench.once()
    for number in range(rounds):
        _move(number)
        start = time.perf_counter()
        os.write(handle, data)
        os.fdatasync(handle)
        bare.append(time.perf_counter() - start)
        await asyncio.sleep(0)
        start = time.perf_counter()
        await bench.once(alone=True)
        ours.append(time.perf_counter() - start)
        committed.append(bench.committed - start)
    one, floor, commit = map(statistics.median, (ours, bare, committed))
    tell("bare write + fdatasync, p50", floor * 1e3, "ms")
    tell("append to acknowledged, one at a time, p50", one * 1e3, "ms")
    tell("append to on disk, against the bare write", commit / floor, "x", target=1.5)
    tell("acknowledged, against the bare write", one / floor, "x")
    serial, grouped = await rate(bench, 1), await rate(bench, 64)
    tell("64 at once", grouped, "events/s")
    tell("64 at once, against one at a time", grouped / serial, "x", target=20.0, note="at least")
    bench.log.close()


def _move(number: int) -> None:
    """Have this thread go on from another processor, free to be moved again."""
    if sys.platform == "linux":
        every = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(every)[number % len(every)]})
        os.sched_setaffinity(0, every)


async def rate(bench: Bench, waiters: int, seconds: float = 1.0) -> float:
    """Events acknowledged in a second, with so many waiting at any time."""
    count = 0
    end = time.perf_counter() + seconds

    async def work() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await bench.once()
            count += 1

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(waiters)))
    return count / (time.perf_counter() - start)


async def alone(root: Path, epoch: str, seconds: float) -> None:
    """One of several processes: prints its acknowledgement times."""
    bench = Bench(root, epoch)
    end = time.perf_counter() + seconds
    times = []
    while time.perf_counter() < end:
        start = time.perf_counter()
        await bench.once()
        times.append(time.perf_counter() - start)
    bench.log.close()
    print(len(times), max(times), statistics.median(times))


def several(root: Path, processes: int, seconds: float = 2.0) -> None:
    command = [sys.executable, __file__, "--directory", str(root), "--alone"]
    started = [
        subprocess.Popen([*command, f"P{number}"], stdout=subprocess.PIPE, text=True) for number in range(processes)
    ]
    found = [process.communicate()[0].split() for process in started]
    total = sum(int(count) for count, _, _ in found)
    lines = sum(path.read_bytes().count(b"\n") for path in (root / "log").glob("P*.jsonl"))
    worst = max(float(slowest) for _, slowest, _ in found)
    tell(f"{processes} processes on one directory", total / seconds, "events/s")
    tell(f"{processes} processes, slowest acknowledgement", worst * 1e3, "ms")
    tell(f"{processes} processes, events lost", total - lines, "events", target=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--alone")
    given = parser.parse_args()
    if given.alone:
        asyncio.run(alone(given.directory, given.alone, 2.0))
        return
    with tempfile.TemporaryDirectory(dir=given.directory) as name:
        asyncio.run(paired(Path(name), given.rounds))
        several(Path(name), 4)


if __name__ == "__main__":
    main()
