"""Runs a cell's command in a shell, when the user asks for it and never otherwise."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

RUN_SECONDS = 60.0
_KEPT_CHARS = 20_000


@dataclass(frozen=True)
class Ran:
    output: str
    exit_code: int
    duration_ms: int


async def run(command: str, folder: Path, *, seconds: float = RUN_SECONDS) -> Ran:
    """The command's output and exit code; it has no terminal and no input, and is ended when its time is over."""
    started = time.monotonic()
    shell = os.environ.get("SHELL") or "/bin/sh"
    process = await asyncio.create_subprocess_exec(
        shell,
        "-c",
        command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), seconds)
        output = printed.decode(errors="replace")
    except (TimeoutError, asyncio.CancelledError) as error:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        output = f"ended after {seconds:.0f} s"
    code = process.returncode if process.returncode is not None else -1
    return Ran(output[-_KEPT_CHARS:], code, round((time.monotonic() - started) * 1000))
