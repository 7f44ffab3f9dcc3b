"""A writer among real parts, with a recording in place of a model and a handful of examples in place of an index."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from ghostcells.app.knowledge import Knowledge
from ghostcells.app.models import Models
from ghostcells.app.prompting import Prompting
from ghostcells.app.spending import Spending
from ghostcells.app.writer import ModelWriter, Rules
from ghostcells.config.schema import Budget, Model, Settings
from ghostcells.domain.examples import Example, Reason, Situation, situation_at
from ghostcells.domain.exchange import Page, Piece
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.domain.pool import Used
from ghostcells.domain.replies import SessionUsage
from ghostcells.domain.trace import Outcome, Trace
from ghostcells.engine.effects import Complete

NB = "file:///runbooks/today.md"
ANSWER = "Use gzip.\n\n```bash\ngzip access.log\n```\n"


def prose(text, uri="p1"):
    return Cell(uri=uri, kind=CellKind.MARKUP, language="markdown", text=text)


def code(text, uri="c1"):
    return Cell(uri=uri, kind=CellKind.CODE, language="shellscript", text=text)


def example(identity="e1", text="gzip app.log", intent="Compress the log of the app"):
    return Example(identity, 1, Situation(NB, intent), "shellscript", text, Reason.OWN, 3, 0, 0, 0, 0, 0, 0)


def order(*before, suggestion="s1", session="x1", asked=False, rested_ms=2000, sure=0.0, trigger="edit", **more):
    cells = before or (prose("Compress the access log of yesterday"),)
    page = Page(NB, "runme", cells, more.pop("after", ()), more.pop("outputs", {}), "shellscript")
    trace = Trace(suggestion, session, trigger, 1_000, {"words": 1.0, "total": 2.0}, (), Outcome.SILENT, "nothing")
    return Complete(
        suggestion=suggestion,
        session=session,
        page=page,
        situation=situation_at(cells, len(cells), NB),
        candidates=more.pop("candidates", ()),
        sure=sure,
        rested_ms=rested_ms,
        asked=asked,
        ran=more.pop("ran", ()),
        trace=trace,
    )


def used(text="make test", identity="e1", notebook=NB, score=1.0, language="shellscript"):
    return Used(text, language, identity, notebook, 2, score, 0)


class Source:
    """The index's examples."""

    def __init__(self, *examples: Example) -> None:
        self.examples = examples

    def count(self) -> int:
        return len(self.examples)

    def frequency(self, _: str) -> int:
        return 0

    def by_id(self, identity: str) -> Example | None:
        return next((one for one in self.examples if one.id == identity), None)


async def at_once(work):
    return work()


@dataclass
class Bench:
    """`traces`, `thoughts`, `troubles` and `usages` are what was told, in order; `grown` what was written while it grew."""

    recording: Any
    traces: list[Trace] = field(default_factory=list)
    thoughts: list[bool] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    budget: list[str] = field(default_factory=list)
    usages: list[SessionUsage] = field(default_factory=list)
    grown: list[tuple[Piece, ...]] = field(default_factory=list)
    often: tuple[Used, ...] = ()
    first: asyncio.Event = field(default_factory=asyncio.Event)

    def make(
        self, *examples: Example, model: Model | None = None, caps: Budget | None = None, rules: Rules | None = None
    ):
        settings = Settings(
            model=model or Model(provider="scripted", name=str(self.recording)), budget=caps or Budget()
        )
        self.models = Models({}, self.troubles.append)
        self.models.use(settings)
        self.prompting = Prompting()
        self.spending = Spending(tell=self.budget.append, show=self.usages.append)
        self.spending.configure(settings)
        self.spending.opened(NB, 0)
        self.knowledge = Knowledge(Source(*examples), at_once, lambda _: self.often)
        self.writer = ModelWriter(
            self.models,
            self.knowledge,
            self.prompting,
            self.spending,
            status=self,
            now_ms=lambda: 1_000,
            keep=lambda trace, _: self.traces.append(trace),
        )
        if rules is not None:
            self.writer.rules = rules
        return self

    def think(self, thinking):
        self.thoughts.append(thinking)

    async def write(self, wanted=None):
        return await self.writer.write(wanted or order(), self._grew)

    def _grew(self, pieces):
        self.grown.append(pieces)
        self.first.set()

    async def close(self):
        await self.models.close()
        self.prompting.close()


def recording(path, *answers):
    """A file of answers: texts that are said whole, or lists of lines as the recording has them."""
    lines = []
    for answer in answers:
        lines.append({"answer": {}})
        said = answer if isinstance(answer, list) else [{"text": piece} for piece in answer.splitlines(keepends=True)]
        lines += said
        if not isinstance(answer, list):
            lines.append({"usage": {"input_tokens": 120, "output_tokens": 9}, "finish": "stop"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
