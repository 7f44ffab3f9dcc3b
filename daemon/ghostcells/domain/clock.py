"""Where time comes from, as a protocol: the system's clock is made in runtime/, tests bring a value."""

from typing import Protocol

from ghostcells.domain.ids import Stamp


class Clock(Protocol):
    def now_ms(self) -> int:
        """Unix time in milliseconds; never goes back."""
        ...

    def stamp(self) -> Stamp:
        """A stamp later than every one given before."""
        ...
