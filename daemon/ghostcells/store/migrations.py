"""Changes of the index's tables, in their order, each in one transaction with its record.

A migration has a name that is never given twice, and is never changed once it is released. An index that has one that is not
known here was made by a newer ghostcells; since the index is derived, it is made anew rather than refused.
"""

import sqlite3

from ghostcells.store import counts, outcomes
from ghostcells.store.schema import EVIDENCE_COUNTS, TABLES

MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("0001-tables", TABLES),
    ("0002-overrides", "ALTER TABLE example ADD COLUMN overrides INTEGER NOT NULL DEFAULT 0"),
    ("0003-outcomes", f"{outcomes.TABLES} {outcomes.FILL}"),
    ("0004-balance", outcomes.EXAMPLES),
    ("0005-counted", counts.TABLES),
    ("0006-notes", "ALTER TABLE example ADD COLUMN notes BLOB NOT NULL DEFAULT x''"),
    ("0007-evidence-counts", EVIDENCE_COUNTS),
)
_RECORDS = "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) WITHOUT ROWID;"


class UnknownMigrationError(Exception):
    """The index is of a newer version."""


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[str, str], ...] = MIGRATIONS) -> list[str]:
    """Apply what is missing; the names of what was applied."""
    connection.execute(_RECORDS)
    present = {name for (name,) in connection.execute("SELECT name FROM migration")}
    if unknown := present - {name for name, _ in migrations}:
        raise UnknownMigrationError(", ".join(sorted(unknown)))
    missing = [(name, script) for name, script in migrations if name not in present]
    for name, script in missing:
        record = f"INSERT INTO migration VALUES ('{name}');"  # noqa: S608 - the names stand above
        connection.executescript(f"BEGIN; {script}; {record} COMMIT;")
    return [name for name, _ in missing]
