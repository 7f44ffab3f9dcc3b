"""The numbers behind `ghostcells/stats`: sums by day that triggers keep, and rows for the part of a day that they begin in.

So they are exact from any moment on, and cost the same after a week as after years.
"""

from collections.abc import Callable
from typing import Any

from ghostcells.domain.ghosts import READ_MS
from ghostcells.store.outcomes import DAY_MS

Rows = Callable[..., list[Any]]

_ADD = "ON CONFLICT DO UPDATE SET count = count + excluded.count"
_FEEDBACK = "json_extract(CAST({0}.body AS TEXT), '$.feedback.feedback')"
_SUMMED = ("outcomes", "failures")


def _end(sign: str, row: str, source: str = "") -> str:
    day = f"{row}.time_ms / {DAY_MS}"
    return (
        f"INSERT INTO counted SELECT {day}, 'end', coalesce({row}.end_type, ''), {sign}1 {source} WHERE true {_ADD};"
        f"INSERT INTO counted SELECT {day}, 'read', '', {sign}1 {source} WHERE {row}.shown_ms >= {READ_MS} {_ADD}"
    )


def _run(sign: str, row: str, source: str = "") -> str:
    said = _FEEDBACK.format(row)
    return (
        f"INSERT INTO counted SELECT {row}.time_ms / {DAY_MS}, 'feedback', {said}, {sign}1 {source} "
        f"WHERE {row}.type = 'EXECUTED' AND {said} IS NOT NULL {_ADD}"
    )


def _session(sign: str, row: str, source: str = "") -> str:
    return ";".join(
        f"INSERT INTO counted SELECT {row}.time_ms / {DAY_MS}, '{kind}', c.key, {sign}c.value FROM "  # noqa: S608
        f"{source.removeprefix('FROM ') + ', ' if source else ''}json_each(CAST({row}.body AS TEXT), '$.{kind}') c "
        f"WHERE {row}.type = 'SESSION_ENDED' {_ADD}"
        for kind in _SUMMED
    )


def _triggers(name: str, table: str, count: Callable[[str, str], str], kind: str = "") -> str:
    def when(row: str) -> str:
        return f"WHEN {row}.type = '{kind}' " if kind else ""

    return (
        f"CREATE TRIGGER {name}_came AFTER INSERT ON {table} {when('new')}BEGIN {count('', 'new')}; END;\n"
        f"CREATE TRIGGER {name}_went AFTER DELETE ON {table} {when('old')}BEGIN {count('-', 'old')}; END;\n"
    )


TABLES = f"""
CREATE TABLE counted (
  day INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, kind, name)
) WITHOUT ROWID;
CREATE INDEX session_started ON event (session) WHERE type = 'SESSION_STARTED';
{_triggers("end", "ghost", _end)}
{_triggers("feedback", "event", _run, "EXECUTED")}
{_triggers("search", "event", _session, "SESSION_ENDED")}
{_end("", "ghost", "FROM ghost")};
{_run("", "event", "FROM event")};
{_session("", "event", "FROM event")};
"""
"""With what an index held before."""

EMPTY = "DELETE FROM counted;"


class Counts:
    """What happened from `since_ms` on."""

    def __init__(self, rows: Rows, since_ms: int) -> None:
        self._rows = rows
        self._day = -(-since_ms // DAY_MS)
        self._part = (since_ms, self._day * DAY_MS)

    def cells(self) -> dict[str, int]:
        """Suggested cells by how they have ended, "" where they have not, and how many were read, as "read"."""
        found = self._counted("end")
        for end, count, read in self._rows(
            f"SELECT coalesce(end_type, ''), count(*), total(shown_ms >= {READ_MS}) FROM ghost "  # noqa: S608
            "WHERE time_ms >= ? AND time_ms < ? GROUP BY 1",
            *self._part,
        ):
            found[end] = found.get(end, 0) + count
            found["read"] = found.get("read", 0) + int(read)
        found["read"] = found.get("read", 0) + self._counted("read").get("", 0)
        return found

    def runs(self) -> tuple[int, int]:
        """How many cells ran, and how many of them as they were suggested."""
        whole = self._rows("SELECT total(executed), total(as_suggested) FROM activity WHERE day >= ?", self._day)[0]
        part = self._rows(
            "SELECT count(*), total(suggestion IS NOT NULL AND json_extract(CAST(body AS TEXT), '$.edited') IS NOT TRUE) "
            "FROM event WHERE type = 'EXECUTED' AND time_ms >= ? AND time_ms < ?",
            *self._part,
        )[0]
        return int(whole[0] + part[0]), int(whole[1] + part[1])

    def usage(self) -> tuple[int, int, float]:
        """Tokens in, tokens out, US dollars."""
        whole = self._rows(
            "SELECT total(input_tokens), total(output_tokens), total(nano_usd) FROM spent WHERE day >= ?", self._day
        )[0]
        part = self._rows(
            "SELECT total(input_tokens), total(output_tokens), total(cost_usd) FROM trace "
            "WHERE time_ms >= ? AND time_ms < ?",
            *self._part,
        )[0]
        return int(whole[0] + part[0]), int(whole[1] + part[1]), round(whole[2] / 1e9 + part[2], 9)

    def feedback(self) -> dict[str, int]:
        """How many runs gave each kind of feedback."""
        part = self._rows(
            f"SELECT {_FEEDBACK.format('event')} AS kind, count(*) FROM event "  # noqa: S608
            "WHERE type = 'EXECUTED' AND time_ms >= ? AND time_ms < ? AND kind IS NOT NULL GROUP BY kind",
            *self._part,
        )
        return _sum(self._counted("feedback"), part)

    def searches(self, kind: str) -> dict[str, int]:
        """What the sessions that have ended counted together; `kind` is "outcomes" or "failures"."""
        part = self._rows(
            "SELECT c.key, sum(c.value) FROM event e, json_each(CAST(e.body AS TEXT), '$.' || ?) c "
            "WHERE e.type = 'SESSION_ENDED' AND e.time_ms >= ? AND e.time_ms < ? GROUP BY c.key",
            kind,
            *self._part,
        )
        return _sum(self._counted(kind), part)

    def _counted(self, kind: str) -> dict[str, int]:
        return dict(
            self._rows(
                "SELECT name, sum(count) FROM counted WHERE day >= ? AND kind = ? GROUP BY name HAVING sum(count) > 0",
                self._day,
                kind,
            )
        )


def _sum(whole: dict[str, int], part: list[tuple[str, int]]) -> dict[str, int]:
    for name, count in part:
        whole[name] = whole.get(name, 0) + count
    return dict(sorted(whole.items()))
