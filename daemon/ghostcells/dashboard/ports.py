"""What the pages need to know, as protocols; `commands` gives them something that fits."""

from typing import Protocol

import msgspec

from ghostcells.domain.decisions import Decision
from ghostcells.domain.examples import Example
from ghostcells.domain.reports import Day, DayCost, EndCount, Funnel
from ghostcells.domain.stories import CellStory, ExampleStory, SessionStory, SuggestionStory
from ghostcells.domain.trace import Trace
from ghostcells.domain.views import Percentiles, Session


class Caps(msgspec.Struct, frozen=True):
    """What may be spent, in US dollars, and what has been on this day by the user's clock."""

    day_usd: float
    notebook_usd: float
    today_usd: float


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All that the first page shows; `version` is another one after each record and decision."""

    version: int
    total: Funnel
    funnels: tuple[Funnel, ...]
    days: tuple[Day, ...]
    costs: tuple[DayCost, ...]
    caps: Caps
    ends: tuple[EndCount, ...]
    latencies: dict[str, Percentiles]
    examples: int
    taught: tuple[tuple[Example, int], ...]
    useful: tuple[Example, ...]
    useless: tuple[Example, ...]
    decisions: tuple[Decision, ...]


class Source(Protocol):
    """Reads and two changes; used by one thread at a time."""

    def version(self) -> int: ...

    def overview(self, days: int) -> Overview: ...

    def cell(self, identity: str) -> CellStory | None: ...

    def suggestion(self, identity: str) -> SuggestionStory | None: ...

    def session(self, identity: str) -> SessionStory | None: ...

    def example(self, identity: str) -> ExampleStory | None: ...

    def sessions(self, limit: int, before: str | None) -> list[Session]: ...

    def suggestions(self, limit: int, before: str | None) -> list[Trace]: ...

    def pin(self, example: str, *, pinned: bool) -> bool:
        """Whether there is such an example."""
        ...

    def forget(self, example: str) -> bool:
        """Whether there was such an example."""
        ...
