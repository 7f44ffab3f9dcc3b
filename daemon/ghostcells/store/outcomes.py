"""What became of each suggested cell, and the sums of that by day: tables of the index that the reports read.

A row of `outcome` is a function of rows of the index, written in SQL once, so that what an index holds already and what is new
are counted alike. Triggers keep the sums, so that a report over years reads a few rows for each day. Days are those of UTC.
Money is in billionths of a dollar: sums of whole numbers do not depend on the order in which records came.
"""

from collections.abc import Callable, Iterable

from ghostcells.domain.ghosts import READ_MS

DAY_MS = 86_400_000
KEPT_MS = 600_000
"""An accepted cell that is not deleted within ten minutes has stayed."""

Run = Callable[..., "Iterable[tuple[str]]"]

_COUNTS = ("suggested", "ended", "shown", "read", "accepted", "accepted_read", "ran", "unchanged", "gone")
_ROW = f"""
INSERT INTO outcome SELECT
  g.cell, g.suggestion, g.time_ms, a.time_ms,
  coalesce(json_extract(CAST(s.body AS TEXT), '$.source'), ''),
  CASE json_extract(CAST(s.body AS TEXT), '$.source') WHEN 'model' THEN coalesce((
    SELECT json_extract(CAST(e.body AS TEXT), '$.trace.model.name') FROM trace t JOIN event e ON e.id = t.event
    WHERE t.suggestion = g.suggestion ORDER BY t.event DESC LIMIT 1), '') ELSE '' END,
  coalesce((SELECT json_extract(c.value, '$.languageId') FROM json_each(CAST(s.body AS TEXT), '$.cells') c
    WHERE json_extract(c.value, '$.id') = g.cell), ''),
  1, g.end_type IS NOT NULL, coalesce(g.shown_ms > 0, 0), coalesce(g.shown_ms >= {READ_MS}, 0), a.id IS NOT NULL,
  a.id IS NOT NULL AND g.shown_ms >= {READ_MS},
  a.id IS NOT NULL AND EXISTS (SELECT 1 FROM event x WHERE x.cell = g.cell AND x.type = 'EXECUTED' AND x.id > a.id),
  a.id IS NOT NULL AND coalesce((SELECT json_extract(CAST(x.body AS TEXT), '$.edited') IS NOT TRUE FROM event x
    WHERE x.cell = g.cell AND x.type = 'EXECUTED' AND x.id > a.id ORDER BY x.id LIMIT 1), 0),
  a.id IS NOT NULL AND EXISTS (SELECT 1 FROM event x WHERE x.cell = g.cell AND x.type = 'DELETED' AND x.id > a.id
    AND x.time_ms < a.time_ms + {KEPT_MS})
FROM ghost g JOIN event s ON s.id = g.event LEFT JOIN event a ON a.id = g.end_event AND g.end_type = 'ACCEPTED'
"""  # noqa: S608 -- numbers of our own


def _summed(sign: str, row: str) -> str:
    names = ", ".join(_COUNTS)
    values = ", ".join(f"{sign}{row}.{name}" for name in _COUNTS)
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)
    return (
        f"INSERT INTO tally (day, source, model, language, {names}) "  # noqa: S608
        f"VALUES ({row}.time_ms / {DAY_MS}, {row}.source, {row}.model, {row}.language, {values}) "
        f"ON CONFLICT DO UPDATE SET {sums}"
    )


def _activity(sign: str, row: str, where: str = "WHERE true") -> str:
    body = f"CAST({row}.body AS TEXT)"
    own = f"({row}.suggestion IS NOT NULL AND json_extract({body}, '$.edited') IS NOT TRUE)"
    return (
        f"INSERT INTO activity SELECT {row}.time_ms / {DAY_MS}, {sign}({row}.type = 'EXECUTED'), "
        f"{sign}({row}.type = 'EXECUTED' AND {own}), {sign}({row}.type = 'LEARNED') {where} "
        "ON CONFLICT DO UPDATE SET executed = executed + excluded.executed, "
        "as_suggested = as_suggested + excluded.as_suggested, learned = learned + excluded.learned"
    )


def _spent(sign: str, row: str, where: str = "WHERE true") -> str:
    def of(name: str) -> str:
        return f"json_extract(CAST({row}.body AS TEXT), '$.trace.model.{name}')"

    amounts = ", ".join(f"{sign}{of(name)}" for name in ("inputTokens", "outputTokens", "cacheReadTokens"))
    nanos = f"{sign}CAST(round({of('costUsd')} * 1e9) AS INTEGER)"
    return (
        f"INSERT INTO spent SELECT json_extract(CAST({row}.body AS TEXT), '$.trace.timeMs') / {DAY_MS}, "
        f"{of('provider')}, {of('name')}, {sign}1, {amounts}, {nanos} {where} "
        "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, input_tokens = input_tokens + "
        "excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, cached_tokens = cached_tokens + "
        "excluded.cached_tokens, nano_usd = nano_usd + excluded.nano_usd"
    )


def _trigger(name: str, event: str, table: str, what: str, *, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} AFTER {event} ON {table}{condition} BEGIN {what}; END;\n"


_RUNS = "{0}.type IN ('EXECUTED', 'LEARNED')"
_TRACES = "{0}.type = 'TRACE' AND json_extract(CAST({0}.body AS TEXT), '$.trace.model.name') IS NOT NULL"
_NUMBERS = ", ".join(f"{name} INTEGER NOT NULL" for name in _COUNTS)

TABLES = f"""
CREATE TABLE outcome (
  cell TEXT PRIMARY KEY, suggestion TEXT NOT NULL, time_ms INTEGER NOT NULL, accepted_ms INTEGER,
  source TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL, {_NUMBERS}
) WITHOUT ROWID;
CREATE INDEX outcome_suggestion ON outcome (suggestion);
CREATE INDEX outcome_time ON outcome (time_ms);
CREATE INDEX outcome_accepted ON outcome (accepted_ms) WHERE accepted_ms IS NOT NULL;
CREATE TABLE tally (
  day INTEGER NOT NULL, source TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL, {_NUMBERS},
  PRIMARY KEY (day, source, model, language)
) WITHOUT ROWID;
CREATE TABLE activity (
  day INTEGER PRIMARY KEY, executed INTEGER NOT NULL, as_suggested INTEGER NOT NULL, learned INTEGER NOT NULL
);
CREATE TABLE spent (
  day INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, requests INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, nano_usd INTEGER NOT NULL,
  PRIMARY KEY (day, provider, model)
) WITHOUT ROWID;
{_trigger("outcome_came", "INSERT", "outcome", _summed("", "new"))}
{_trigger("outcome_went", "DELETE", "outcome", _summed("-", "old"))}
{_trigger("run_came", "INSERT", "event", _activity("", "new"), when=_RUNS.format("new"))}
{_trigger("run_went", "DELETE", "event", _activity("-", "old"), when=_RUNS.format("old"))}
{_trigger("cost_came", "INSERT", "event", _spent("", "new"), when=_TRACES.format("new"))}
{_trigger("cost_went", "DELETE", "event", _spent("-", "old"), when=_TRACES.format("old"))}
"""

FILL = ";\n".join(
    (
        _ROW,
        _activity("", "event", f"FROM event WHERE {_RUNS.format('event')}"),
        _spent("", "event", f"FROM event WHERE {_TRACES.format('event')}"),
    )
)
"""Counts what an index held before these tables were."""

BALANCE = "shown_runs - rejections - failures - overrides"
"""Of an example: how much more often its suggestions were run than refused."""
EXAMPLES = f"CREATE INDEX example_balance ON example ({BALANCE});"
"""Both ends of it are read, out of however many examples."""

EMPTY = "DELETE FROM outcome; DELETE FROM tally; DELETE FROM activity; DELETE FROM spent;"


class Outcomes:
    """What a fold has touched, and is to be judged anew; within the fold's transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._cells: dict[str, None] = {}

    def touch(self, cell: str | None) -> None:
        if cell is not None:
            self._cells[cell] = None

    def touch_suggestion(self, suggestion: str) -> None:
        """A trace says which model wrote the cells of a suggestion."""
        for (cell,) in list(self._run("SELECT cell FROM outcome WHERE suggestion = ?", (suggestion,))):
            self.touch(cell)

    def finish(self) -> None:
        for cell in self._cells:
            self._run("DELETE FROM outcome WHERE cell = ?", (cell,))
            self._run(f"{_ROW} WHERE g.cell = ?", (cell,))
        self._cells.clear()
