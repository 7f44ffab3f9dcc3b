"""The examples of an index, some of them hidden: for questions that must not be answered by what was made from their answer."""

from collections.abc import Iterable, Sequence

from ghostcells.domain.examples import Example
from ghostcells.store.examples import Examples
from ghostcells.store.index import Index


class Hiding:
    """The examples of the index without those that were made from the answer that is asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._examples = Examples(index)
        self._hidden: frozenset[int] = frozenset()

    def hide(self, ids: Iterable[str]) -> frozenset[int]:
        """Hide these and show all others; returns their rows.

        Begins with fresh counts of words, so that an answer does not depend on what else was asked before.
        """
        self._examples = Examples(self._index)
        found = [one for name in ids if (one := self._examples.by_id(name)) is not None]
        self._hidden = frozenset(one.row for one in found)
        return self._hidden

    def count(self) -> int:
        return self._examples.count() - len(self._hidden)

    def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
        found = self._examples.match(terms, limit + len(self._hidden))
        return [(row, score) for row, score in found if row not in self._hidden][:limit]

    def load(self, rows: Iterable[int]) -> list[Example]:
        return self._examples.load(row for row in rows if row not in self._hidden)

    def recent(self, notebook: str, limit: int) -> list[int]:
        return self._shown(self._examples.recent(notebook, limit + len(self._hidden)))[:limit]

    def following(self, command: str, language: str, limit: int) -> list[int]:
        return self._shown(self._examples.following(command, language, limit + len(self._hidden)))[:limit]

    def answering(self, intent_key: str, limit: int) -> list[int]:
        return self._shown(self._examples.answering(intent_key, limit + len(self._hidden)))[:limit]

    def frequency(self, term: str) -> int:
        return self._examples.frequency(term)

    def by_id(self, example: str) -> Example | None:
        found = self._examples.by_id(example)
        return None if found is None or found.row in self._hidden else found

    def rows_of(self, examples: Sequence[str]) -> list[int]:
        return self._shown(self._examples.rows_of(examples))

    def _shown(self, rows: list[int]) -> list[int]:
        return [row for row in rows if row not in self._hidden]
