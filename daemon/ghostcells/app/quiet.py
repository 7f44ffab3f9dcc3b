"""What is best done while nobody types: once, as soon as nothing has been heard for a moment."""

import asyncio
from collections.abc import Callable

QUIET_SECONDS = 0.2
"""A pause in which somebody opens a notebook and looks, and longer than most between two keys."""


class WhenQuiet:
    """To be made and used on the loop; `work` is called there."""

    def __init__(self, work: Callable[[], object], loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._work = work
        self._loop = loop or asyncio.get_running_loop()
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False

    def heard(self) -> None:
        """Something came from the editor."""
        self._heard = self._loop.time()

    def begin(self) -> None:
        """Do it after the next quiet moment; only the first call counts."""
        if not self._begun:
            self._begun = True
            self._later(QUIET_SECONDS)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _later(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        left = self._heard + QUIET_SECONDS - self._loop.time()
        if left > 0:
            self._later(left)
        else:
            self._work()
