"""kill -9 under load loses nothing that was acknowledged; several processes on one directory lose nothing at all."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.presence import living
from ghostcells.store.segment import decode, read_all

from . import builders as b

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import asyncio, itertools, sys, time
from pathlib import Path
from ghostcells.domain.events import SessionStarted
from ghostcells.domain.ids import Stamp, ulid
from ghostcells.store.log import EventLog

numbers = itertools.count(int(sys.argv[2]) << 40)

def stamp():
    return Stamp(time.time_ns() // 1_000_000, next(numbers) << 20)

async def main(most):
    loop = asyncio.get_running_loop()
    log = EventLog(Path(sys.argv[1]), stamp().id(0), loop=loop, stamp=stamp, redact=lambda r: r, on_committed=lambda r: None)
    async def work():
        for _ in range(most):
            log.opening(time.time_ns() // 1_000_000)
            at = stamp()
            log.append(SessionStarted(id=at.id(0), time_ms=at.time_ms, notebook="file:///" + "x" * 300), firm=True)
            done = loop.create_future()
            log.barrier(lambda error, done=done: done.set_result(error))
            assert await done is None
            sys.stdout.write(at.id(0) + "\\n")
            sys.stdout.flush()
    await asyncio.gather(*(work() for _ in range(16)))
    log.close()

asyncio.run(main(int(sys.argv[3])))
"""


def writer(root: Path, number: int, most: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(number), str(most)], stdout=subprocess.PIPE, text=True
    )


def ids_on_disk(root: Path) -> list[str]:
    lines = [line for path in sorted((root / "log").glob("*.jsonl")) for line in read_all(path)]
    found = [decode(line) for line in lines]
    assert None not in found
    return [record.id for record in found if record]


def test_kill_9_loses_nothing_that_was_acknowledged(root: Path) -> None:
    acknowledged: list[str] = []
    for number in range(4):
        process = writer(root, number, 1_000_000)
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(200 + 37 * number)]
        process.kill()
        acknowledged += [line for line in process.stdout.read().split("\n")[:-1] if line]
        process.stdout.close()
        process.wait()
    found = ids_on_disk(root)
    assert len(set(found)) == len(found)
    assert set(acknowledged) <= set(found)
    assert living(prepare(root)) == {}
    index = Index.open(prepare(root), b.WORDS)
    index.settle()
    assert index.connection.execute("SELECT count(*) FROM event").fetchone() == (len(found),)
    index.close()


def test_four_processes_on_one_directory_lose_nothing(root: Path) -> None:
    processes = [writer(root, number, 10) for number in range(4)]
    acknowledged = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(acknowledged) == 4 * 16 * 10
    assert sorted(ids_on_disk(root)) == sorted(acknowledged)
