"""The protocol's queries, on a read-only connection of their own, for one thread that may wait.

Every query first has the index read what is in the log by now (`settle`, which the index's thread carries out), so a daemon
sees its own acknowledged events at once; those that do not page do not wait for a long log to be read for the first time.
How a page of events is kept from jumping over a late one is told in `horizon`.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from ghostcells.domain.events import INTERNAL, AnyRecord, Traced
from ghostcells.domain.ghosts import Origin
from ghostcells.domain.ids import ulid
from ghostcells.domain.pool import Ran
from ghostcells.domain.trace import Trace
from ghostcells.domain.views import CellLog, Cost, Event, OpenGhost, Percentiles, Session, Stats
from ghostcells.store import views
from ghostcells.store.counts import Counts
from ghostcells.store.horizon import settled_before
from ghostcells.store.index import Index
from ghostcells.store.presence import INFLIGHT, living
from ghostcells.store.ran import ran_since
from ghostcells.store.schema import connect_readonly

SESSIONS = 100
"""How many sessions are given where no limit is."""
WAIT_SECONDS = 0.05
"""How long a page waits for events that others are just writing, before it ends in front of them."""
STUCK_MS = 30_000
"""A daemon that has been writing for longer than this has been stopped; nobody waits for it."""
RECENT_TRACES = 2_000

_PAUSE_SECONDS = 0.001
_HIDDEN = ",".join(f"'{kind}'" for kind in sorted(INTERNAL))
_stages = msgspec.json.Decoder(dict[str, float])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Queries:
    """Reads the index that `index` writes."""

    def __init__(self, index: Index, settle: Callable[[], None], *, glance: Callable[[], None] | None = None) -> None:
        """`settle` returns once the index has read all that was in the log when it was called.

        `glance`, which stands for it where order does not matter, may return before, once it has read what this daemon wrote.
        """
        self._index = index
        self._settle = settle
        self._glance = settle if glance is None else glance
        self._generation = index.generation
        self._connection = connect_readonly(index.path)

    def close(self) -> None:
        self._connection.close()

    def events(self, after: str | None, limit: int) -> list[Event]:
        """Events in the order of their ids, such that none can still appear before the last of them."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            border = self._border()
            self._settle()
            rows = self._run(
                f"SELECT id, body FROM event WHERE id > ? AND type NOT IN ({_HIDDEN}) ORDER BY id LIMIT ?",  # noqa: S608
                after or "",
                limit,
            ).fetchall()
            page = [body for identity, body in rows if identity < border]
            if len(page) == len(rows) or time.monotonic() >= deadline:
                return [views.event(views.decode(body)) for body in page]
            time.sleep(_PAUSE_SECONDS)

    def cell_log(self, identity: str) -> CellLog | None:
        self._glance()
        return views.cell_log(identity, self._records_of(identity))

    def trace(self, identity: str) -> Trace | None:
        """How a suggestion was made; `identity` is its id, or that of a cell of it."""
        self._glance()
        found = self._run(
            "SELECT e.body FROM trace t JOIN event e ON e.id = t.event "
            "WHERE t.suggestion = coalesce((SELECT suggestion FROM ghost WHERE cell = ?1), ?1) ORDER BY t.event DESC LIMIT 1",
            identity,
        ).fetchone()
        return None if found is None else msgspec.json.decode(found[0], type=Traced).trace

    def sessions(self, limit: int | None = None, before: str | None = None) -> list[Session]:
        """Sessions, newest first."""
        self._glance()
        rows = self._run(
            # Left to itself SQLite sorts all sessions that there ever were.
            "SELECT session, notebook, cell, time_ms FROM event INDEXED BY session_started "
            "WHERE session IS NOT NULL AND type = 'SESSION_STARTED' "
            "AND session < coalesce(?, '~') ORDER BY session DESC LIMIT ?",
            before,
            SESSIONS if limit is None else limit,
        ).fetchall()
        return [self.session(*row) for row in rows]

    def stats(self, since_ms: int = 0) -> Stats:
        self._glance()
        counts = Counts(lambda query, *values: self._run(query, *values).fetchall(), since_ms)
        cells, (executed, as_suggested), usage = counts.cells(), counts.runs(), counts.usage()
        read = cells.pop("read")
        return Stats(
            suggested=sum(cells.values()),
            read=read,
            accepted=cells.get("ACCEPTED", 0),
            rejected=cells.get("REJECTED", 0),
            superseded=cells.get("SUPERSEDED", 0),
            executed=executed,
            executed_as_suggested=as_suggested,
            examples=self._run("SELECT examples FROM total").fetchone()[0],
            input_tokens=usage[0],
            output_tokens=usage[1],
            cost_usd=usage[2],
            latency_ms=self.latencies(since_ms),
            feedback=counts.feedback(),
            outcomes=counts.searches("outcomes"),
            failures=counts.searches("failures"),
        )

    def costs(self, since_ms: int) -> list[Cost]:
        """What was asked of models since then, by this daemon and others."""
        self._settle()
        return [
            Cost(*row)
            for row in self._run(
                "SELECT t.suggestion, t.session, e.notebook, t.time_ms, t.cost_usd, t.input_tokens, t.output_tokens "
                "FROM trace t JOIN event e ON e.id = t.event WHERE t.time_ms >= ? AND t.input_tokens > 0",
                since_ms,
            )
        ]

    def ran_since(self, since_ms: int) -> list[Ran]:
        """The successful runs since then, with what they teach."""
        self._settle()
        return ran_since(lambda query, values: self._run(query, *values), since_ms)

    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]:
        """What is known of cells that were suggested; does not wait for what is new in the log."""
        found = (views.known_cell(identity, self._records_of(identity)) for identity in dict.fromkeys(ids))
        return tuple(known for known in found if known is not None)

    def open_ghosts(self, owners: Collection[str]) -> list[OpenGhost]:
        """Ghosts without an end that are not those of `owners`, the epochs of the daemons that live."""
        self._settle()
        # Read again now: a daemon that has come since may already have suggested something.
        alive = {*owners, *living(self._index.paths)}
        found = []
        for cell, suggestion, notebook, session, owner in self._run(
            "SELECT g.cell, g.suggestion, e.notebook, e.session, s.owner FROM ghost g JOIN event e ON e.id = coalesce("
            "(SELECT id FROM event WHERE cell = g.cell AND type = 'RESTORED' ORDER BY id DESC LIMIT 1), g.event) "
            "JOIN segment s ON s.key = e.segment WHERE g.end_type IS NULL ORDER BY g.cell"
        ):
            if owner not in alive:
                found.append(OpenGhost(cell, suggestion, notebook, session))
        return found

    def rows(self, query: str, *values: object) -> list[Any]:
        """The rows of a query for a report, as far as the index has read."""
        return self._run(query, *values).fetchall()

    def _run(self, query: str, *values: object) -> sqlite3.Cursor:
        if self._generation != self._index.generation:
            # The file may be another one by now.
            self._generation = self._index.generation
            self._connection.close()
            self._connection = connect_readonly(self._index.path)
        return self._connection.execute(query, values)

    def _border(self) -> str:
        """The id that no event of a page may reach; the time is taken before the others' numbers are read."""
        now = _now_ms()
        inflight = [cells[INFLIGHT] for cells in living(self._index.paths).values()]
        return ulid(settled_before(now, (value for value in inflight if value > now - STUCK_MS)), 0)

    def _records_of(self, cell: str) -> list[AnyRecord]:
        rows = self._run(
            f"SELECT id, body FROM event WHERE cell = ?1 AND type NOT IN ({_HIDDEN}) UNION "  # noqa: S608
            "SELECT e.id, e.body FROM offered o JOIN event e ON e.id = o.event WHERE o.cell = ?1 ORDER BY 1",
            cell,
        )
        return [views.decode(body) for _, body in rows]

    def session(self, session: str, notebook: str, cell: str | None, start_ms: int) -> Session:
        """The session that began so."""
        ended = self._run(
            "SELECT max(time_ms) FROM event INDEXED BY event_session WHERE session = ? AND type = 'SESSION_ENDED'",
            session,
        ).fetchone()[0]
        executed = self._run("SELECT count(*) FROM event WHERE session = ? AND type = 'EXECUTED'", session).fetchone()[
            0
        ]
        suggestions, suggested, accepted = self._run(
            "SELECT count(DISTINCT g.suggestion), count(*), total(g.end_type = 'ACCEPTED') FROM event e "
            "JOIN offered o ON o.event = e.id JOIN ghost g ON g.cell = o.cell AND g.event = e.id "
            "WHERE e.session = ? AND e.type = 'SUGGESTED'",
            session,
        ).fetchone()
        traces, *usage = self._run(
            "SELECT count(*), total(input_tokens), total(output_tokens), total(cost_usd) FROM trace WHERE session = ?",
            session,
        ).fetchone()
        return Session(
            id=session,
            notebook=notebook,
            cell=cell,
            start_ms=start_ms,
            end_ms=ended,
            completions=max(traces, suggestions),
            suggested=suggested,
            accepted=int(accepted),
            executed=executed,
            input_tokens=int(usage[0]),
            output_tokens=int(usage[1]),
            cost_usd=usage[2],
        )

    def latencies(self, since_ms: int) -> dict[str, Percentiles]:
        stages: dict[str, list[float]] = {}
        for (encoded,) in self._run(
            "SELECT stages FROM trace WHERE time_ms >= ? ORDER BY time_ms DESC LIMIT ?", since_ms, RECENT_TRACES
        ):
            for stage, taken in _stages.decode(encoded).items():
                stages.setdefault(stage, []).append(taken)
        return {stage: views.percentiles(values) for stage, values in sorted(stages.items())}
