"""Background tasks: held, so that none is collected while it runs; named, so that one can be cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class Tasks:
    """Every task ends by exactly one call: its result, its failure, or none if it was cancelled here."""

    def __init__(self) -> None:
        self._held: dict[str, asyncio.Task[object]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def start(
        self, name: str, work: Awaitable[T], *, done: Callable[[T], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Run `work`; one that has the same name is cancelled first."""
        self.cancel(name)
        # A coroutine is not wrapped: if it is cancelled before its first step, it has to be the one that hears of it.
        coroutine = work if asyncio.iscoroutine(work) else _awaited(work)
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._held[name] = task

        def ended(ended_task: asyncio.Task[T]) -> None:
            # A task that was cancelled here is no longer held: what it might still have said is not wanted.
            if self._held.get(name) is not ended_task:
                if not ended_task.cancelled():
                    ended_task.exception()
                return
            del self._held[name]
            if ended_task.cancelled():
                failed(asyncio.CancelledError(f"{name} was cancelled by its own doing"))
            elif (error := ended_task.exception()) is not None:
                failed(error)
            else:
                done(ended_task.result())

        task.add_done_callback(ended)

    def cancel(self, name: str) -> bool:
        """Cancel a task; nothing comes back from it. Whether there was one."""
        task = self._held.pop(name, None)
        if task is None:
            return False
        task.cancel()
        return True

    async def close(self, deadline_s: float) -> None:
        """Cancel all and wait for their ends, no longer than the deadline."""
        tasks = tuple(self._held.values())
        for name in tuple(self._held):
            self.cancel(name)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=deadline_s)
            for task in late:
                logger.warning("A task did not end when cancelled: %s", task.get_name())
