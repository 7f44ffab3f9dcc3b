"""When a burst is over: what may wait, waits until nothing has come for a moment, but never for long.

In a burst of runs acknowledging goes before learning from them: both would share one interpreter, and the user sees the former.
"""

import time
from collections.abc import Callable

SETTLE_SECONDS = 0.02
"""How long it must have been quiet; somebody who runs one cell after the other is slower than this."""
MOST_SECONDS = 0.5
"""How long a burst may put things off; what was learned is to be known everywhere within two seconds."""


class Lull:
    """Hears of what comes, and says how long to wait. Its methods may be called from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = float("-inf")
        self._first: float | None = None

    def came(self) -> None:
        """Something has come that is to be worked on."""
        self._last = self._clock()
        if self._first is None:
            self._first = self._last

    @property
    def waiting(self) -> bool:
        """Whether something has come that is not worked on yet."""
        return self._first is not None

    def left(self) -> float:
        """Seconds to wait before work; 0 when it may begin."""
        if self._first is None:
            return 0.0
        return max(0.0, min(self._last + SETTLE_SECONDS, self._first + MOST_SECONDS) - self._clock())

    def done(self) -> None:
        """All that has come is worked on."""
        self._first = None
