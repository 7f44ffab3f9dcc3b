"""What the rest of ghostcells may expect of an embedder, and the errors it has to be ready for.

The implementation is `process.EmbedderProcess`; what differs between embedders (a local model, a paid service) is only the
`EmbedderSpec` the child is started with. Ranking, fallbacks and which texts are worth a vector belong to `memory`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class EmbedderError(Exception):
    """A request to the embedder failed; the embedder itself may still be well."""


class EmbedderGone(EmbedderError):
    """The embedder's process ended, or may not be started again yet."""


class EmbedderState(Enum):
    """Where an embedder is in its life; `idle` was dropped for want of use and comes back by itself."""

    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"
    IDLE = "idle"
    FAILED = "failed"


class EmbedderSpec(msgspec.Struct, frozen=True):
    """Which embedder a child is to run.

    Args:
        name: also names the directory of its vectors: vectors of two names are never compared.
        dims: length of a vector.
        factory: `module:function`, called in the child with `options` as keyword arguments.
        modules: what the child needs to import; asked for before it is started.
        variables: environment variables that the child may see beside the harmless ones.

    """

    name: str
    dims: int
    factory: str
    options: dict[str, Any] = {}
    modules: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class Nearest(msgspec.Struct, frozen=True):
    """The rows nearest to a text, best first, with their cosines.

    `also` holds the cosines of the rows that were asked for by id, in that order, `None` where there is no vector;
    `second` those of `rows` to the second text.
    """

    rows: list[int]
    scores: list[float]
    also: list[float | None]
    second: list[float]
    embed_ms: float
    scan_ms: float


class Embedder(Protocol):
    """An embedder with its vectors. All methods but `start` and `close` wait for a child that is still loading."""

    @property
    def name(self) -> str: ...

    @property
    def dims(self) -> int: ...

    @property
    def state(self) -> EmbedderState: ...

    @property
    def reason(self) -> str:
        """Why the state is `FAILED`; else empty."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a search would be answered at once; if not, callers fall back to words and call `start`."""
        ...

    def start(self) -> None:
        """Begin loading unless it is loaded or loading; never waits."""
        ...

    async def search(
        self, text: str, k: int, *, also: Sequence[int] = (), second: str | None = None, key: str = ""
    ) -> Nearest: ...

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:
        """Cosines of rows to the text of the latest search (with that key)."""
        ...

    async def add(self, items: Sequence[tuple[int, str]]) -> int:
        """Embed and keep texts under row ids, replacing what these rows had."""
        ...

    async def remove(self, rows: Sequence[int]) -> int: ...

    async def rows(self) -> set[int]:
        """The row ids that have a vector."""
        ...

    async def clear(self) -> None: ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]: ...

    async def close(self) -> None: ...
