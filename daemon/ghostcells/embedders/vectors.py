"""A searchable set of vectors by row id: the file (`store.py`) and what is in memory of it (`scan.py`), kept in step.

Runs in the child. Turning text into vectors is the embedder's; which rows exist and what they mean, the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ghostcells.embedders.scan import Scan
from ghostcells.embedders.store import News, VectorFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ghostcells.embedders.store import Records

COMPACT_FROM = 1024
"""Dead records that are worth a rewrite when the file is opened, if they also outnumber the living."""
SPARE = 48
"""Candidates scored exactly beyond the number asked for; `benchmarks/vector_scan.py` counts what would be missed."""


class Vectors:
    def __init__(self, directory: Path, name: str, dims: int) -> None:
        self._dims = dims
        self._file = VectorFile(directory, name, dims)
        self._forget()
        with self._file.lock():
            self.refresh()
            dead = self._file.count - len(self._slots)
            if dead >= COMPACT_FROM and dead > len(self._slots):
                self._file.rewrite(sorted(self._slots.values()))
                self._forget()
                self.refresh()

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        self._file.close()

    def rows(self) -> Iterable[int]:
        return self._slots.keys()

    def refresh(self) -> None:
        """Take in what other processes wrote."""
        match self._file.news():
            case News.NONE:
                return
            case News.LONGER:
                pass
            case News.REPLACED:
                self._file.reopen()
                self._forget()
        for records in self._file.refresh():
            self._apply(records)

    def add(self, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        with self._file.lock():
            self.refresh()
            self._apply(self._file.append(rows, vectors))

    def remove(self, rows: Iterable[int]) -> int:
        """Remove those of the rows that are there, and return how many were."""
        with self._file.lock():
            self.refresh()
            known = [row for row in dict.fromkeys(rows) if row in self._slots]
            if known:
                self._apply(self._file.append(known, None))
        return len(known)

    def clear(self) -> int:
        with self._file.lock():
            self.refresh()
            count = len(self)
            self._file.rewrite([])
            self._forget()
        return count

    def search(self, query: NDArray[np.float32], k: int) -> tuple[list[int], list[float]]:
        """Return the `k` rows nearest to the query, best first, and their cosines."""
        candidates = self._scan.nearest(query, max(2 * k, k + SPARE)) if k > 0 else []
        if not candidates:
            return [], []
        scores = self._cosines(candidates, query)
        best = np.argsort(-scores, kind="stable")[:k]
        return [self._rows[candidates[index]] for index in best], scores[best].tolist()

    def cosines(self, rows: Sequence[int], query: NDArray[np.float32]) -> list[float | None]:
        """Score given rows; `None` where a row has no vector."""
        slots = [self._slots.get(row) for row in rows]
        known = [slot for slot in slots if slot is not None]
        scores = iter(self._cosines(known, query).tolist() if known else ())
        return [None if slot is None else next(scores) for slot in slots]

    def _cosines(self, slots: Sequence[int], query: NDArray[np.float32]) -> NDArray[np.float32]:
        codes, scale = self._file.at(slots)
        scores: NDArray[np.float32] = (codes.astype(np.float32) @ query) * scale
        return scores

    def _forget(self) -> None:
        self._scan = Scan(self._dims)
        self._slots: dict[int, int] = {}
        self._rows: list[int] = []

    def _apply(self, records: Records) -> None:
        """Take records into memory in their order: a row's latest record is the one that counts."""
        first = len(self._rows)
        rows, scales = records["row"].tolist(), records["scale"].tolist()
        self._rows += rows
        self._scan.append(records["codes"], records["scale"])
        for slot, (row, scale) in enumerate(zip(rows, scales, strict=True), start=first):
            before = self._slots.pop(row, None)
            if before is not None:
                self._scan.kill(before)
            if scale > 0:
                self._slots[row] = slot
            else:
                self._scan.kill(slot)
