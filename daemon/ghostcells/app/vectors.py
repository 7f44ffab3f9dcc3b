"""Keeps the embedder's vectors in step with the examples of the index, and stands in for the embedder where there is none.

The embedder is chosen by configuration and may change while the daemon runs; vectors carry its name, and those that are
missing are made in the background.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ghostcells.embedders.base import EmbedderError, EmbedderSpec, EmbedderState, Nearest
from ghostcells.embedders.process import EmbedderProcess

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.3
"""How long the examples rest before new ones are embedded."""
BATCH = 64

Texts = list[tuple[int, str]]


class Examples(Protocol):
    """What has to be embedded, told by the index off the event loop."""

    async def compare(self, rows: set[int]) -> tuple[Texts, list[int]]:
        """For the rows that have a vector: the texts of those that have none, and the rows that are no examples."""
        ...

    async def newer(self, row: int) -> Texts:
        """The texts of the rows after this one."""
        ...


class Vectors:
    """Fits memory's `VectorSearch`."""

    def __init__(self, directory: Path, *, examples: Examples, on_state: Callable[[EmbedderState, str], None]) -> None:
        self._directory = directory
        self._examples = examples
        self._on_state = on_state
        self._process: EmbedderProcess | None = None
        self._spec: EmbedderSpec | None = None
        self._idle_after: float | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._again = False
        # The last row that is known to have a vector; None: not compared since the embedder was loaded.
        self._kept: int | None = None

    @property
    def ready(self) -> bool:
        return self._process is not None and self._process.ready

    @property
    def reach(self) -> int:
        return self._kept or 0

    @property
    def state(self) -> EmbedderState:
        return EmbedderState.ABSENT if self._process is None else self._process.state

    def use(self, spec: EmbedderSpec | None, idle_after: float | None) -> None:
        """Work with this embedder from now on; None: words alone."""
        if (spec, idle_after) == (self._spec, self._idle_after):
            return
        former, self._process = self._process, None
        self._spec, self._idle_after = spec, idle_after
        if former is not None:
            self._background(former.close())
        if spec is not None:
            self._process = EmbedderProcess(spec, self._directory, idle_after=idle_after, on_state=self._changed)

    def start(self) -> None:
        if self._process is not None:
            self._process.start()

    async def search(self, text: str, k: int, *, key: str = "") -> Nearest:
        return await self._chosen().search(text, k, key=key)

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:
        return await self._chosen().score(rows, key=key)

    def examples_changed(self, *, forgotten: bool = False) -> None:
        """The index has other examples than before: bring the vectors up to date soon, if the embedder is loaded."""
        if forgotten:
            self._kept = None
        if self.ready and self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._settled)

    async def close(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        if self._keeping is not None:
            self._keeping.cancel()
        if self._process is not None:
            await self._process.close()

    def _chosen(self) -> EmbedderProcess:
        if self._process is None:
            raise EmbedderError("no embedder is chosen")
        return self._process

    def _changed(self, state: EmbedderState) -> None:
        reason = self._process.reason if self._process is not None else ""
        self._on_state(state, reason)
        self._kept = None
        if state is EmbedderState.READY:
            self.examples_changed()

    def _settled(self) -> None:
        self._settling = None
        if self._keeping is not None and not self._keeping.done():
            self._again = True
            return
        self._keeping = asyncio.ensure_future(self._keep())

    async def _keep(self) -> None:
        process = self._process
        if process is None or not process.ready:
            return
        try:
            if self._kept is None:
                known = await process.rows()
                missing, gone = await self._examples.compare(known)
                if gone:
                    await process.remove(gone)
                last = max(known.difference(gone), default=0)
            else:
                last = self._kept
                missing = await self._examples.newer(last)
            for start in range(0, len(missing), BATCH):
                await process.add(missing[start : start + BATCH])
            self._kept = max([last, *(row for row, _ in missing)])
        except EmbedderError as error:
            logger.warning("Vectors could not be kept up to date: %s", error)
        if self._again:
            self._again = False
            self.examples_changed()

    def _background(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
