"""The system's clock: stamps that never go back, though the wall clock may."""

import os
import time
from collections.abc import Callable

from ghostcells.domain.ids import RANDOM_BITS, STRIDE_BITS, Stamp

STRIDE = 1 << STRIDE_BITS
# The top bit is left clear, so that later stamps of the same millisecond have room above.
_RANDOM_BYTES = (RANDOM_BITS - STRIDE_BITS) // 8
_CEILING = 1 << RANDOM_BITS
_AHEAD = 64


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class _Random:
    """The system's randomness, some of it fetched ahead.

    Each fetch lets go of the interpreter, and whoever takes it then (the thread that writes the log) keeps a burst waiting.
    """

    def __init__(self) -> None:
        self._ahead = b""

    def __call__(self) -> int:
        if not self._ahead:
            self._ahead = os.urandom(_RANDOM_BYTES * _AHEAD)
        mine, self._ahead = self._ahead[:_RANDOM_BYTES], self._ahead[_RANDOM_BYTES:]
        return int.from_bytes(mine) >> 1


class SystemClock:
    """Unix time on the steady clock's legs.

    When the wall clock is set back, time goes on from where it was; when it jumps ahead (a laptop woke up), time follows.
    """

    def __init__(
        self,
        *,
        wall_ms: Callable[[], int] = _wall_ms,
        steady_ms: Callable[[], int] = _steady_ms,
        random: Callable[[], int] | None = None,
    ) -> None:
        self._wall_ms = wall_ms
        self._steady_ms = steady_ms
        self._random = random or _Random()
        self._offset = wall_ms() - steady_ms()
        self._stamp_ms = 0
        self._entropy = 0

    def now_ms(self) -> int:
        steady = self._steady_ms()
        self._offset = max(self._offset, self._wall_ms() - steady)
        return steady + self._offset

    def stamp(self) -> Stamp:
        now = self.now_ms()
        if now > self._stamp_ms:
            self._stamp_ms = now
            self._entropy = self._random() << STRIDE_BITS
        else:
            self._entropy += STRIDE
            if self._entropy + STRIDE > _CEILING:
                self._stamp_ms += 1
                self._entropy = self._random() << STRIDE_BITS
        return Stamp(self._stamp_ms, self._entropy)
