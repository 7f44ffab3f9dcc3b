"""An editor that crashed is noticed by its process id."""

import asyncio
import os
import subprocess
import sys

import pytest

from ghostcells.server import parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows closes the pipes of a process that ends")


def gone() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_is_there_until_it_ends() -> None:
    assert parent.exists(os.getpid())
    assert parent.exists(1)
    assert not parent.exists(gone())


@pytest.mark.asyncio
async def test_the_end_of_the_editor_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "EVERY_SECONDS", 0)
    told = asyncio.Event()
    parent.watch(os.getpid(), lambda: pytest.fail("this process is there"))
    parent.watch(0, lambda: pytest.fail("no process has this id"))
    parent.watch(gone(), told.set)
    await told.wait()


LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
os._exit(0)
"""
STARTED = """
import asyncio, os, sys
from ghostcells.server import parent

async def live():
    parent.EVERY_SECONDS = 0
    told = asyncio.Event()
    parent.watch({process}, told.set)
    print("watching", flush=True)
    await told.wait()
    os.write(2, b"gone")

asyncio.run(live())
"""


@pytest.mark.parametrize("process", ["None", "os.getppid()"], ids=["not-named", "named"])
def test_the_end_of_the_process_that_started_us_is_told(process: str) -> None:
    """With no word of who that is, and before anyone has fetched its exit code."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, STARTED.format(process=process)], stderr=subprocess.PIPE
    )
    assert launcher.stderr is not None
    # The end of stderr is the end of the grandchild; only then is the launcher's own end looked at.
    assert launcher.stderr.read() == b"gone"
    launcher.wait()
    launcher.stderr.close()
