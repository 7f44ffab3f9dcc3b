"""A circuit breaker: after failures in a row nothing is asked for a while, then one request tries; pure, time is given."""

import msgspec

from ghostcells.providers.base import ErrorKind, ProviderError

_FATAL = frozenset(
    {ErrorKind.UNAUTHORIZED, ErrorKind.FORBIDDEN, ErrorKind.NO_MODEL, ErrorKind.MISCONFIGURED, ErrorKind.TLS}
)
"""To ask again changes nothing until somebody changes something."""


class BreakerPolicy(msgspec.Struct, frozen=True):
    threshold: int = 5
    first_s: float = 5.0
    fatal_s: float = 30.0
    longest_s: float = 300.0


class Breaker:
    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._openings = 0
        self._until = 0.0
        self._probing = False
        self.error: ProviderError | None = None

    def allows(self, now: float) -> bool:
        """Whether to ask. True for one at a time once the time is over: whoever asks tells how it went."""
        if self._openings == 0:
            return True
        if now < self._until or self._probing:
            return False
        self._probing = True
        return True

    def left(self, now: float) -> float:
        """Seconds until the next try."""
        return max(self._until - now, 0.0)

    def succeeded(self) -> None:
        self._failures = self._openings = 0
        self._probing = False
        self.error = None

    def released(self) -> None:
        """The request ended without telling anything about the provider."""
        self._probing = False

    def failed(self, error: ProviderError, now: float) -> None:
        self._failures += 1
        self.error = error
        reopened, self._probing = self._probing, False
        wait = error.retry_after_s or 0.0
        if not (
            reopened or error.kind in _FATAL or self._failures >= self._policy.threshold or wait > self._policy.first_s
        ):
            return
        first = self._policy.fatal_s if error.kind in _FATAL else self._policy.first_s
        pause = max(min(first * 2.0**self._openings, self._policy.longest_s), min(wait, self._policy.longest_s))
        self._openings = min(self._openings + 1, 30)
        self._until = now + pause
