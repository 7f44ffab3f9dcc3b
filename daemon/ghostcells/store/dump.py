"""The whole index as canonical text: two indexes of the same log give the same."""

import sqlite3

_QUERIES = {
    "event": "SELECT id, type, time_ms, notebook, session, cell, suggestion, example, CAST(body AS TEXT), forgotten, size, "
    "hex(digest) FROM event ORDER BY id",
    "trace": "SELECT event, suggestion, session, time_ms, CAST(stages AS TEXT), input_tokens, output_tokens, cost_usd "
    "FROM trace ORDER BY event",
    "offered": "SELECT cell, event FROM offered ORDER BY cell, event",
    "ghost": "SELECT * FROM ghost ORDER BY cell",
    "outcome": "SELECT * FROM outcome ORDER BY cell",
    "tally": "SELECT * FROM tally WHERE suggested > 0 ORDER BY day, source, model, language",
    "activity": "SELECT * FROM activity WHERE executed OR learned ORDER BY day",
    "spent": "SELECT * FROM spent WHERE requests > 0 ORDER BY day, provider, model",
    "counted": "SELECT * FROM counted WHERE count > 0 ORDER BY day, kind, name",
    "evidence": "SELECT * FROM evidence ORDER BY example, event, verdict",
    "evidence_count": "SELECT * FROM evidence_count WHERE count > 0 ORDER BY example, verdict",
    "example": "SELECT id, event, CAST(situation AS TEXT), notebook, language, text, reason, intent_key, above_key, terms, "
    "runs, reads, failures, rejections, shown_runs, first_ms, last_ms, pinned, overrides, hex(notes) FROM example ORDER BY id",
    "words": "SELECT e.id, w.term FROM word_instances w LEFT JOIN example e ON e.row = w.doc GROUP BY e.id, w.term "
    "ORDER BY e.id, w.term",
}


def dump(connection: sqlite3.Connection) -> str:
    lines = []
    for table, query in _QUERIES.items():
        lines.append(f"# {table}")
        lines += [repr(row) for row in connection.execute(query)]
    return "\n".join(lines) + "\n"
