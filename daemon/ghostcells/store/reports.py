"""Reports over any length of time, from sums by day and a few rows: see `outcomes` for how they come to be."""

import time
from collections.abc import Sequence

from ghostcells.domain.reports import Day, DayCost, EndCount, Funnel
from ghostcells.store.outcomes import DAY_MS, KEPT_MS
from ghostcells.store.queries import Queries

GROUPS = ("source", "model", "language")
_SUMS = "total(suggested), total(ended), total(shown), total(read), total(accepted), total(accepted_read), total(ran), "
_FUNNEL = f"{_SUMS} total(unchanged), total(gone)"
RECENT_ENDS = 5_000
"""The ends of so many of the latest cells are counted by their reason: what is told is how it goes now."""


class Reports:
    """Over the connection of `queries`, and used by the same thread."""

    def __init__(self, queries: Queries) -> None:
        self._rows = queries.rows

    def funnels(self, since_ms: int = 0, *, by: Sequence[str] = (), now_ms: int | None = None) -> list[Funnel]:
        """How suggestions since then fared, one funnel for each value of `by` (of `GROUPS`), the largest first."""
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        columns = ", ".join(one if one in by else "''" for one in GROUPS)
        grouped = "GROUP BY 1, 2, 3"
        day = -(-since_ms // DAY_MS)
        found = {
            (source, model, language): counts
            for source, model, language, *counts in self._rows(
                f"SELECT {columns}, {_FUNNEL} FROM ("  # noqa: S608 -- columns of our own
                "SELECT source, model, language, suggested, ended, shown, read, accepted, accepted_read, ran, unchanged, gone "
                "FROM tally WHERE day >= ? UNION ALL "
                "SELECT source, model, language, suggested, ended, shown, read, accepted, accepted_read, ran, unchanged, gone "
                f"FROM outcome WHERE time_ms >= ? AND time_ms < ?) {grouped}",
                day,
                since_ms,
                day * DAY_MS,
            )
        }
        fresh = {
            (source, model, language): (int(accepted), int(gone))
            for source, model, language, accepted, gone in self._rows(
                f"SELECT {columns}, count(*), total(gone) FROM outcome "  # noqa: S608
                f"WHERE accepted_ms > ? AND time_ms >= ? {grouped}",
                now - KEPT_MS,
                since_ms,
            )
        }
        funnels = [
            _funnel(*group, [int(one) for one in counts], fresh.get(group, (0, 0)))
            for group, counts in found.items()
            if counts[0] > 0
        ]
        return sorted(funnels, key=lambda one: -one.suggested)

    def days(self, since_ms: int = 0, *, now_ms: int | None = None) -> list[Day]:
        """Every day on which something happened, in their order."""
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        first = since_ms // DAY_MS
        fresh = {
            day: (accepted, gone)
            for day, accepted, gone in self._rows(
                f"SELECT time_ms / {DAY_MS}, count(*), sum(gone) FROM outcome WHERE accepted_ms > ? GROUP BY 1",  # noqa: S608
                now - KEPT_MS,
            )
        }
        days: dict[int, dict[str, int]] = {}
        for day, suggested, read, accepted, accepted_read, gone in self._rows(
            "SELECT day, sum(suggested), sum(read), sum(accepted), sum(accepted_read), sum(gone) FROM tally "
            "WHERE day >= ? GROUP BY day",
            first,
        ):
            open_still, gone_already = fresh.get(day, (0, 0))
            settled = accepted - open_still
            days[day] = {
                "suggested": suggested, "read": read, "accepted": accepted, "accepted_read": accepted_read,
                "settled": settled, "kept": settled - (gone - gone_already),
            }  # fmt: skip
        for day, executed, as_suggested, learned in self._rows("SELECT * FROM activity WHERE day >= ?", first):
            days.setdefault(day, {}).update(executed=executed, as_suggested=as_suggested, learned=learned)
        return [Day(day=day, **counts) for day, counts in sorted(days.items()) if any(counts.values())]

    def costs(self, since_ms: int = 0) -> list[DayCost]:
        """What each model cost on each day, in the order of the days."""
        return [
            DayCost(
                day=day,
                provider=provider,
                model=model,
                requests=requests,
                input_tokens=read,
                output_tokens=written,
                cache_read_tokens=cached,
                cost_usd=nanos / 1e9,
            )
            for day, provider, model, requests, read, written, cached, nanos in self._rows(
                "SELECT * FROM spent WHERE day >= ? AND requests > 0 ORDER BY day, provider, model", since_ms // DAY_MS
            )
        ]

    def ends(self) -> list[EndCount]:
        """How the latest suggested cells ended, the most frequent first."""
        return [
            EndCount(type=kind, reason=reason or "", count=count)
            for kind, reason, count in self._rows(
                "SELECT end_type, end_reason, count(*) FROM (SELECT end_type, end_reason FROM ghost "
                "ORDER BY time_ms DESC LIMIT ?) WHERE end_type IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
                RECENT_ENDS,
            )
        ]


def _funnel(source: str, model: str, language: str, counts: list[int], fresh: tuple[int, int]) -> Funnel:
    suggested, ended, shown, read, accepted, accepted_read, ran, unchanged, gone = counts
    settled = accepted - fresh[0]
    return Funnel(
        source=source,
        model=model,
        language=language,
        suggested=suggested,
        ended=ended,
        shown=shown,
        read=read,
        accepted=accepted,
        accepted_read=accepted_read,
        ran=ran,
        unchanged=unchanged,
        settled=settled,
        kept=settled - (gone - fresh[1]),
    )
