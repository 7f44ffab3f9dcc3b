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
