"""What reports show: how suggestions fared, what each day was like, what it cost. Rates have their denominators with them."""

from collections.abc import Sequence

from ghostcells.domain.views import View

WEEK = 7
"""Days."""


class Funnel(View, frozen=True, kw_only=True):
    """How far suggested cells got; each number counts cells.

    `shown` were in view at all, `read` for 750 ms or more; `accepted_read` were accepted after that. `ran` were run after
    they were accepted, `unchanged` as they had been accepted (their first run counts). `settled` were accepted ten minutes
    ago or earlier, and `kept` of them were not deleted within ten minutes. What is still open is in `suggested` only.
    """

    source: str = ""
    model: str = ""
    language: str = ""
    suggested: int = 0
    ended: int = 0
    shown: int = 0
    read: int = 0
    accepted: int = 0
    accepted_read: int = 0
    ran: int = 0
    unchanged: int = 0
    settled: int = 0
    kept: int = 0

    def rates(self) -> tuple["Rate", ...]:
        """The steps, each as a part of what it is a part of."""
        return (
            Rate("in view at all", self.shown, self.ended, "suggested cells that have ended"),
            Rate("read (750 ms or more)", self.read, self.shown, "cells that were in view"),
            Rate("accepted after reading", self.accepted_read, self.read, "cells that were read"),
            Rate("accepted", self.accepted, self.shown, "cells that were in view"),
            Rate("run", self.ran, self.accepted, "accepted cells"),
            Rate("run unchanged", self.unchanged, self.ran, "accepted cells that were run"),
            Rate("still there after 10 minutes", self.kept, self.settled, "cells accepted 10 minutes ago or earlier"),
        )


class Rate(View, frozen=True):
    """`part` of `whole`; `of` says in words what the whole is."""

    name: str
    part: int
    whole: int
    of: str

    @property
    def share(self) -> float | None:
        """None where there is nothing to be a share of."""
        return self.part / self.whole if self.whole else None


class Day(View, frozen=True, kw_only=True):
    """One day of UTC, by the number of days since 1970; the counts are those of `Funnel`, and of runs and lessons.

    `kept` are a part of `settled`.
    """

    day: int
    suggested: int = 0
    read: int = 0
    accepted: int = 0
    accepted_read: int = 0
    settled: int = 0
    kept: int = 0
    executed: int = 0
    as_suggested: int = 0
    learned: int = 0


class DayCost(View, frozen=True, kw_only=True):
    """What one model cost on one day of UTC."""

    day: int
    provider: str
    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cost_usd: float


class EndCount(View, frozen=True, kw_only=True):
    """How many suggested cells ended so."""

    type: str
    reason: str
    count: int


def lately(days: Sequence[Day]) -> str:
    """The answer in a sentence: the last week on which there was a run against the week before it."""
    latest = max((one.day for one in days if one.executed), default=None)
    if latest is None:
        return "Nothing has been run yet."
    week, before = (_runs(days, latest - WEEK * back) for back in (0, 1))
    return f"Runs of the last week that were as suggested: {week}. Of the week before: {before}."


def _runs(days: Sequence[Day], last: int) -> str:
    """Of the week that ends with `last`."""
    found = [one for one in days if last - WEEK < one.day <= last]
    ran, suggested = sum(one.executed for one in found), sum(one.as_suggested for one in found)
    return f"{suggested} of {ran} ({suggested / ran:.0%})" if ran else "there were no runs"
