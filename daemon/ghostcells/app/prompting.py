"""An order for a completion -> the prompt to send, its tokens counted by the model's own tokenizer where there is one.

Counting, redacting and cutting take milliseconds, and tokenizers longer to import, so all of it has a thread of its own.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from ghostcells.app.knowledge import Told
from ghostcells.budget.session import LEAST_TOKENS
from ghostcells.context.prompt import MESSAGE_TOKENS, Allow, Budget, Composed, compose
from ghostcells.domain.exchange import Message, Page, Prompt
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.worker import Worker
from ghostcells.tokens import PRIOR_ROUNDS, Calibration, Measure, counter_for

T = TypeVar("T")


class Terms(msgspec.Struct, frozen=True):
    """For which model, within which bounds, and what may be let out."""

    model: str
    budget: Budget
    allow: Allow
    cache_minimum: int | None = None


class Prompting:
    """`calibration` learns from what providers count, and whoever made this keeps it from one daemon to the next.

    `limits` has the longest prompt for models that found one too long, while the daemon lives: servers are set up anew.
    """

    def __init__(self) -> None:
        self.redactor = Redactor()
        self.calibration = Calibration()
        self.limits: dict[str, int] = {}
        self._uncounted: set[str] = set()
        self._worker = Worker("ghostcells-prompts")

    def compose(self, page: Page, told: Told, terms: Terms) -> Awaitable[Composed]:
        """The prompt; raises NotComposed where there is none to send."""
        redactor, calibration = self.redactor, self.calibration
        limit = min(terms.budget.input_tokens, self.limits.get(terms.model, terms.budget.input_tokens))
        budget = replace(terms.budget, input_tokens=limit)

        def redact(text: str) -> tuple[str, int]:
            found = redactor.redact(text)
            return found.text, found.count

        def work() -> Composed:
            counter = counter_for(terms.model, calibration)
            composed = compose(
                page,
                told.examples,
                told.conventions,
                budget,
                redact,
                terms.allow,
                counter.count,
                exact=counter.exact,
                cache_minimum=terms.cache_minimum,
            )
            return _checked(composed, redactor)

        return self._worker.run(work)

    def run(self, work: Callable[[], T]) -> Awaitable[T]:
        """Other work that is not for the loop."""
        return self._worker.run(work)

    def post(self, work: Callable[[], object]) -> None:
        """As `run`, for what nobody waits for."""
        self._worker.post(lambda: (work(), None)[1])

    def count(self, model: str, text: str) -> int:
        """Tokens of a text, for what no provider has reported; its tokenizer is loaded by then."""
        return counter_for(model, self.calibration).count(text)

    def shorten(self, composed: Composed, model: str) -> bool:
        """The model takes less than was thought, which is remembered; whether a shorter prompt still says anything."""
        limit = max(composed.input_tokens // 2, LEAST_TOKENS)
        if limit >= composed.input_tokens:
            return False
        self.limits[model] = limit
        return True

    def wants_usage(self, composed: Composed, model: str) -> bool:
        """Whether a provider's own count would teach something: the first ones of a model whose tokenizer nobody has."""
        taught = self.calibration.rounds(counter_for(model).key) >= PRIOR_ROUNDS
        return composed.estimated and not taught and model not in self._uncounted

    def observe(self, composed: Composed, model: str, actual: int) -> None:
        """Learn, beside the loop, from what a provider counted of a whole answer; nothing if it does not count."""
        if not actual:
            self._uncounted.add(model)
        if not composed.estimated or not actual:
            return
        texts = (composed.prompt.system, *(message.text for message in composed.prompt.messages))

        def work() -> None:
            counter = counter_for(model)
            whole = sum(map(counter.measure, texts), Measure())
            self.calibration = self.calibration.observe(counter.key, whole, actual - MESSAGE_TOKENS * len(texts))

        self._worker.post(work)

    def close(self) -> None:
        self._worker.close()


def _checked(composed: Composed, redactor: Redactor) -> Composed:
    """Once more over what is sent, whole: a secret may show itself only where pieces have come together."""
    prompt, count = composed.prompt, 0

    def clean(text: str) -> str:
        nonlocal count
        found = redactor.redact(text)
        count += found.count
        return found.text

    messages = tuple(Message(one.role, clean(one.text)) for one in prompt.messages)
    sent = replace(prompt, system=clean(prompt.system), messages=messages)
    return replace(composed, prompt=sent, redactions=composed.redactions + count)


def spoken(prompt: Prompt) -> str:
    """A prompt as it is kept and shown: every message to the letter, under the name of its role."""
    parts = [f"[system]\n{prompt.system}", *(f"[{one.role.value}]\n{one.text}" for one in prompt.messages)]
    return "\n\n".join(parts)
