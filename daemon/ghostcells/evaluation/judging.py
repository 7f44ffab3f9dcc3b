"""A model's opinion whether two commands do the same: a second measure, with how often it agrees with ours.

At temperature 0 where the provider has one; each pair is asked about once and kept. Secrets are taken out before it is sent.
"""

import hashlib
import os
from collections.abc import Sequence

import msgspec

from ghostcells.app.models import Models
from ghostcells.app.spending import cost_of
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.exchange import Message, Prompt, Role, Usage
from ghostcells.evaluation.items import Result
from ghostcells.evaluation.results import Results
from ghostcells.privacy.redact import Redactor

_SYSTEM = (
    "You compare two shell commands that were meant for the same task. Answer with one word: SAME if running either has the "
    "same effect and shows the same information, DIFFERENT otherwise. Other names, numbers, paths or targets are DIFFERENT."
)
_OUTPUT_TOKENS = 4
_CHARS_A_TOKEN = 3
"""Fewer than any tokenizer needs for commands, so that the estimate is not too low."""


class Agreement(msgspec.Struct, frozen=True):
    """The model against distance 0: in how many of `asked` pairs they agree, and how the others fall."""

    model: str
    asked: int
    agree: int
    only_model: int
    only_metric: int

    @property
    def share(self) -> float:
        return self.agree / self.asked if self.asked else 0.0


class Judging:
    """One judge. `left` is how many US dollars it may still spend."""

    def __init__(self, settings: Settings, results: Results, left: float) -> None:
        self._models = Models(os.environ, self._trouble)
        self._why = ""
        choice = self._models.use(settings)
        if choice is None:
            raise ConfigError(f"judge: {self._why or 'its settings name no model'}")
        self._choice = choice
        self._results = results
        self._redactor = Redactor(settings.privacy.patterns)
        self.left = left

    async def close(self) -> None:
        await self._models.close()

    async def judge(self, batch: str, found: Sequence[Result], most: int) -> Agreement:
        """Ask about the pairs that are not the same to the letter, and keep what is said with each result."""
        agree = only_model = only_metric = asked = 0
        for one in drawn(found, most):
            same = await self._verdict(one)
            if same is None:
                break
            asked += 1
            ours = one.distance == 0
            agree += same == ours
            only_model += same and not ours
            only_metric += ours and not same
            self._results.put(batch, msgspec.structs.replace(one, judged=same))
        return Agreement(self._choice.model, asked, agree, only_model, only_metric)

    async def _verdict(self, one: Result) -> bool | None:
        """None where the money is gone."""
        text = self._redactor.redact(_question(one)).text
        key = hashlib.blake2b(f"{self._choice.model}\0{_SYSTEM}\0{text}".encode(), digest_size=12).hexdigest()
        known = self._results.verdict(key)
        if known is not None:
            return known
        usage = Usage((len(_SYSTEM) + len(text)) // _CHARS_A_TOKEN, _OUTPUT_TOKENS)
        if self._usd(usage) > self.left:
            return None
        answer, usage = await self._ask(text, usage)
        usd = self._usd(usage)
        self.left -= usd
        same = answer.strip().upper().startswith("SAME")
        self._results.judge(key, same=same, model=self._choice.model, usd=usd)
        return same

    async def _ask(self, text: str, usage: Usage) -> tuple[str, Usage]:
        chain = await self._models.chain()
        answer = ""
        async for chunk in chain.stream(Prompt(_SYSTEM, (Message(Role.USER, text),), _OUTPUT_TOKENS)):
            answer += chunk.text
            usage = chunk.usage or usage
        return answer, usage

    def _usd(self, usage: Usage) -> float:
        choice = self._choice
        usd, known = cost_of(self._models.prices, choice.provider, choice.model, usage, free=choice.free)
        if not known:
            raise ConfigError(f"judge: the price of {choice.model} is not known: give model.pricesFile")
        return usd

    def _trouble(self, text: str) -> None:
        self._why = text or self._why


def drawn(found: Sequence[Result], most: int) -> list[Result]:
    """The pairs to ask about: those that differ as texts, in an order that only depends on their keys."""
    differ = [one for one in found if one.best is not None and one.best.text.strip() != one.answer]
    return sorted(differ, key=lambda one: hashlib.blake2b(one.key.encode(), digest_size=8).digest())[:most]


def _question(one: Result) -> str:
    assert one.best is not None
    return f"Task:\n{one.intent}\n\nCommand A:\n{one.answer}\n\nCommand B:\n{one.best.text}"
