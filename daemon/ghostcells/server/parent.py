"""Whether the editor's process is still there: an editor that crashed may leave our standard input open."""

import asyncio
import os
import sys
from collections.abc import Callable

EVERY_SECONDS = 3.0


def watch(process: int, gone: Callable[[], None]) -> None:
    """Call `gone` once the process no longer exists. Windows closes the pipes of a process that ends, and is not asked."""
    if sys.platform == "win32" or process <= 0:
        return
    loop = asyncio.get_running_loop()

    def look() -> None:
        if exists(process):
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
