"""The cost ledger: what was spent on suggestions, notebooks, sessions and days, and whether more may be.

Fed by charges, one a suggestion, from the traces of today at start and from each completion after that; to hear of the same
suggestion twice changes nothing. A completion that is under way is held at its estimate, so that several at once cannot
go over a cap together. Prices are `providers`' matter.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from ghostcells.domain.trace import Trace, TracedModel

DAY_MS = 86_400_000
SOFT_SHARE = 0.8
_KEPT_DAYS = 2
_ROUNDING = 1e-9


class Caps(msgspec.Struct, frozen=True):
    """In US dollars. From `soft` of a cap on, only what is asked for by hand or surely worth it should be spent."""

    notebook_usd: float = 0.05
    day_usd: float = 1.0
    soft: float = SOFT_SHARE


class Charge(msgspec.Struct, frozen=True):
    suggestion: str
    session: str
    notebook: str
    time_ms: int
    usd: float
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    estimated: bool = False


def charge_of(trace: Trace, notebook: str) -> Charge | None:
    """What a suggestion cost, None where no model was asked."""
    model = trace.model
    if not isinstance(model, TracedModel):
        return None
    return Charge(
        suggestion=trace.suggestion,
        session=trace.session,
        notebook=notebook,
        time_ms=trace.time_ms,
        usd=model.cost_usd,
        input_tokens=model.input_tokens,
        output_tokens=model.output_tokens,
        cache_read_tokens=model.cache_read_tokens,
        estimated=model.estimated,
    )


class Spent(msgspec.Struct, frozen=True):
    """`completions` counts requests, `estimated` those whose tokens no provider reported."""

    usd: float = 0.0
    completions: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    estimated: int = 0

    def plus(self, charge: Charge) -> "Spent":
        return Spent(
            self.usd + charge.usd,
            self.completions + 1,
            self.input_tokens + charge.input_tokens,
            self.output_tokens + charge.output_tokens,
            self.cache_read_tokens + charge.cache_read_tokens,
            self.estimated + charge.estimated,
        )


class Level(StrEnum):
    OK = "ok"
    SOFT = "soft"
    HARD = "hard"


class Verdict(msgspec.Struct, frozen=True):
    """HARD: not to be spent; `why` is for the status, empty while all is well."""

    level: Level
    why: str = ""


def _sum(charges: Iterable[Charge]) -> Spent:
    total = Spent()
    for charge in charges:
        total = total.plus(charge)
    return total


class Ledger:
    """Not thread-safe: its owner is the loop."""

    def __init__(self, caps: Caps, offset_minutes: int = 0) -> None:
        self._caps = caps
        self._offset_ms = offset_minutes * 60_000
        self._charges: dict[str, Charge] = {}
        self._held: dict[str, Charge] = {}
        self._opened: dict[str, int] = {}

    def configure(self, caps: Caps, offset_minutes: int) -> None:
        """New caps or another time zone (minutes east of UTC); what was spent stays spent."""
        self._caps, self._offset_ms = caps, offset_minutes * 60_000

    # What happens

    def opened(self, notebook: str, now_ms: int) -> None:
        """A notebook's cap runs from open to close: what it cost before counts for the day alone."""
        self._opened[notebook] = now_ms

    def closed(self, notebook: str) -> None:
        self._opened.pop(notebook, None)

    def charge(self, charge: Charge) -> None:
        """A completion ended; its hold, if it had one, is released. The last word on a suggestion counts."""
        self._held.pop(charge.suggestion, None)
        self._charges[charge.suggestion] = charge
        self._forget(charge.time_ms)

    def hold(self, charge: Charge) -> None:
        """A completion starts that may cost this much."""
        self._held[charge.suggestion] = charge

    def release(self, suggestion: str) -> None:
        """A completion came to nothing and cost nothing."""
        self._held.pop(suggestion, None)

    def _forget(self, now_ms: int) -> None:
        """Days that are over, but for notebooks that are still open and the sessions in them."""
        first = self._day(now_ms) - _KEPT_DAYS
        old = [
            name
            for name, charge in self._charges.items()
            if self._day(charge.time_ms) < first and charge.notebook not in self._opened
        ]
        for name in old:
            del self._charges[name]

    # What is asked

    def allows(self, notebook: str, now_ms: int, estimate_usd: float) -> Verdict:
        """Whether a completion of this estimated cost may be asked for; a local model costs nothing and is never refused."""
        if estimate_usd <= 0:
            return Verdict(Level.OK)
        soft = Verdict(Level.OK)
        for name, cap, spent in (
            (
                "budget.notebookUsd",
                self._caps.notebook_usd,
                self._committed(self._in_notebook(notebook), notebook, None),
            ),
            ("budget.dayUsd", self._caps.day_usd, self._committed(self.day(now_ms), None, self._day(now_ms))),
        ):
            what = "this notebook" if name == "budget.notebookUsd" else "today"
            if spent + estimate_usd > cap + _ROUNDING:
                return Verdict(
                    Level.HARD, f"${spent:.4f} of ${cap:.2f} spent on {what} ({name}): suggesting from memory"
                )
            if spent + estimate_usd > self._caps.soft * cap and soft.level is Level.OK:
                soft = Verdict(Level.SOFT, f"${spent:.4f} of ${cap:.2f} spent on {what} ({name})")
        return soft

    def suggestion(self, suggestion: str) -> Spent:
        charge = self._charges.get(suggestion)
        return Spent().plus(charge) if charge else Spent()

    def session(self, session: str) -> Spent:
        return _sum(charge for charge in self._charges.values() if charge.session == session)

    def notebook(self, notebook: str) -> Spent:
        """Since it was opened; nothing while it is closed."""
        return self._in_notebook(notebook)

    def day(self, now_ms: int) -> Spent:
        """The day, by the user's clock, that holds this moment."""
        day = self._day(now_ms)
        return _sum(charge for charge in self._charges.values() if self._day(charge.time_ms) == day)

    def day_start_ms(self, now_ms: int) -> int:
        """From when on traces are read to rebuild today."""
        return self._day(now_ms) * DAY_MS - self._offset_ms

    def _in_notebook(self, notebook: str) -> Spent:
        since = self._opened.get(notebook)
        if since is None:
            return Spent()
        return _sum(
            charge for charge in self._charges.values() if charge.notebook == notebook and charge.time_ms >= since
        )

    def _committed(self, spent: Spent, notebook: str | None, day: int | None) -> float:
        held = sum(
            charge.usd
            for charge in self._held.values()
            if (notebook is None or charge.notebook == notebook) and (day is None or self._day(charge.time_ms) == day)
        )
        return spent.usd + held

    def _day(self, time_ms: int) -> int:
        return (time_ms + self._offset_ms) // DAY_MS
