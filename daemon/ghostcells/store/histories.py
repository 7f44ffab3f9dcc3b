"""The rows behind one story: which cells a suggestion had, what was suggested in a session, what ran, which lesson stands."""

import msgspec

from ghostcells.domain.events import Executed, Learned, Suggested, Traced
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.stories import ExampleEvent
from ghostcells.domain.trace import Trace
from ghostcells.domain.views import Event, Session
from ghostcells.store import views
from ghostcells.store.outcomes import BALANCE
from ghostcells.store.queries import Queries

_SESSION = "SELECT session, notebook, cell, time_ms FROM event WHERE session = ? AND type = 'SESSION_STARTED'"


class Histories:
    """Over the connection of `queries`, and used by the same thread."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._rows = queries.rows

    def version(self) -> int:
        """Grows with every record that is new, and only then."""
        found: int = self._rows("SELECT coalesce(max(rowid), 0) FROM event")[0][0]
        return found

    def session(self, identity: str) -> Session | None:
        found = self._rows(_SESSION, identity)
        return self._queries.session(*found[0]) if found else None

    def session_events(self, session: str) -> list[Event]:
        rows = self._rows(
            "SELECT body FROM event WHERE session = ? AND type NOT IN ('TRACE', 'PINNED') ORDER BY id", session
        )
        return [views.event(views.decode(body)) for (body,) in rows]

    def traces(self, session: str) -> list[Trace]:
        """How what was suggested in a session was made, in that order."""
        rows = self._rows(
            "SELECT e.body FROM trace t JOIN event e ON e.id = t.event WHERE t.session = ? ORDER BY t.event", session
        )
        return [msgspec.json.decode(body, type=Traced).trace for (body,) in rows]

    def cells(self, suggestion: str) -> list[str]:
        """The cells of a suggestion, those of its other candidates among them, in the order in which they showed."""
        return [
            cell for (cell,) in self._rows("SELECT cell FROM outcome WHERE suggestion = ? ORDER BY cell", suggestion)
        ]

    def ghost(self, cell: str) -> tuple[Ghost, str | None] | None:
        """A cell as it was suggested, and the example that it came from."""
        rows = self._rows(
            "SELECT e.body FROM offered o JOIN event e ON e.id = o.event WHERE o.cell = ? ORDER BY e.id DESC LIMIT 1",
            cell,
        )
        for (body,) in rows:
            record = views.decode(body)
            assert isinstance(record, Suggested)
            for place, ghost in enumerate(record.cells):
                if ghost.id == cell:
                    return ghost, record.examples[place] if place < len(record.examples) else None
        return None

    def runs(self, cell: str) -> list[Executed]:
        """What ran in a cell; the situation is not among what is kept here."""
        rows = self._rows("SELECT body FROM event WHERE cell = ? AND type = 'EXECUTED' ORDER BY id", cell)
        return [msgspec.json.decode(body, type=Executed) for (body,) in rows]

    def learned(self, cell: str) -> dict[str, tuple[str, str]]:
        """For each run of a cell that taught: the example and how, by the run's id."""
        rows = self._rows("SELECT body FROM event WHERE cell = ? AND type = 'LEARNED' ORDER BY id", cell)
        found = (views.decode(body) for (body,) in rows)
        return {
            one.executed: (one.example, str(one.reason))
            for one in found
            if isinstance(one, Learned) and one.executed is not None
        }

    def evidence(self, example: str, limit: int) -> list[ExampleEvent]:
        """What last counted for or against an example, the latest first."""
        rows = self._rows(
            "SELECT v.time_ms, v.verdict, e.notebook, e.session, e.cell FROM evidence v JOIN event e ON e.id = v.event "
            "WHERE v.example = ? ORDER BY v.event DESC, v.verdict LIMIT ?",
            example,
            limit,
        )
        return [
            ExampleEvent(time_ms=time_ms, verdict=verdict, notebook=notebook, session=session, cell=cell)
            for time_ms, verdict, notebook, session, cell in rows
        ]

    def taught(self, limit: int) -> list[tuple[str, int]]:
        """The examples that were learned or learned again last, with the time, newest first."""
        return self._rows(
            "SELECT example, max(time_ms) FROM (SELECT example, time_ms FROM event WHERE type = 'LEARNED' "
            "ORDER BY time_ms DESC LIMIT ?) GROUP BY example ORDER BY 2 DESC",
            limit,
        )

    def useful(self, limit: int) -> list[int]:
        """Rows of the examples whose suggestions were run most, more than they were refused."""
        return self._column(f"SELECT row FROM example WHERE {BALANCE} > 0 ORDER BY {BALANCE} DESC LIMIT ?", limit)  # noqa: S608

    def useless(self, limit: int) -> list[int]:
        """Rows of the examples that were refused, overridden or failed most, more than they were run."""
        return self._column(f"SELECT row FROM example WHERE {BALANCE} < 0 ORDER BY {BALANCE} LIMIT ?", limit)  # noqa: S608

    def suggestions(self, limit: int, before: str | None = None) -> list[Trace]:
        """How the last suggestions were made, newest first; `before` is the id of one."""
        rows = self._rows(
            "SELECT e.body FROM trace t JOIN event e ON e.id = t.event WHERE t.suggestion < coalesce(?, '~') "
            "ORDER BY t.suggestion DESC LIMIT ?",
            before,
            limit,
        )
        return [msgspec.json.decode(body, type=Traced).trace for (body,) in rows]

    def _column(self, query: str, *values: object) -> list[int]:
        return [one for (one,) in self._rows(query, *values)]
