"""A thread of one's own for what must not run on the event loop and must not run twice at once, such as one SQLite connection.

Work that somebody waits for goes before chores; a chore is done in slices, so that nobody waits for more than one slice.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")
Chore = Callable[[], bool]
"""Does a slice of work; returns whether there is more."""


class Worker:
    """Runs what it is given in the order given, one thing at a time. Its methods may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._urgent: deque[Callable[[], None]] = deque()
        self._chores: deque[tuple[float, Chore]] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], T]) -> Awaitable[T]:
        """The result of `work`, done in the thread; to be called on an event loop. A caller that is cancelled is skipped."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def attempt() -> None:
            if future.cancelled():
                return
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 -- whoever waits hears of it
                _tell(loop, settle, None, error)
            else:
                _tell(loop, settle, result, None)

        self.post(attempt)
        return future

    def call(self, work: Callable[[], T]) -> T:
        """The result of `work`; waits for it, and so is for other threads than the event loop's."""
        done: Future[T] = Future()

        def attempt() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 -- as above
                done.set_exception(error)

        self.post(attempt)
        return done.result()

    def post(self, work: Callable[[], None]) -> None:
        """Do `work` in its turn; an exception is logged."""
        with self._wake:
            if not self._closed:
                self._urgent.append(work)
                self._wake.notify()

    def chore(self, work: Chore, *, after_s: float = 0.0) -> None:
        """Do `work` slice by slice while nobody waits for anything, not before `after_s` seconds.

        One that is queued already is not queued again, and keeps its time.
        """
        with self._wake:
            if not self._closed and all(queued is not work for _, queued in self._chores):
                self._chores.append((time.monotonic() + after_s, work))
                self._wake.notify()

    def close(self, timeout_s: float = 1.0) -> None:
        """Finish what was posted, leave the chores, and end the thread."""
        with self._wake:
            self._closed = True
            self._chores.clear()
            self._wake.notify()
        self._thread.join(timeout_s)

    def _next(self) -> Callable[[], object] | None:
        with self._wake:
            while not self._urgent and not self._closed:
                left = min((moment for moment, _ in self._chores), default=None)
                pause = None if left is None else left - time.monotonic()
                if pause is not None and pause <= 0:
                    return self._slice(self._ready())
                self._wake.wait(pause)
            return self._urgent.popleft() if self._urgent else None

    def _ready(self) -> Chore:
        now = time.monotonic()
        ready = next(one for one in self._chores if one[0] <= now)
        self._chores.remove(ready)
        return ready[1]

    def _slice(self, chore: Chore) -> Callable[[], None]:
        def work() -> None:
            if chore():
                self.chore(chore)

        return work

    def _work(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:
                logger.exception("Work in %s failed", self._thread.name)


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *values: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *values)
    except RuntimeError:  # the loop has been closed: nobody waits any more
        logger.debug("A result came too late")
