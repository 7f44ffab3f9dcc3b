"""The tables of the index, and connections to it.

`event` holds every record without what only the learner reads; `ghost` is the state of each suggested cell, `evidence` what
each event says about an example, `example` the sum of that. All of it is a function of the set of records in the log. Row
numbers and `segment` depend on the order of arrival and are nobody's business but this index's own.
"""

import sqlite3
from pathlib import Path

CACHE_KIB = 768
"""SQLite's page cache per connection; what does not fit comes from the system's cache."""
# The analyser gives terms separated by blanks, and each is to be taken whole, punctuation and all.
_PUNCTUATION = "".join(chr(code) for code in range(33, 127) if not chr(code).isalnum())
_TERM_CHARS = _PUNCTUATION.replace("'", "''").replace('"', '""')

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE segment (
  key INTEGER PRIMARY KEY, owner TEXT NOT NULL, number INTEGER NOT NULL, edition INTEGER NOT NULL, offset INTEGER NOT NULL,
  UNIQUE (owner, number)
);
CREATE TABLE event (
  id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, time_ms INTEGER NOT NULL, notebook TEXT NOT NULL, session TEXT, cell TEXT,
  suggestion TEXT, example TEXT, body BLOB NOT NULL,
  forgotten INTEGER NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL, segment INTEGER NOT NULL
);
CREATE INDEX event_type ON event (type, time_ms);
CREATE INDEX event_cell ON event (cell, id) WHERE cell IS NOT NULL;
CREATE INDEX event_session ON event (session, type) WHERE session IS NOT NULL;
CREATE INDEX event_example ON event (example, type, id) WHERE example IS NOT NULL;
CREATE INDEX event_segment ON event (segment);
CREATE TABLE trace (
  event TEXT PRIMARY KEY, suggestion TEXT NOT NULL, session TEXT NOT NULL, time_ms INTEGER NOT NULL, stages BLOB NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX trace_suggestion ON trace (suggestion, event);
CREATE INDEX trace_session ON trace (session);
CREATE INDEX trace_time ON trace (time_ms);
CREATE TABLE offered (cell TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (cell, event)) WITHOUT ROWID;
CREATE INDEX offered_event ON offered (event);
CREATE TABLE ghost (
  cell TEXT PRIMARY KEY, suggestion TEXT NOT NULL, event TEXT NOT NULL, time_ms INTEGER NOT NULL,
  end_event TEXT, end_type TEXT, end_reason TEXT, shown_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX ghost_open ON ghost (cell) WHERE end_type IS NULL;
CREATE INDEX ghost_time ON ghost (time_ms);
CREATE TABLE evidence (
  example TEXT NOT NULL, event TEXT NOT NULL, verdict TEXT NOT NULL, time_ms INTEGER NOT NULL, reason TEXT,
  teaches INTEGER NOT NULL, PRIMARY KEY (example, event, verdict)
) WITHOUT ROWID;
CREATE INDEX evidence_event ON evidence (event);
CREATE TABLE example (
  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, situation BLOB NOT NULL,
  notebook TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL,
  intent_key INTEGER NOT NULL, above_key INTEGER NOT NULL, terms INTEGER NOT NULL,
  runs INTEGER NOT NULL DEFAULT 0, reads INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
  rejections INTEGER NOT NULL DEFAULT 0, shown_runs INTEGER NOT NULL DEFAULT 0,
  first_ms INTEGER NOT NULL DEFAULT 0, last_ms INTEGER NOT NULL DEFAULT 0, pinned INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX example_length ON example (row, terms);
CREATE TABLE total (examples INTEGER NOT NULL, terms INTEGER NOT NULL);
INSERT INTO total VALUES (0, 0);
CREATE TRIGGER example_listed AFTER INSERT ON example
  BEGIN UPDATE total SET examples = examples + 1, terms = terms + new.terms; END;
CREATE TRIGGER example_unlisted AFTER DELETE ON example
  BEGIN UPDATE total SET examples = examples - 1, terms = terms - old.terms; END;
CREATE TRIGGER example_reworded AFTER UPDATE OF terms ON example
  BEGIN UPDATE total SET terms = terms - old.terms + new.terms; END;
CREATE INDEX example_notebook ON example (notebook, last_ms);
CREATE INDEX example_intent ON example (intent_key, last_ms);
CREATE INDEX example_above ON example (above_key, last_ms);
CREATE VIRTUAL TABLE words USING fts5 (
  terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '$TERM_CHARS'"
);
CREATE VIRTUAL TABLE word_instances USING fts5vocab (words, instance);
""".replace("$TERM_CHARS", _TERM_CHARS)

EVIDENCE_COUNTS = """
CREATE TABLE evidence_count (
  example TEXT NOT NULL, verdict TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (example, verdict)
) WITHOUT ROWID;
CREATE INDEX evidence_time ON evidence (example, verdict, time_ms);
CREATE TRIGGER evidence_came AFTER INSERT ON evidence
  BEGIN INSERT INTO evidence_count VALUES (new.example, new.verdict, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TRIGGER evidence_went AFTER DELETE ON evidence
  BEGIN UPDATE evidence_count SET count = count - 1 WHERE example = old.example AND verdict = old.verdict; END;
INSERT INTO evidence_count SELECT example, verdict, count(*) FROM evidence GROUP BY example, verdict;
"""
"""What an example's evidence comes to, so that one that ran ten thousand times is counted up as fast as one that ran once."""

EMPTY = """
DELETE FROM segment; DELETE FROM event; DELETE FROM trace; DELETE FROM offered; DELETE FROM ghost; DELETE FROM evidence;
DELETE FROM evidence_count; DELETE FROM example;
INSERT INTO words (words) VALUES ('delete-all');
"""


def connect(path: Path) -> sqlite3.Connection:
    """The one connection that writes; used from one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
    connection.executescript(
        f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA cache_size=-{CACHE_KIB};"
        "PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
    )
    return connection


def connect_readonly(path: Path) -> sqlite3.Connection:
    """A connection that neither writes nor checkpoints: SQLite before 3.51.3 may damage a WAL that two do that to."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=32,
    )
    connection.executescript(f"PRAGMA query_only=ON; PRAGMA cache_size=-{CACHE_KIB // 2}; PRAGMA temp_store=MEMORY;")
    return connection
