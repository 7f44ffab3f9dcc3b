"""The sentence model in this process: vectors computed once for each text and kept beside the results.

The daemon has it in a process of its own, so that it never waits; here nobody types. The model and its vectors are the same.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.domain.errors import ConfigError
from ghostcells.embedders import install
from ghostcells.embedders.install import NAME
from ghostcells.store.locks import FileLock

_FILE, _LOCK = "vectors.sqlite", "vectors.lock"
_GROWTH = 1024


class Near(msgspec.Struct, frozen=True):
    rows: list[int]
    scores: list[float]


class Vectors:
    """Fits `memory.source.VectorSearch`. `hidden` rows are not found."""

    ready = True

    def __init__(self, models_dir: Path, kept: Path) -> None:
        import numpy as np

        files = install.installed(models_dir)
        if files is None:
            raise ConfigError("the sentence model is not installed: run `ghostcells models install`")
        self.hidden: frozenset[int] = frozenset()
        self._np = np
        self._directory = str(files.directory)
        self._model: Any = None
        self._known = sqlite3.connect(kept / _FILE, timeout=60, isolation_level=None)
        with FileLock.wait(kept / _LOCK):
            self._known.execute("PRAGMA journal_mode = WAL")
        self._known.execute("CREATE TABLE IF NOT EXISTS vector (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        self._rows = np.zeros((0, install.DIMS), np.float32)
        self._count = 0
        self._query: Any = None

    @property
    def reach(self) -> int:
        return self._count

    def start(self) -> None:
        return

    def add(self, row: int, text: str) -> None:
        """Rows count from 1; a row that exists is replaced."""
        np = self._np
        if row > len(self._rows):
            grown = np.zeros((max(2 * len(self._rows), row, _GROWTH), install.DIMS), np.float32)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        self._rows[row - 1] = self.vector(text)
        self._count = max(self._count, row)

    def vector(self, text: str) -> Any:
        key = hashlib.blake2b(f"{NAME}\n{text}".encode(), digest_size=12).digest()
        found = self._known.execute("SELECT vector FROM vector WHERE text = ?", (key,)).fetchone()
        if found is not None:
            return self._np.frombuffer(found[0], self._np.float16).astype(self._np.float32)
        made = self._embed(text)
        body = made.astype(self._np.float16).tobytes()
        self._known.execute("INSERT OR IGNORE INTO vector VALUES (?, ?)", (key, body))
        return made

    def _embed(self, text: str) -> Any:
        if self._model is None:
            from ghostcells.embedders.minilm import load

            self._model = load(self._directory)
        return self._model.vector(text)

    async def search(self, text: str, k: int, *, key: str = "") -> Near:  # noqa: ARG002 - one search at a time
        self._query = self.vector(text)
        scores = self._rows[: self._count] @ self._query
        for row in self.hidden:
            if row <= self._count:
                scores[row - 1] = -1.0
        best = self._np.argsort(-scores)[:k]
        return Near([int(row) + 1 for row in best], [float(scores[row]) for row in best])

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:  # noqa: ARG002
        return [float(self._rows[row - 1] @ self._query) if 0 < row <= self._count else None for row in rows]
