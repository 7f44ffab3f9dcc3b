"""Memory as the loop asks it: its candidates with warnings about what they do, and the model got ready beside it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ghostcells.app.knowledge import Run
from ghostcells.context.safety import cautions
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Candidate, Recollection
from ghostcells.engine.policy import ASKED_SHARE
from ghostcells.runtime.ports import Memory

if TYPE_CHECKING:
    from ghostcells.context.rules import Rule


class WarningMemory:
    """Fits `runtime.ports.Memory`. `used` gives the commands run so far in a notebook, `asked` hears that memory is asked.

    Commands are parsed by `run`, in a thread: the first one imports the parser.
    """

    def __init__(
        self, memory: Memory, run: Run, *, used: Callable[[str], tuple[str, ...]], asked: Callable[[], None]
    ) -> None:
        self.rules: tuple[Rule, ...] = ()
        self._memory = memory
        self._run = run
        self._used = used
        self._asked = asked

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:
        self._asked()
        found = await self._memory.recall(situation, limit=limit, present=present, now_ms=now_ms)
        lowest = found.threshold * ASKED_SHARE
        if not any(one.confidence >= lowest for one in found.candidates):
            return found
        used = self._used(situation.notebook)

        def warned() -> tuple[Candidate, ...]:
            return tuple(self._warned(one, used) if one.confidence >= lowest else one for one in found.candidates)

        return replace(found, candidates=await self._run(warned))

    def _warned(self, candidate: Candidate, used: tuple[str, ...]) -> Candidate:
        said = cautions(candidate.text, candidate.language, used, self.rules)
        return replace(candidate, warnings=(*said, *candidate.warnings)) if said else candidate
