"""One question -> what the user would have seen: memory, policy and model are the daemon's own."""

import os
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import TypeVar

from msgspec.structs import replace

from ghostcells.app.assistant import rules_of
from ghostcells.app.knowledge import Knowledge
from ghostcells.app.models import Models
from ghostcells.app.often import sendable
from ghostcells.app.prompting import Prompting
from ghostcells.app.settings import policy_of
from ghostcells.app.spending import Spending, cost_of
from ghostcells.app.writer import ModelWriter
from ghostcells.config.schema import Settings
from ghostcells.context.prompt import Budget
from ghostcells.domain.distance import argument_distance
from ghostcells.domain.errors import GhostcellsError
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.exchange import Usage
from ghostcells.domain.ghosts import Candidate, Recollection
from ghostcells.domain.ids import Stamp
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.pool import Used
from ghostcells.domain.trace import Outcome, Trace, TracedModel
from ghostcells.engine import policy
from ghostcells.engine.effects import Complete
from ghostcells.evaluation.distance import compare
from ghostcells.evaluation.hiding import Hiding
from ghostcells.evaluation.items import Offer, Question, Result
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.ports import Answered, Declined, Memory

T = TypeVar("T")
OFFERS = 5
_RAN = 20


async def at_once(work: Callable[[], T]) -> T:
    """What a thread of its own does in the daemon: here nobody is kept waiting."""
    return work()


class Answering:
    """Asks memory, and a model where the settings name one.

    `memory_of` gives who remembers for a repository, or nobody; `often` the most used commands of a notebook.
    """

    def __init__(
        self,
        source: Hiding,
        settings: Settings,
        memory_of: Callable[[str], Memory | None],
        often: Callable[[str], tuple[Used, ...]],
        *,
        cap_usd: float,
    ) -> None:
        self._source = source
        self._settings = settings
        self._memory_of = memory_of
        self._often = often
        self._policy = policy_of(settings)
        self._habits = Knowledge(source, at_once)
        self._models = Models(os.environ, lambda _: None)
        self._asks = self._models.use(settings) is not None
        self._prompting = Prompting()
        self._prompting.redactor = Redactor(settings.privacy.patterns)
        self.capped = False
        """Whether the money is gone: what was asked last was not answered for that reason alone."""
        self.failures = 0
        """How many questions in a row the model has failed."""
        self._left = cap_usd
        self._most = most_usd(settings) or 0.0
        self._spending = Spending(tell=lambda _: None, show=lambda _: None)
        # The caps of a notebook and a day are those of a user; here the one of the run holds.
        budget = replace(settings.budget, notebook_usd=cap_usd, day_usd=cap_usd, soft_share=1.0)
        self._spending.configure(replace(settings, budget=budget))
        self._kept: Trace | None = None
        self._number = 0

    async def close(self) -> None:
        await self._models.close()
        self._prompting.close()

    def happened(self, records: Iterable[AnyRecord]) -> None:
        """What is usually followed by a run: it says whether asking a model is worth it."""
        if self._asks:
            self._habits.committed(records)

    async def answer(self, question: Question, blank: Result) -> Result:
        """`blank` with what came of the question."""
        begun = perf_counter()
        found = await self._recalled(question)
        memory_ms = (perf_counter() - begun) * 1000
        candidates = [self._fitted(one, question) for one in found.candidates]
        chosen = policy.selected(candidates, found.threshold, self._policy, ())
        if policy.switched_off(self._policy, question.situation.notebook, ""):
            chosen = ()
        result = replace(
            blank,
            outcome=policy.outcome(chosen, found.failed).value,
            shown=bool(chosen),
            source=candidates[0].source if candidates else "",
            memory_ms=memory_ms,
            why="; ".join(found.notes),
        )
        ordered = [*chosen, *(one for one in candidates if one not in chosen)]
        offers = [_offer(one.text, one.confidence, question) for one in ordered[:OFFERS]]
        if self._asks:
            result, text = await self._written(question, result, found, ordered)
            if text is not None:
                # A model's command comes first; it has no confidence of its own.
                offers = [_offer(text, 1.0, question), *offers]
                result = replace(result, source="model", outcome=Outcome.RECOMMENDED.value, shown=True)
        return _judged(replace(result, offers=tuple(offers[:OFFERS])), question)

    async def _recalled(self, question: Question) -> Recollection:
        memory = self._memory_of(question.repo)
        if memory is None:
            return Recollection((), 1.0, {}, ("memory was not asked",))
        return await memory.recall(question.situation, limit=policy.MAX_RECALLED, present=(), now_ms=question.time_ms)

    def _fitted(self, one: Candidate, question: Question) -> Candidate:
        return policy.in_language(one, policy.fitting_language(one.language, question.page.before))

    # A model

    async def _written(
        self, question: Question, result: Result, found: Recollection, candidates: Sequence[Candidate]
    ) -> tuple[Result, str | None]:
        """What the model wrote, if it wrote a command; with what it cost, also where it did not."""
        self._kept = None
        self.capped = self._most > self._left
        if self.capped:
            return result, None
        begun = perf_counter()
        order = self._order(question, found, candidates, sure=result.shown)
        outcome: Answered | Declined | None = None
        try:
            outcome = await self._writer(question.time_ms).write(order, lambda _: None)
        except GhostcellsError as error:
            result = replace(result, failed=str(error))
        self.failures = self.failures + 1 if result.failed else 0 if isinstance(outcome, Answered) else self.failures
        result = self._accounted(replace(result, model_ms=(perf_counter() - begun) * 1000))
        if not isinstance(outcome, Answered):
            return replace(result, why=outcome.why if outcome else "the model failed"), None
        code = next((one for one in outcome.pieces if one.kind is CellKind.CODE), None)
        why = "the model answered" if code else "the model had nothing to show"
        return replace(result, why=why), code.text if code else None

    def _writer(self, now_ms: int) -> ModelWriter:
        """A fresh one for each question: every one is a session of its own, and conventions are those of that time."""
        knowledge = Knowledge(self._source, at_once, lambda notebook: sendable(self._often(notebook), self._settings))
        knowledge.habits = self._habits.habits
        writer = ModelWriter(
            self._models, knowledge, self._prompting, self._spending, status=_Nobody(), now_ms=lambda: now_ms,
            keep=self._keep,
        )  # fmt: skip
        writer.rules = rules_of(self._settings)
        return writer

    def _order(
        self, question: Question, found: Recollection, candidates: Sequence[Candidate], *, sure: bool
    ) -> Complete:
        self._number += 1
        stamp = Stamp(question.time_ms, self._number << 20)
        trace = Trace(stamp.id(0), stamp.id(1), "edit", question.time_ms, found.stages_ms, (), policy.outcome(()), "")
        ran = tuple(one.text for one in question.page.before if one.kind is CellKind.CODE)[-_RAN:]
        return Complete(
            suggestion=trace.suggestion,
            session=trace.session,
            page=question.page,
            situation=question.situation,
            candidates=tuple(candidates),
            sure=candidates[0].confidence if sure else 0.0,
            rested_ms=question.rested_ms,
            asked=False,
            ran=ran,
            trace=trace,
        )

    def _keep(self, trace: Trace, _: str) -> None:
        self._kept = trace

    def _accounted(self, result: Result) -> Result:
        """With what was sent and what it cost, also where the answer failed."""
        kept = self._kept
        if kept is None or not isinstance(kept.model, TracedModel):
            return result
        self._left -= kept.model.cost_usd
        model, said = kept.model, [one.result for one in kept.assertions]
        return replace(
            result,
            asked_model=bool(model.output_tokens or model.answer),
            input_tokens=model.input_tokens,
            cached_tokens=model.cache_read_tokens,
            output_tokens=model.output_tokens,
            usd=model.cost_usd,
            assertions_passed=said.count("passed"),
            assertions_failed=said.count("failed"),
        )


def most_usd(settings: Settings) -> float | None:
    """The most that one question can cost in US dollars: 0 where no paid model is asked, None where it is not known.

    A model and the one that is asked where it fails are both counted.
    """
    models = Models(os.environ, lambda _: None)
    choice = models.use(settings)
    if choice is None:
        return 0.0
    usage = Usage(settings.model.input_tokens, Budget().output_tokens)
    costs = [cost_of(models.prices, choice.provider, name, usage, free=choice.free) for name in choice.models]
    return sum(usd for usd, _ in costs) if all(known for _, known in costs) else None


def _offer(text: str, confidence: float, question: Question) -> Offer:
    compared = compare(text, question.answer, question.language)
    word = argument_distance(text, question.answer)
    return Offer(text, round(confidence, 4), round(compared.distance, 4), round(word, 4))


def _judged(result: Result, question: Question) -> Result:
    best = result.best
    if best is None:
        return replace(result, steps=compare("", question.answer, question.language).steps)
    compared = compare(best.text, question.answer, question.language)
    return replace(
        result,
        distance=best.distance,
        word=best.word,
        program=compared.program,
        steps=compared.steps,
        steps_near=compared.steps_near,
    )


class _Nobody:
    def think(self, thinking: bool) -> None:  # noqa: FBT001 -- the word is the whole call
        pass
