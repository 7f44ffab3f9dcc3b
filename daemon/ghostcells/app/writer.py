"""Carries out an order for a completion: is it worth it, what is said, what comes back, what that was, what it cost.

How each of these is decided is the matter of `context`, `budget` and `providers`; here they follow each other.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Protocol, cast

import msgspec
from msgspec.structs import replace

from ghostcells.app.answering import Growth, Reading
from ghostcells.app.knowledge import Knowledge
from ghostcells.app.models import Choice, Models
from ghostcells.app.prompting import Prompting, Terms, spoken
from ghostcells.app.spending import Spending, cost_of
from ghostcells.budget.ledger import Charge
from ghostcells.budget.session import room
from ghostcells.context import worth
from ghostcells.context.caching import minimum_tokens
from ghostcells.context.prompt import Allow, Budget, Composed, NotComposed
from ghostcells.context.rules import Rule
from ghostcells.domain.decisions import Silence
from ghostcells.domain.exchange import Chunk, Finish, Piece, Usage
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Assertion, Outcome, Trace, TracedModel
from ghostcells.engine.effects import Complete
from ghostcells.providers.base import ErrorKind, ProviderError
from ghostcells.providers.resilience import Link
from ghostcells.runtime.ports import Answered, Declined

logger = logging.getLogger(__name__)

Wrote = Callable[[tuple[Piece, ...]], None]
_SESSIONS = 64


class Rules(msgspec.Struct, frozen=True):
    """What the settings say about prompts and answers; `memory`: whether examples are shown."""

    budget: Budget = Budget()
    session_tokens: int = 0
    outputs: bool = True
    paths: tuple[str, ...] = ("*",)
    offline: bool = False
    risky: tuple[Rule, ...] = ()
    memory: bool = True


class Thinking(Protocol):
    def think(self, thinking: bool) -> None: ...  # noqa: FBT001 -- the word is the whole call


class Exchange:
    """One completion: what was sent and what has come back by now, for the trace however it ends."""

    def __init__(self, order: Complete) -> None:
        self.order = order
        self.begun = perf_counter()
        self.stages: dict[str, float] = {}
        self.composed: Composed | None = None
        self.model = ""
        self.sent = False
        self.text = ""
        self.usage: Usage | None = None
        self.finish: Finish | None = None
        self.whole = False
        self.assertions: tuple[Assertion, ...] = ()
        self.why = ""
        self.shows = False
        self.notes: list[str] = []

    def passed(self, stage: str) -> None:
        self.stages.setdefault(stage, round((perf_counter() - self.begun) * 1000, 3))

    def take(self, chunk: Chunk) -> None:
        if chunk.usage is not None:
            self.usage = chunk.usage
        self.finish = chunk.finish or self.finish
        self.whole = self.whole or chunk.finish is not None
        self.text += chunk.text
        if chunk.text:
            self.passed("firstChunk")


class ModelWriter:
    """Fits `runtime.ports.Writer`. `keep` gets the trace of each completion that was asked for."""

    def __init__(
        self,
        models: Models,
        knowledge: Knowledge,
        prompting: Prompting,
        spending: Spending,
        *,
        status: Thinking,
        now_ms: Callable[[], int],
        keep: Callable[[Trace, str], None],
    ) -> None:
        self.rules = Rules()
        self._models = models
        self._knowledge = knowledge
        self._prompting = prompting
        self._spending = spending
        self._status = status
        self._now_ms = now_ms
        self._keep = keep
        self._answers = worth.Answers()
        self._asked: dict[str, tuple[str, ...]] = {}
        self._running = 0

    async def write(self, order: Complete, wrote: Wrote) -> Answered | Declined:
        choice = self._models.choice
        if choice is None:
            return Declined("no model is chosen")
        exchange = Exchange(order)
        refused = await self._refusal(order)
        if refused is not None:
            return refused
        if not self._room(order):
            used = f"this cell has used its {self.rules.session_tokens} tokens (budget.sessionTokens)"
            return Declined(used, silence=Silence.OFTEN)
        try:
            await self._compose(exchange, choice)
        except NotComposed as error:
            return Declined(str(error), silence=Silence.WITHHELD)
        key = worth.key_of(exchange.composed.prompt, choice.model)  # type: ignore[union-attr]
        known = self._answers.get(key)
        if known is None and (why := self._unaffordable(exchange, choice)):
            return Declined(why, silence=Silence.BUDGET)
        self._remember(order)
        self._running += 1
        self._status.think(self._running > 0)
        try:
            pieces = await self._answer(exchange, choice, known, wrote)
            if known is None and exchange.finish is Finish.STOP:
                self._answers.put(key, exchange.text)
            return Answered(pieces, exchange.why)
        except BaseException as error:
            exchange.why = f"the model's answer did not become whole: {error}" if str(error) else "closed as superseded"
            raise
        finally:
            # Also where it is cancelled: what was sent until then is paid for.
            self._account(exchange, choice)
            self._running -= 1
            self._status.think(self._running > 0)

    # Whether to ask

    async def _refusal(self, order: Complete) -> Declined | None:
        anchor = order.page.before[-1]
        asked = self._asked.get(order.session, ())
        prose = anchor.kind is CellKind.MARKUP
        corpus = await self._knowledge.corpus((anchor.text, *asked[-1:]))
        moment = worth.Moment(anchor.text, prose, order.rested_ms, asked, order.sure, order.asked)
        if prose:
            self._knowledge.considered(order.page.notebook, order.session, anchor.text)
        verdict = worth.judge(moment, corpus, self._knowledge.habits)
        if verdict.ask:
            return None
        unchanged = bool(asked) and worth.changed(asked[-1], anchor.text, corpus) < 1
        return Declined(verdict.why, verdict.again_ms, unchanged, verdict.silence)

    def _remember(self, order: Complete) -> None:
        texts = (*self._asked.get(order.session, ()), order.page.before[-1].text)
        self._asked = dict([*((k, v) for k, v in self._asked.items() if k != order.session), (order.session, texts)])
        while len(self._asked) > _SESSIONS:
            self._asked.pop(next(iter(self._asked)))

    def _room(self, order: Complete) -> int:
        """The tokens that a prompt may have by what is left of its session's; who asks by hand is not held to that."""
        wanted = self.rules.budget.input_tokens
        if order.asked:
            return wanted
        return room(self.rules.session_tokens, self._spending.tokens(order.session), wanted)

    def _unaffordable(self, exchange: Exchange, choice: Choice) -> str:
        order, composed = exchange.order, exchange.composed
        assert composed is not None
        most = Usage(composed.input_tokens, composed.prompt.max_output_tokens)
        usd, known = cost_of(self._models.prices, choice.provider, choice.model, most, free=choice.free)
        charge = Charge(order.suggestion, order.session, order.page.notebook, self._now_ms(), usd)
        wanted = order.asked or order.trace.trigger == "executed"
        return self._spending.refusal(charge, known=known, free=choice.free, wanted=wanted)

    # What is said

    async def _compose(self, exchange: Exchange, choice: Choice) -> None:
        order, rules = exchange.order, self.rules
        candidates = order.candidates if rules.memory else ()
        told = await self._knowledge.told(order.session, order.situation, candidates)
        allow = Allow(rules.outputs, rules.paths, rules.offline, choice.local)
        budget = replace(rules.budget, input_tokens=self._room(order))
        if budget != rules.budget:
            used = self._spending.tokens(order.session)
            exchange.notes.append(
                f"held to {budget.input_tokens} tokens: this cell has used {used} of {rules.session_tokens}"
            )
        minimum = self._models.prices.cache_minimum(choice.model) or minimum_tokens(choice.model)
        terms = Terms(choice.model, budget, allow, minimum)
        exchange.composed = await self._prompting.compose(order.page, told, terms)
        exchange.passed("prompt")

    # What comes back

    async def _answer(self, exchange: Exchange, choice: Choice, known: str | None, wrote: Wrote) -> tuple[Piece, ...]:
        reading = Reading(exchange.order, self.rules.risky)

        def grew(pieces: tuple[Piece, ...]) -> None:
            exchange.passed("firstGhost")
            wrote(pieces)

        if known is not None:
            exchange.notes.append("model: an identical request was answered before")
            exchange.text, exchange.finish = known, Finish.STOP
            reading.feed(known)
        else:
            growth = Growth(reading, grew)
            try:
                await self._stream(exchange, choice, reading, growth)
            except ProviderError as error:
                if error.kind is not ErrorKind.EMPTY:
                    raise
            finally:
                growth.close()
        checked = await self._prompting.run(lambda: reading.end(cut=exchange.finish is Finish.LENGTH))
        exchange.assertions = checked.assertions
        exchange.shows = bool(checked.pieces)
        exchange.why = checked.why or "the model answered"
        return checked.pieces

    async def _stream(self, exchange: Exchange, choice: Choice, reading: Reading, growth: Growth) -> None:
        """Read the answer; a prompt that is too long for the model is shortened, once, and so for the next ones."""
        try:
            await self._read(exchange, choice, reading, growth)
        except ProviderError as error:
            assert exchange.composed is not None
            if error.kind is not ErrorKind.CONTEXT_TOO_LONG:
                raise
            if not await self._shortened(exchange, choice):
                (await self._models.chain()).unmended(error)
                raise
            await self._read(exchange, choice, reading, growth, mended=True)

    async def _shortened(self, exchange: Exchange, choice: Choice) -> bool:
        assert exchange.composed is not None
        if not self._prompting.shorten(exchange.composed, choice.model):
            return False
        exchange.notes.append("the prompt was too long for the model, and shortened")
        try:
            await self._compose(exchange, choice)
        except NotComposed:
            return False
        return True

    async def _read(
        self, exchange: Exchange, choice: Choice, reading: Reading, growth: Growth, *, mended: bool = False
    ) -> None:
        chain = await self._models.chain()
        assert exchange.composed is not None

        def using(link: Link) -> None:
            exchange.model, exchange.sent = link.model, True

        exchange.model = choice.model
        asked = chain.stream(exchange.composed.prompt, using=using, insist=exchange.order.asked, mended=mended)
        async with aclosing(cast("AsyncGenerator[Chunk, None]", asked)) as chunks:
            async for chunk in chunks:
                exchange.take(chunk)
                if chunk.text:
                    reading.feed(chunk.text)
                    growth.changed()
                    if reading.enough and (reading.overflowed or not self._must_end(exchange)):
                        # Whatever follows is chatter that would be paid for.
                        exchange.finish = exchange.finish or Finish.STOP
                        exchange.notes.append("model: closed when its first step was whole")
                        return

    def _must_end(self, exchange: Exchange) -> bool:
        """Whether an answer is heard to its end though its step is whole.

        A whole answer is what says that a model works again; and the provider's count, which comes last, is what the
        estimates of a model that is new here learn from.
        """
        assert exchange.composed is not None
        counts = exchange.usage is None and self._prompting.wants_usage(exchange.composed, exchange.model)
        return self._models.troubled or counts

    # What it was

    def _account(self, exchange: Exchange, choice: Choice) -> None:
        order, composed = exchange.order, exchange.composed
        assert composed is not None
        now = self._now_ms()
        if not exchange.sent:
            self._spending.release(order.suggestion)
            usage = Usage()
        else:
            usage = exchange.usage or Usage(
                composed.input_tokens, self._prompting.count(exchange.model, exchange.text) if exchange.text else 0
            )
        model = exchange.model or choice.model
        usd, known = cost_of(self._models.prices, choice.provider, model, usage, free=choice.free)
        if not known:
            exchange.notes.append(f"the price of {model} is not known: its cost is counted as nothing")
        if exchange.sent:
            self._spending.charge(
                Charge(
                    order.suggestion,
                    order.session,
                    order.page.notebook,
                    now,
                    usd,
                    usage.input_tokens,
                    usage.output_tokens,
                    usage.cache_read_tokens,
                    exchange.usage is None,
                )
            )
            if exchange.usage is not None:
                self._prompting.observe(composed, model, usage.input_tokens)
            elif exchange.whole:
                self._prompting.observe(composed, model, 0)
        exchange.passed("total")
        traced = TracedModel(
            provider=choice.provider,
            name=model,
            prompt=spoken(composed.prompt),
            answer=exchange.text,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cost_usd=usd,
            estimated=exchange.sent and exchange.usage is None,
        )
        self._keep(_completed(order.trace, exchange, traced, composed), order.page.notebook)


def _completed(trace: Trace, exchange: Exchange, traced: TracedModel, composed: Composed) -> Trace:
    """Memory's part of the trace with the model's; its stages count from the rest that the model was asked after."""
    stages = {name: taken for name, taken in trace.stages_ms.items() if name != "total"}
    return replace(
        trace,
        stages_ms={**stages, **exchange.stages},
        outcome=Outcome.RECOMMENDED if exchange.shows else trace.outcome,
        why=f"{exchange.why}; memory: {trace.why}",
        dropped=(*trace.dropped, *composed.dropped, *exchange.notes),
        model=traced,
        assertions=exchange.assertions,
        redactions=composed.redactions,
    )
