"""Slow, CPU-bound work done beside a running event loop without stalling it.

Importing an SDK takes a CPU-second or more. In a plain worker thread that stops the loop for up to a quarter of a second at
a time: the new objects keep setting off full collections, which hold the interpreter's lock until they end. So collection
pauses while such work runs, and what it left is then moved out of the collector's sight, since modules are never garbage;
otherwise the next full collection would walk all of it, on the loop. The lock is also handed over ten times as often.
"""

import asyncio
import gc
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SWITCH_S = 0.0005
_guard = threading.Lock()
_running = 0
_usual_switch_s = 0.005
_collected = True


def _enter() -> None:
    global _running, _usual_switch_s, _collected  # noqa: PLW0603 -- the collector and the lock are the process's, too
    with _guard:
        _running += 1
        if _running == 1:
            _collected, _usual_switch_s = gc.isenabled(), sys.getswitchinterval()
            gc.disable()
            sys.setswitchinterval(_SWITCH_S)


def _leave() -> None:
    global _running  # noqa: PLW0603
    with _guard:
        _running -= 1
        if _running == 0:
            sys.setswitchinterval(_usual_switch_s)
            if _collected:
                gc.freeze()
                gc.enable()


async def off_loop(work: Callable[[], T]) -> T:
    """What `work` returns, done in a thread that does not keep the process from ending.

    For imports and the like alone: what exists when it ends is never collected if it should become a cycle of garbage.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(lambda: None if done.cancelled() else settle())
        except RuntimeError:
            return  # the loop has closed: nobody waits any more

    def run() -> None:
        _enter()
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 -- handed to the one who waits
            error = raised
            tell(lambda: done.set_exception(error))
        else:
            tell(lambda: done.set_result(result))
        finally:
            _leave()

    threading.Thread(target=run, name="ghostcells-loading", daemon=True).start()
    return await done


class Once(Generic[T]):
    """A value made at its first use, off the loop, for all who ask; after a failure the next one tries again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        if self._task is None or (self._task.done() and (self._task.cancelled() or self._task.exception())):
            self._task = asyncio.ensure_future(self._run())
            # Where all who asked have given up, a failure is nobody's any more.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._task)

    async def _run(self) -> T:
        return await off_loop(self._make)

    async def close(self, close: Callable[[T], Awaitable[None]]) -> None:
        """Give up the value, where there is one."""
        task, self._task = self._task, None
        if task is None:
            return
        if not task.done():
            task.cancel()
        elif not task.cancelled() and task.exception() is None:
            await close(task.result())
