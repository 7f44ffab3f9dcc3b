"""The examples as memory reads them: `memory.source.ExampleSource` on the index, on the index's own thread."""

import math
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ghostcells.domain.examples import Example, Reason, Situation
from ghostcells.domain.pool import Ran
from ghostcells.store.fold import command_key, key_of
from ghostcells.store.index import Index
from ghostcells.store.ran import ran_since

POSTINGS = 8_000
"""How many entries of the full-text index one search may read: the rarest words first, which tell the most."""
TERMS = 40
"""How many words one search looks up; each costs as much as a hundred entries."""
_KNOWN_TERMS = 1_024
# BM25's usual constants; a word counts once, however often a text has it.
_K1 = 1.2
_B = 0.75
_SHORTLIST = 4

_TALLIES = "runs, reads, failures, rejections, shown_runs, first_ms, last_ms, pinned, overrides, notes"
_COLUMNS = f"id, row, situation, language, text, reason, {_TALLIES}"


class Examples:
    """Reads what the index has; rows stay the same until `generation` changes."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._situations = msgspec.json.Decoder(Situation)
        # How many examples have a word, and how many there were when that was counted.
        self._frequencies: OrderedDict[str, tuple[int, int]] = OrderedDict()

    @property
    def generation(self) -> int:
        return self._index.generation

    def count(self) -> int:
        """How many examples there are, forgotten ones not counted."""
        found: int = self._run("SELECT examples FROM total").fetchone()[0]
        return found

    def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Rows whose analysed text has these terms, best BM25 score first."""
        total, length = self._run("SELECT examples, terms FROM total").fetchone()
        if not total:
            return []
        scores: dict[int, float] = {}
        for term, frequency, postings in self._affordable(dict.fromkeys(terms), total):
            weight = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            for row in self._postings(term, postings):
                scores[row] = scores.get(row, 0.0) + weight
        return self._weighed(scores, limit, length / total)

    def load(self, rows: Iterable[int]) -> list[Example]:
        """The examples of these rows, in that order; rows that are gone are left out."""
        wanted = list(rows)
        found: dict[int, Example] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self._run(f"SELECT {_COLUMNS} FROM example WHERE row IN ({marks})", part):  # noqa: S608
                found[row[1]] = self._example(row)
        return [found[row] for row in wanted if row in found]

    def by_id(self, example: str) -> Example | None:
        row = self._run(f"SELECT {_COLUMNS} FROM example WHERE id = ?", (example,)).fetchone()  # noqa: S608
        return None if row is None else self._example(row)

    def last_row(self) -> int:
        """The greatest row number, 0 where there is none."""
        found: int | None = self._run("SELECT max(row) FROM example").fetchone()[0]
        return found or 0

    def all_rows(self, after: int = 0, limit: int = 1_000) -> list[int]:
        """Rows in their order, for those who go through all."""
        return self._rows("SELECT row FROM example WHERE row > ? ORDER BY row LIMIT ?", after, limit)

    def recent(self, notebook: str, limit: int) -> list[int]:
        """Rows last run or read in this notebook, newest first."""
        return self._rows(
            "SELECT row FROM example WHERE notebook = ? ORDER BY last_ms DESC, id LIMIT ?", notebook, limit
        )

    def following(self, command: str, language: str, limit: int) -> list[int]:
        """Rows whose situation has this command as the code cell nearest above, newest first."""
        return self._rows(
            "SELECT row FROM example WHERE above_key = ? ORDER BY last_ms DESC, id LIMIT ?",
            command_key(command, language),
            limit,
        )

    def frequency(self, term: str) -> int:
        """In about how many examples a term is."""
        total: int = self._run("SELECT examples FROM total").fetchone()[0]
        return self._frequency(term, total) if term and total else 0

    def rows_of(self, examples: Sequence[str]) -> list[int]:
        """The rows of these ids, as far as there are any."""
        marks = ",".join("?" * len(examples))
        return self._rows(f"SELECT row FROM example WHERE id IN ({marks}) ORDER BY row", *examples)  # noqa: S608

    def ran_since(self, since_ms: int) -> list[Ran]:
        """The successful runs since then, with what they teach."""
        return ran_since(self._run, since_ms)

    def answering(self, intent_key: str, limit: int) -> list[int]:
        """Rows whose intent has this key, newest first."""
        return self._rows(
            "SELECT row FROM example WHERE intent_key = ? ORDER BY last_ms DESC, id LIMIT ?", key_of(intent_key), limit
        )

    def _run(self, query: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self._index.connection.execute(query, values)

    def _rows(self, query: str, *values: object) -> list[int]:
        return [row for (row,) in self._run(query, values)]

    def _example(
        self, row: tuple[str, int, bytes, str, str, str, int, int, int, int, int, int, int, int, int, bytes]
    ) -> Example:
        (
            identity,
            number,
            situation,
            language,
            text,
            reason,
            runs,
            reads,
            failures,
            rejections,
            shown,
            first,
            last,
            pin,
            overrides,
            notes,
        ) = row
        decoded = self._situations.decode(situation)
        return Example(
            identity, number, decoded, language, text, Reason(reason), runs, reads, failures, rejections, shown, first, last,
            bool(pin), overrides, notes,
        )  # fmt: skip

    def _affordable(self, terms: Iterable[str], total: int) -> list[tuple[str, int, int]]:
        """The rarest of the terms, with how many examples have each and how many of those may be read."""
        known = sorted((frequency, term) for term in terms if term and (frequency := self._frequency(term, total)))
        chosen: list[tuple[str, int, int]] = []
        left = POSTINGS
        for frequency, term in known[:TERMS]:
            if frequency > left and chosen:
                break
            chosen.append((term, frequency, min(frequency, left)))
            left -= frequency
        return chosen

    def _frequency(self, term: str, total: int) -> int:
        """In how many examples a term is, counted no further than is of use, and anew as the memory grows."""
        known = self._frequencies.get(term)
        if known is not None and (known[1] == total or (known[0] and 0 < total - known[1] <= known[1] // 8 + 8)):
            self._frequencies.move_to_end(term)
            return known[0]
        query = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        found: int = self._run(query, (_quoted(term), POSTINGS + 1)).fetchone()[0]
        self._frequencies[term] = (found, total)
        self._frequencies.move_to_end(term)
        if len(self._frequencies) > _KNOWN_TERMS:
            self._frequencies.popitem(last=False)
        return found

    def _postings(self, term: str, most: int) -> Iterable[int]:
        """The newest rows that have a term: as one text, which costs a third of as many rows."""
        found = self._run(
            "SELECT group_concat(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?)",
            (_quoted(term), most),
        ).fetchone()[0]
        return map(int, found.split(",")) if found else ()

    def _weighed(self, scores: dict[int, float], limit: int, average: float) -> list[tuple[int, float]]:
        shortlist = heaviest(scores, limit)
        marks = ",".join("?" * len(shortlist))
        query = f"SELECT row, terms FROM example INDEXED BY example_length WHERE row IN ({marks})"  # noqa: S608
        return weighed({row: scores[row] for row in shortlist}, dict(self._run(query, shortlist)), average, limit)


def heaviest(scores: Mapping[int, float], limit: int) -> list[int]:
    """The rows among which the best `limit` are looked for, once their lengths are known."""
    return sorted(scores, key=scores.__getitem__, reverse=True)[: limit * _SHORTLIST]


def weighed(
    scores: Mapping[int, float], lengths: Mapping[int, int], average: float, limit: int
) -> list[tuple[int, float]]:
    """The best of what was found, a short text before a long one that has the same words."""
    found = [
        (row, score * (_K1 + 1) / (1 + _K1 * (1 - _B + _B * lengths[row] / average)))
        for row, score in scores.items()
        if row in lengths
    ]
    found.sort(key=lambda one: (-one[1], one[0]))
    return found[:limit]


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
