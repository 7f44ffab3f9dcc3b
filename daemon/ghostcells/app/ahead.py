"""Memory asked shortly before a rest is over, so that its answer is there when the rest is.

What is begun is kept for the next question alone: if that is another one, or what is remembered has changed since, it is
dropped.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from msgspec.structs import replace

from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Recollection
from ghostcells.domain.trace import AHEAD
from ghostcells.runtime.ports import Memory

logger = logging.getLogger(__name__)


class Begun(NamedTuple):
    """A question that is being answered, what memory was then, and since when (seconds)."""

    question: tuple[Situation, int, tuple[str, ...]]
    mark: object
    since: float
    answer: asyncio.Future[Recollection]


class AheadMemory:
    """Fits `runtime.ports.PromptMemory`. `mark` tells what is remembered apart from what was before: it is compared."""

    def __init__(self, memory: Memory, mark: Callable[[], object]) -> None:
        self._memory = memory
        self._mark = mark
        self._begun: Begun | None = None

    def prepare(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> None:
        self.drop()
        work = self._memory.recall(situation, limit=limit, present=present, now_ms=now_ms)
        answer = asyncio.ensure_future(work)
        answer.add_done_callback(_heard)
        self._begun = Begun((situation, limit, tuple(present)), self._mark(), perf_counter(), answer)

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:
        begun = self._begun
        if begun is not None and begun.question == (situation, limit, tuple(present)) and begun.mark == self._mark():
            self._begun = None
            asked = perf_counter()
            found = await begun.answer
            return replace(found, stages_ms={**found.stages_ms, AHEAD: round((asked - begun.since) * 1000, 3)})
        self.drop()
        return await self._memory.recall(situation, limit=limit, present=present, now_ms=now_ms)

    def drop(self) -> None:
        """Do not use what was begun."""
        if self._begun is not None:
            self._begun.answer.cancel()
            self._begun = None


def _heard(answer: asyncio.Future[Recollection]) -> None:
    """An answer that nobody asks for may fail; one that is asked for is heard there."""
    if not answer.cancelled() and (error := answer.exception()) is not None:
        logger.debug("A search that was begun ahead failed: %s", error)
