"""What memory needs of the index that holds the examples, as a protocol; store/ has it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from ghostcells.domain.examples import Example


class ExampleSource(Protocol):
    """Examples by row number; rows are stable within one index. Called from memory's own thread only."""

    def count(self) -> int:
        """How many examples there are, forgotten ones not counted."""
        ...

    def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Rows whose analysed text (see `analyse`) has these terms, best BM25 score first (higher is better)."""
        ...

    def load(self, rows: Iterable[int]) -> list[Example]:
        """The examples of these rows, in that order; rows that are gone are left out."""
        ...

    def recent(self, notebook: str, limit: int) -> list[int]:
        """Rows last run or read in this notebook, newest first."""
        ...

    def following(self, command: str, language: str, limit: int) -> list[int]:
        """Rows whose situation has this command as the code cell nearest above, newest first."""
        ...

    def rows_of(self, examples: Sequence[str]) -> list[int]:
        """The rows of these ids, as far as there are any."""
        ...

    def answering(self, intent_key: str, limit: int) -> list[int]:
        """Rows whose intent has this key (`analysis.intent_key`), newest first."""
        ...


class Nearest(Protocol):
    """The rows nearest to a text, best first, with their cosines."""

    @property
    def rows(self) -> Sequence[int]: ...

    @property
    def scores(self) -> Sequence[float]: ...


class VectorSearch(Protocol):
    """What memory needs of the embedder and its vectors; embedders/ has it, in a process of its own."""

    @property
    def ready(self) -> bool:
        """Whether a search would be answered at once."""
        ...

    @property
    def reach(self) -> int:
        """The last row up to which every example has its vector; 0 while that is not known."""
        ...

    def start(self) -> None:
        """Begin loading, where it is not loaded or loading; never waits."""
        ...

    async def search(self, text: str, k: int, *, key: str = "") -> Nearest: ...

    async def score(self, rows: Sequence[int], *, key: str = "") -> Sequence[float | None]:
        """Cosines of rows to the text of the latest search with that key; None where a row has no vector."""
        ...
