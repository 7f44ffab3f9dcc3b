"""`complete`: one suggestion for a place in a file, streaming, by the same parts that serve an editor."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from ghostcells.commands.data import Data, opened
from ghostcells.commands.output import builtins, command, complain, print_json
from ghostcells.commands.settings import settings_of
from ghostcells.commands.stories import print_trace
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError, GhostcellsError
from ghostcells.domain.events import Traced
from ghostcells.domain.examples import Situation, situation_at
from ghostcells.domain.exchange import Page, Piece
from ghostcells.domain.ghosts import Recollection
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate
from ghostcells.engine import policy
from ghostcells.engine.effects import Complete
from ghostcells.runtime.clock import SystemClock
from ghostcells.runtime.ports import Answered, Declined

T = TypeVar("T")
NO_MODEL = "memory has nothing, and no model is chosen: --provider NAME, model.provider, or a key in the environment"
_CANDIDATES = 12
_RAN = 20


class Suggestion(msgspec.Struct, frozen=True):
    """`source` is memory or model; `why` says what happened where there is nothing, `told` that it was said already."""

    source: str
    text: str
    language: str
    confidence: float | None
    warnings: tuple[str, ...]
    why: str
    told: bool = False


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "complete",
        "Suggest the next cell of a Markdown file or a Jupyter notebook, on standard output.",
        examples="ghostcells complete runbook.md\n"
        "ghostcells complete runbook.md:3 --explain\n"
        "ghostcells complete runbook.md --provider ollama --no-memory",
    )
    made.add_argument(
        "place", metavar="FILE[:CELL]", help="CELL is its number, the first is 1; the last one without it"
    )
    made.add_argument(
        "--provider", metavar="NAME", help="the provider to ask, none for memory alone (else as configured)"
    )
    made.add_argument("--no-memory", action="store_true", help="show the model no examples, and suggest none")
    made.add_argument("--explain", action="store_true", help="say how the suggestion was made, on standard error")
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 where there is a suggestion, 1 where there is none."""
    settings = settings_of(options)
    if options.provider is not None:
        settings = replace(settings, model=replace(settings.model, provider=options.provider))
    page, situation = _place(options.place)
    with opened(options) as data:
        made = asyncio.run(_Completing(data, settings, options).suggest(page, situation))
        suggestion, trace = made
        if trace is not None and trace.model is not msgspec.UNSET:
            data.append([Traced(id="", time_ms=0, notebook=page.notebook, session=trace.session, trace=trace)])
    if options.json:
        print_json({**builtins(suggestion), "trace": builtins(trace)})
    elif not suggestion.text and not suggestion.told:
        complain(f"no suggestion: {suggestion.why}")
    for warning in suggestion.warnings:
        complain(f"warning: {warning}")
    if options.explain and trace is not None and not options.json:
        print_trace(trace, file=sys.stderr)
    return 0 if suggestion.text else 1


def _place(given: str) -> tuple[Page, Situation]:
    """What stands in the file up to the cell."""
    from ghostcells.reading.files import read

    name, _, number = given.rpartition(":")
    path = Path(name) if name and number.isdigit() and not Path(given).exists() else Path(given)
    book = read(path)
    last = int(number) if path == Path(name) and number.isdigit() else len(book.cells)
    if not 1 <= last <= len(book.cells):
        raise ConfigError(f"{path} has {len(book.cells)} cells: expected one of 1 to {len(book.cells)}, got {last}")
    before, after = book.cells[:last], book.cells[last : last + policy.BELOW_CELLS]
    kind = "jupyter-notebook" if path.suffix.lower() == ".ipynb" else "runme"
    language = policy.code_language((*reversed(after), *before), kind)
    page = Page(book.uri, kind, before, after, book.outputs, language)
    return page, situation_at(before, len(before), book.uri, book.outputs)


class _Completing:
    """The parts, without an editor: what works in a thread of its own there is simply called here."""

    def __init__(self, data: Data, settings: Settings, options: argparse.Namespace) -> None:
        self._data = data
        self._settings = settings
        self._memory = not options.no_memory
        self._streams = not options.json
        self._written = ""
        self._trace: Trace | None = None
        self._troubles: list[str] = []

    async def suggest(self, page: Page, situation: Situation) -> tuple[Suggestion, Trace | None]:
        found = await self._recall(situation, page)
        threshold = found.threshold * policy.ASKED_SHARE
        best = next((one for one in found.candidates if one.confidence >= threshold), None)
        now = SystemClock().stamp()
        self._trace = Trace(
            suggestion=now.id(0),
            session=now.id(1),
            trigger="asked",
            time_ms=now.time_ms,
            stages_ms=found.stages_ms,
            candidates=tuple(
                TracedCandidate(one.text, round(one.score, 4), round(one.confidence, 4), one.source, one.example)
                for one in found.candidates[:8]
            ),
            outcome=Outcome.RECOMMENDED if best else Outcome.SILENT,
            why=f"confidence {best.confidence:.2f} is at least {threshold:.2f}"
            if best
            else _silent(found, asked=self._memory),
            dropped=found.notes,
        )
        order = Complete(
            suggestion=self._trace.suggestion,
            session=self._trace.session,
            page=page,
            situation=situation,
            candidates=found.candidates,
            sure=best.confidence if best else 0.0,
            rested_ms=0,
            asked=True,
            ran=tuple(cell.text for cell in page.before if cell.kind is CellKind.CODE)[-_RAN:],
            trace=self._trace,
        )
        pieces, why = await self._write(order)
        code = next((one for one in pieces if one.kind is CellKind.CODE), None)
        if code is not None:
            self._print(code.text, whole=True)
            said = tuple(one.message for one in code.warnings)
            return Suggestion("model", code.text, code.language, None, said, why), self._trace
        if best is not None:
            self._print(best.text, whole=True)
            said = tuple(one.message for one in best.warnings)
            return Suggestion("memory", best.text, best.language, best.confidence, said, why), self._trace
        return Suggestion("", "", "", None, (), why, told=why in self._troubles), self._trace

    async def _recall(self, situation: Situation, page: Page) -> Recollection:
        from ghostcells.app.assistant import risky_of
        from ghostcells.app.remembering import WarningMemory
        from ghostcells.memory.recall import RecallMemory

        if not self._memory:
            return Recollection((), 1.0, {}, ("memory was not asked",))
        ran = tuple(cell.text for cell in page.before if cell.kind is CellKind.CODE)
        plain = RecallMemory(self._data.examples, None, _at_once, threshold=self._settings.memory.min_confidence)
        memory = WarningMemory(plain, _at_once, used=lambda _: ran, asked=lambda: None)
        memory.rules = risky_of(self._settings)
        present = tuple(cell.text for cell in page.after if cell.kind is CellKind.CODE)
        now = round(time.time() * 1000)
        return await memory.recall(situation, limit=_CANDIDATES, present=present, now_ms=now)

    async def _write(self, order: Complete) -> tuple[tuple[Piece, ...], str]:
        from ghostcells.app.assistant import COUNTS, rules_of
        from ghostcells.app.keeping import Kept
        from ghostcells.app.knowledge import Knowledge
        from ghostcells.app.models import Models
        from ghostcells.app.often import listed, sendable
        from ghostcells.app.often import rules_of as pool_rules
        from ghostcells.app.prompting import Prompting
        from ghostcells.app.spending import Spending
        from ghostcells.app.writer import ModelWriter
        from ghostcells.learning.pool import renewed
        from ghostcells.privacy.redact import Redactor
        from ghostcells.tokens import Calibration

        models = Models(os.environ, self._trouble)
        if models.use(self._settings) is None:
            return (), self._troubles[-1] if self._troubles else NO_MODEL
        counts = Kept(self._data.directory / COUNTS, Calibration())
        prompting, spending = Prompting(), Spending(tell=lambda _: None, show=lambda _: None)
        prompting.redactor = Redactor(self._settings.privacy.patterns)
        prompting.calibration = counts.read()
        spending.configure(self._settings)
        now = round(time.time() * 1000)
        spending.restore(self._data.queries.costs(spending.day_start_ms(now)))
        spending.opened(order.page.notebook, now)
        pool = renewed(None, self._data.examples.ran_since(0), (), now, pool_rules(self._settings))
        often = sendable(listed(pool, self._settings), self._settings)
        writer = ModelWriter(
            models,
            Knowledge(self._data.examples, _at_once, lambda _: often),
            prompting,
            spending,
            status=_Nobody(),
            now_ms=lambda: round(time.time() * 1000),
            keep=self._keep,
        )
        writer.rules = replace(rules_of(self._settings), memory=self._memory)
        try:
            outcome = await writer.write(order, self._grew)
        except GhostcellsError as error:
            return (), str(error)
        finally:
            await models.close()
            prompting.close()
            counts.write(prompting.calibration)
        if isinstance(outcome, Declined):
            return (), outcome.why
        assert isinstance(outcome, Answered)
        return outcome.pieces, self._trace.why if self._trace else ""

    def _trouble(self, text: str) -> None:
        if text and text not in self._troubles:
            self._troubles.append(text)
            complain(text)

    def _keep(self, trace: Trace, _: str) -> None:
        self._trace = trace

    def _grew(self, pieces: tuple[Piece, ...]) -> None:
        code = next((one for one in pieces if one.kind is CellKind.CODE), None)
        if code is not None:
            self._print(code.text)

    def _print(self, text: str, *, whole: bool = False) -> None:
        """What is new of a text that grows; one that turned out otherwise is begun anew."""
        if not self._streams:
            return
        new = text[len(self._written) :] if text.startswith(self._written) else f"\n{text}"
        self._written = text
        print(new, end="\n" if whole else "", flush=True)


def _silent(found: Recollection, *, asked: bool) -> str:
    if not asked:
        return "not asked"
    return "nothing is sure enough" if found.candidates else "nothing like it was run before"


class _Nobody:
    def think(self, thinking: bool) -> None:  # noqa: FBT001 -- the word is the whole call
        pass


async def _at_once(work: Callable[[], T]) -> T:
    return work()
