"""Whether the editor's process is still there: an editor that crashed may leave our standard input open."""

import asyncio
import os
import sys
from collections.abc import Callable

EVERY_SECONDS = 3.0


def watch(process: int | None, gone: Callable[[], None]) -> None:
    """Call `gone` once the process no longer exists; None stands for the one that started us.

    Our parent is known to be gone when another one takes its place, even while nobody has fetched its exit code. Windows closes
    the pipes of a process that ends, and is not asked.
    """
    if sys.platform == "win32" or (process is not None and process <= 0):
        return
    loop = asyncio.get_running_loop()
    parent = os.getppid()

    def look() -> None:
        there = os.getppid() == parent if process is None or process == parent else exists(process)
        if there:
            loop.call_later(EVERY_SECONDS, look)
        else:
            gone()

    loop.call_later(EVERY_SECONDS, look)


def exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
