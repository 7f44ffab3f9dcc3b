"""What the pages are made from, over an open data directory: fits `dashboard.ports.Source`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ghostcells.app.decisions import last_decisions, written
from ghostcells.app.stories import Stories
from ghostcells.dashboard.ports import Caps, Overview
from ghostcells.domain.decisions import Silence
from ghostcells.domain.events import AnyRecord, Forgotten, Pinned
from ghostcells.domain.reports import Funnel
from ghostcells.store.histories import Histories
from ghostcells.store.outcomes import DAY_MS
from ghostcells.store.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ghostcells.config.schema import Budget, Settings
    from ghostcells.domain.decisions import Decision
    from ghostcells.domain.examples import Example
    from ghostcells.domain.stories import CellStory, ExampleStory, SessionStory, SuggestionStory
    from ghostcells.domain.trace import Trace
    from ghostcells.domain.views import Session
    from ghostcells.store.examples import Examples
    from ghostcells.store.queries import Queries

_FEW = 8
_DECISIONS = 12


def caps(queries: "Queries", budget: "Budget") -> Caps:
    """What may be spent, and what this day has cost by the clock of this machine."""
    now = time.localtime()
    midnight = round(time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1)) * 1000)
    return Caps(budget.day_usd, budget.notebook_usd, sum(one.usd for one in queries.costs(midnight)))


class Opened(Protocol):
    """An open data directory, as `commands.data.Data` is one."""

    @property
    def examples(self) -> "Examples": ...

    @property
    def still(self) -> "Queries": ...

    def settle(self) -> None: ...

    def append(self, records: "Sequence[AnyRecord]") -> object: ...

    def forget_now(self) -> None: ...

    def teachers(self, example: str) -> tuple[str, ...]: ...


class Everything:
    """Used by one thread at a time."""

    def __init__(self, data: Opened, settings: "Settings", logs: Path) -> None:
        self._data = data
        self._settings = settings
        self._logs = logs
        self._stories = Stories(data.still, data.examples, logs)
        self._histories = Histories(data.still)
        self._reports = Reports(data.still)

    def version(self) -> int:
        self._data.settle()
        return self._histories.version() + written(self._logs)

    def overview(self, days: int) -> Overview:
        version = self.version()
        since = max(0, time.time_ns() // 1_000_000 - days * DAY_MS)
        total = self._reports.funnels(since)
        taught = [(example, when) for name, when in self._histories.taught(_FEW) if (example := self._example(name))]
        return Overview(
            version=version,
            total=total[0] if total else Funnel(),
            funnels=tuple(self._reports.funnels(since, by=("source", "model", "language"))),
            days=tuple(self._reports.days(since)),
            costs=tuple(self._reports.costs(since)),
            caps=caps(self._data.still, self._settings.budget),
            ends=tuple(self._reports.ends()),
            latencies=self._data.still.latencies(since),
            examples=self._data.examples.count(),
            taught=tuple(taught),
            useful=tuple(self._data.examples.load(self._histories.useful(_FEW))),
            useless=tuple(self._data.examples.load(self._histories.useless(_FEW))),
            decisions=self._decisions(),
        )

    def _decisions(self) -> "tuple[Decision, ...]":
        """The last ones; that an empty cell has no suggestion needs no telling."""
        found = last_decisions(self._logs, _DECISIONS * 4)
        return tuple(one for one in found if one.silence is not Silence.EMPTY)[:_DECISIONS]

    def cell(self, identity: str) -> "CellStory | None":
        self._data.settle()
        return self._stories.cell(identity)

    def suggestion(self, identity: str) -> "SuggestionStory | None":
        self._data.settle()
        return self._stories.suggestion(identity)

    def session(self, identity: str) -> "SessionStory | None":
        self._data.settle()
        return self._stories.session(identity)

    def example(self, identity: str) -> "ExampleStory | None":
        self._data.settle()
        return self._stories.example(identity)

    def sessions(self, limit: int, before: str | None) -> "list[Session]":
        self._data.settle()
        return self._data.still.sessions(limit, before)

    def suggestions(self, limit: int, before: str | None) -> "list[Trace]":
        self._data.settle()
        return self._histories.suggestions(limit, before)

    def pin(self, example: str, *, pinned: bool) -> bool:
        found = self._example(example)
        if found is None:
            return False
        notebook = found.situation.notebook
        self._data.append([Pinned(id="", time_ms=0, notebook=notebook, example=example, pinned=pinned)])
        return True

    def forget(self, example: str) -> bool:
        found = self._example(example)
        if found is None:
            return False
        notebook, events = found.situation.notebook, self._data.teachers(example)
        self._data.append([Forgotten(id="", time_ms=0, notebook=notebook, example=example, events=events)])
        self._data.forget_now()
        return True

    def _example(self, identity: str) -> "Example | None":
        return self._data.examples.by_id(identity)
