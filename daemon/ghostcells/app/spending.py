"""What models cost: the ledger with its prices, fed from the log of today and from every completion since."""

import time
from collections.abc import Callable, Iterable

from ghostcells.budget.ledger import Caps, Charge, Ledger, Level, Spent
from ghostcells.config.schema import Settings
from ghostcells.domain.exchange import Usage
from ghostcells.domain.replies import SessionUsage
from ghostcells.domain.views import Cost
from ghostcells.providers.prices import FREE, Prices

TROUBLE = "budget"


class Spending:
    """`tell` hears why nothing more is spent, and nothing when something may be again; `show` what a session has cost."""

    def __init__(self, *, tell: Callable[[str], None], show: Callable[[SessionUsage], None]) -> None:
        self._tell = tell
        self._show = show
        self._caps = Caps()
        self._ledger = Ledger(self._caps, _offset_minutes())

    def configure(self, settings: Settings) -> None:
        budget = settings.budget
        self._caps = Caps(budget.notebook_usd, budget.day_usd, budget.soft_share)
        self._ledger.configure(self._caps, _offset_minutes())

    def day_start_ms(self, now_ms: int) -> int:
        return self._ledger.day_start_ms(now_ms)

    def restore(self, costs: Iterable[Cost]) -> None:
        """What the log knows of; to hear of the same suggestion twice changes nothing."""
        for one in costs:
            self._ledger.charge(
                Charge(
                    one.suggestion, one.session, one.notebook, one.time_ms, one.usd, one.input_tokens, one.output_tokens
                )
            )

    def opened(self, notebook: str, now_ms: int) -> None:
        self._ledger.opened(notebook, now_ms)

    def closed(self, notebook: str) -> None:
        self._ledger.closed(notebook)
        self._tell("")

    def refusal(self, charge: Charge, *, known: bool, free: bool, wanted: bool) -> str:
        """Why a completion may not be paid for, nothing where it may; it is then held at its estimate.

        `wanted`: asked for by hand or after a run, which is where the last of a budget goes. A cap of nothing allows nothing,
        also where the price is not known.
        """
        if free and not charge.usd:
            return ""
        estimate = charge.usd if known else 1e-6
        verdict = self._ledger.allows(charge.notebook, charge.time_ms, estimate)
        self._tell(verdict.why if verdict.level is Level.HARD else "")
        if verdict.level is Level.HARD or (verdict.level is Level.SOFT and not wanted):
            return verdict.why
        self._ledger.hold(charge)
        return ""

    def tokens(self, session: str) -> int:
        """What the completions of a session have used by now, prompts and answers."""
        spent = self._ledger.session(session)
        return spent.input_tokens + spent.output_tokens

    def charge(self, charge: Charge) -> None:
        self._ledger.charge(charge)
        self._show(_usage(self._ledger.session(charge.session)))

    def release(self, suggestion: str) -> None:
        self._ledger.release(suggestion)


def cost_of(prices: Prices, provider: str, model: str, usage: Usage, *, free: bool) -> tuple[float, bool]:
    """US dollars, and whether the price is known.

    What answers on this computer costs nothing, unless the model has a price: then it is a gateway to a paid service.
    """
    if provider in FREE:
        return 0.0, True
    usd, known = prices.cost(model, usage, provider=provider)
    return (usd, known) if known or not free else (0.0, True)


def _usage(spent: Spent) -> SessionUsage:
    return SessionUsage(spent.input_tokens, spent.output_tokens, round(spent.usd, 9))


def _offset_minutes() -> int:
    return round((time.localtime().tm_gmtoff or 0) / 60)
