"""Where results are kept: one SQLite file for a directory of runs, each item as soon as it is known.

What has been measured under the same conditions (`Batch.id`) is not measured again. The file belongs to the evaluation; the
user's memory is elsewhere and is not touched.
"""

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.evaluation.items import Result
from ghostcells.store.locks import FileLock

FILE = "results.sqlite"
_LOCK = "results.lock"
MODE = 0o600
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
  id TEXT PRIMARY KEY, variant TEXT NOT NULL, dataset TEXT NOT NULL, about TEXT NOT NULL, begun INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS question (batch TEXT NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (batch, key))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item (
  batch TEXT NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL, repo TEXT NOT NULL, failed TEXT NOT NULL,
  shown INTEGER NOT NULL,
  confidence REAL, word REAL NOT NULL, distance REAL NOT NULL, program INTEGER NOT NULL, usd REAL NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (batch, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS judged (pair TEXT PRIMARY KEY, same INTEGER NOT NULL, model TEXT NOT NULL, usd REAL NOT NULL)
  WITHOUT ROWID;
"""
COLUMNS = (
    "variant", "dataset", "repo", "document", "number", "key", "shown", "outcome", "source", "confidence", "word", "distance",
    "program", "steps", "steps_near", "known", "repeated", "memory_ms", "model_ms", "input_tokens", "output_tokens", "usd",
    "assertions_passed", "assertions_failed", "judged", "failed", "intent", "answer", "suggested",
)  # fmt: skip


class Batch(msgspec.Struct, frozen=True):
    """One variant on one data set under fixed conditions, which `about` tells in JSON."""

    id: str
    variant: str
    dataset: str
    about: dict[str, Any]
    begun: int


class Results:
    """One connection; each process has its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / FILE
        self.path.touch(MODE)
        self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        # To change the journal is refused at once, and not waited for, where another process is just doing it.
        with FileLock.wait(directory / _LOCK):
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def begin(self, batch: Batch, keys: Sequence[str]) -> None:
        """Note a batch and all that is to be asked in it; to begin one again changes nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        about = msgspec.json.encode(batch.about).decode()
        self._db.execute(
            "INSERT OR IGNORE INTO batch VALUES (?, ?, ?, ?, ?)",
            (batch.id, batch.variant, batch.dataset, about, batch.begun),
        )
        self._db.execute("UPDATE batch SET variant = ? WHERE id = ?", (batch.variant, batch.id))
        self._db.executemany(
            "INSERT OR IGNORE INTO question VALUES (?, ?, ?)", [(batch.id, key, at) for at, key in enumerate(keys)]
        )
        self._db.execute("COMMIT")

    def missing(self, batch: str) -> list[str]:
        """What has been noted and not been answered, or failed, in order."""
        found = self._db.execute(
            "SELECT key FROM question q WHERE batch = ? AND NOT EXISTS "
            "(SELECT 1 FROM item i WHERE i.batch = q.batch AND i.key = q.key AND i.failed = '') ORDER BY number",
            (batch,),
        )
        return [key for (key,) in found]

    def count(self, batches: Sequence[str]) -> int:
        marks = ",".join("?" * len(batches))
        found: int = self._db.execute(f"SELECT count(*) FROM item WHERE batch IN ({marks})", batches).fetchone()[0]  # noqa: S608
        return found

    def failures(self, batches: Sequence[str]) -> list[str]:
        """What went wrong, the commonest first."""
        found = Counter[str]()
        for batch in batches:
            query = "SELECT failed, count(*) FROM item WHERE batch = ? AND failed <> '' GROUP BY failed"
            found.update(dict(self._db.execute(query, (batch,))))
        return [text for text, _ in found.most_common()]

    def spent(self, batches: Sequence[str]) -> float:
        """US dollars."""
        marks = ",".join("?" * len(batches))
        query = f"SELECT coalesce(sum(usd), 0) FROM item WHERE batch IN ({marks})"  # noqa: S608
        found: float = self._db.execute(query, batches).fetchone()[0]
        return found

    def put(self, batch: str, one: Result) -> None:
        confidence = one.best.confidence if one.best else None
        row = (
            batch, one.key, one.number, one.repo, one.failed, one.shown, confidence, one.word, one.distance, one.program,
            one.usd, msgspec.json.encode(one).decode(),
        )  # fmt: skip
        self._db.execute("INSERT OR REPLACE INTO item VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", row)

    def batches(self) -> list[Batch]:
        """The newest last."""
        return [
            Batch(identity, variant, dataset, msgspec.json.decode(about), begun)
            for identity, variant, dataset, about, begun in self._db.execute("SELECT * FROM batch ORDER BY begun, id")
        ]

    def items(self, batch: str) -> list[Result]:
        """In the order in which they were asked about."""
        decode = msgspec.json.Decoder(Result).decode
        rows = self._db.execute("SELECT body FROM item WHERE batch = ? ORDER BY number, key", (batch,))
        return [decode(body) for (body,) in rows]

    # What a model has judged

    def verdict(self, pair: str) -> bool | None:
        found = self._db.execute("SELECT same FROM judged WHERE pair = ?", (pair,)).fetchone()
        return None if found is None else bool(found[0])

    def judge(self, pair: str, *, same: bool, model: str, usd: float) -> None:
        self._db.execute("INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?)", (pair, same, model, usd))


def write_csv(path: Path, found: Iterable[tuple[str, Result]]) -> None:
    """All items of all variants; a text that a spreadsheet would take for a formula begins with a quote."""
    path.touch(MODE)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for variant, one in found:
            values = msgspec.to_builtins(one) | {
                "variant": variant,
                "suggested": one.best.text if one.best else "",
                "confidence": one.best.confidence if one.best else "",
            }
            table.writerow([_plain(values[name]) for name in COLUMNS])


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value
