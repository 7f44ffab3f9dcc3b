"""A model's text as it arrives -> pieces that may show, with warnings; and what its checks leave of it in the end."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from ghostcells.context import checks
from ghostcells.context.parse import Draft, Parser
from ghostcells.context.rules import Rule
from ghostcells.context.safety import cautions
from ghostcells.domain.exchange import Piece
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Assertion
from ghostcells.engine.effects import Complete

EXPLANATION_CHARS = 160
"""A sentence or two about the command are of use below it; more is the verbose prose that nobody reads."""
PARSED_CHARS = 1_000
GAP_S = 0.04
"""Parsed text is looked at this often: a little more often than ghosts are published."""


class Checked(msgspec.Struct, frozen=True):
    pieces: tuple[Piece, ...]
    assertions: tuple[Assertion, ...]
    why: str


class Reading:
    """One answer to one order."""

    def __init__(self, order: Complete, rules: Sequence[Rule]) -> None:
        page = order.page
        self._asked = checks.Asked(page, intent=page.before[-1].kind is CellKind.MARKUP, ran=order.ran)
        self._used = order.ran
        self._rules = tuple(rules)
        self._parser = Parser(page.language)

    def feed(self, text: str) -> None:
        self._parser.feed(text)

    @property
    def enough(self) -> bool:
        """Whether what may still come is of no use: the step is whole, or more was said than is read."""
        return self._parser.step_complete or self._parser.overflowed

    @property
    def overflowed(self) -> bool:
        """Whether more was said than is read: whoever talks so much may never end."""
        return self._parser.overflowed

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What may show already. A long command has the warnings of its beginning until it is whole: parsing it takes time."""
        drafts = self._parser.drafts
        shown = checks.showable(drafts, self._asked)
        return self._pieces((*shown, *self._explanation(drafts, shown)), parsed=PARSED_CHARS)

    def end(self, *, cut: bool) -> Checked:
        """The whole answer, checked; `cut`: the model stopped for want of room."""
        self._parser.end()
        answer = checks.Answer.of(self._parser, cut=cut)
        checked = checks.check(answer, self._asked)
        drafts = (*checked.drafts, *self._explanation(answer.drafts, checked.drafts))
        return Checked(self._pieces(drafts), checked.assertions, checked.why)

    def _explanation(self, drafts: Sequence[Draft], shown: Sequence[Draft]) -> tuple[Draft, ...]:
        """Prose that came before the command where the command is to stand first: short, it is kept below it."""
        if not self._asked.writes_prose or not shown or shown[0].kind is not CellKind.CODE:
            return ()
        first = drafts[0]
        if first.kind is CellKind.CODE or len(first.text) > EXPLANATION_CHARS or "\n\n" in first.text:
            return ()
        said = " ".join(first.text.split())
        cells = (*self._asked.page.before, *self._asked.page.after)
        return () if any(said in " ".join(cell.text.split()) for cell in cells) else (first,)

    def _pieces(self, drafts: Sequence[Draft], *, parsed: int | None = None) -> tuple[Piece, ...]:
        return tuple(
            Piece(
                draft.kind,
                draft.language,
                draft.text,
                cautions(draft.text[:parsed], draft.language, self._used, self._rules)
                if draft.kind is CellKind.CODE
                else (),
            )
            for draft in drafts
        )


class Growth:
    """Tells of pieces that have grown: the first at once, then not more often than is of use, and none too late."""

    def __init__(self, reading: Reading, tell: Callable[[tuple[Piece, ...]], None]) -> None:
        self._reading = reading
        self._tell = tell
        self._told: tuple[Piece, ...] = ()
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """There is more text."""
        if self._timer is not None:
            return
        wait = self._next - self._loop.time()
        if self._told and wait > 0:
            self._timer = self._loop.call_later(wait, self._look)
        else:
            self._look()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        pieces = self._reading.pieces
        if pieces != self._told:
            self._told = pieces
            self._next = self._loop.time() + GAP_S
            self._tell(pieces)
