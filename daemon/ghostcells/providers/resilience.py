"""Asking again, asking another, and not asking for a while: a chain of models behind one stream.

Nothing is asked again once text has been delivered: half an answer cannot be mended. That a prompt is too long for a model
is the caller's to mend, so it is passed on at once, and is trouble only where the caller has tried. Whoever asks by hand has
perhaps just mended something, so a model that is left alone is asked all the same. The SDKs' own silent retries are off.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import cast

import msgspec

from ghostcells.domain.exchange import Chunk, Prompt
from ghostcells.providers.base import ErrorKind, Provider, ProviderError
from ghostcells.providers.breaker import Breaker, BreakerPolicy

_WHOLE_PROVIDER = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TLS, ErrorKind.UNAUTHORIZED})
"""What fails for one model of a provider fails for all; anything else may be this model's trouble alone."""
_NOT_THE_PROVIDER = frozenset({ErrorKind.EMPTY, ErrorKind.TOO_LONG})
"""It works, but this answer is of no use."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """`longest_wait_s` bounds both the backoff and a `retry-after`: beyond it, nobody waits for a suggestion."""

    retries: int = 2
    base_s: float = 0.5
    longest_wait_s: float = 8.0


class Link(msgspec.Struct, frozen=True):
    provider: Provider
    model: str


class Resilient:
    """A chain of models, the preferred one first.

    `on_trouble` is told at the first failed attempt, before any retry, and again only when the trouble changes its kind;
    `on_recovered` when the preferred model has given a whole answer again.
    """

    def __init__(
        self,
        chain: Sequence[Link],
        *,
        on_trouble: Callable[[ProviderError], None],
        on_recovered: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        retries: RetryPolicy | None = None,
        breakers: BreakerPolicy | None = None,
    ) -> None:
        if not chain:
            raise ValueError("a chain has at least one model")
        self._chain = tuple(chain)
        self._on_trouble, self._on_recovered = on_trouble, on_recovered
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._policy = retries or RetryPolicy()
        self._breaker_policy = breakers or BreakerPolicy()
        self._breakers: dict[tuple[int, str | None], Breaker] = {}
        self._trouble: ErrorKind | None = None

    async def stream(
        self, prompt: Prompt, *, using: Callable[[Link], None] | None = None, insist: bool = False, mended: bool = False
    ) -> AsyncIterator[Chunk]:
        """Chunks of the first model that answers; `using` is told each model before it is asked.

        `insist`: ask also a model that is left alone. `mended`: this prompt was shortened already.
        """
        last: ProviderError | None = None
        for link in self._chain:
            attempts = _Attempts(self._policy.retries)
            while attempts.left and (insist or self._allows(link)):
                if using is not None:
                    using(link)
                attempts.begin()
                failure = None
                async with aclosing(self._ask(link, prompt)) as chunks:
                    async for chunk in chunks:
                        if isinstance(chunk, ProviderError):
                            failure = chunk
                            break
                        attempts.delivered = attempts.delivered or bool(chunk.text)
                        yield chunk
                if failure is None:
                    return
                if failure.kind is ErrorKind.CONTEXT_TOO_LONG and mended:
                    self.unmended(failure)
                if attempts.delivered or failure.kind is ErrorKind.CONTEXT_TOO_LONG:
                    raise failure
                last = last or failure
                wait = self._wait(failure, attempts)
                if wait is None:
                    break
                await self._sleep(wait)
        raise last or self._shut()

    def unmended(self, error: ProviderError) -> None:
        """A prompt is too long for a model, and the caller has no shorter one."""
        self._tell(error)

    async def prepare(self) -> None:
        """Let the preferred provider import what it needs ahead of the first request, where it can; failing is told."""
        link = self._chain[0]
        prepare = getattr(link.provider, "prepare", None)
        if prepare is None:
            return
        try:
            await prepare()
        except ProviderError as error:
            self._failed(link, error)

    async def close(self) -> None:
        """Close every provider, one that fails to close included."""
        providers = {id(link.provider): link.provider for link in self._chain}
        await asyncio.gather(*(provider.close() for provider in providers.values()), return_exceptions=True)

    async def _ask(self, link: Link, prompt: Prompt) -> AsyncGenerator[Chunk | ProviderError, None]:
        """One attempt: its chunks, or after them the failure, with the breakers and the status told."""
        failure: ProviderError | None = None
        told = finished = False
        try:
            stream = cast("AsyncGenerator[Chunk, None]", link.provider.stream(link.model, prompt))
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    if chunk.finish is not None:
                        finished = told = True
                        self._worked(link)
                    yield chunk
            if not finished:
                failure = ProviderError(ErrorKind.CUT, f"{link.provider.name} broke off before its answer was whole.")
        except ProviderError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 -- a plugin's mistake must not end suggestions
            failure = ProviderError(
                ErrorKind.SERVER, f"The provider {link.provider.name} failed ({type(error).__name__}).", retryable=False
            )
        finally:
            if failure is not None and not finished:
                told = True
                self._failed(link, failure)
            if not told:
                self._release(link)
        if failure is not None and not finished:
            yield failure

    def _wait(self, failure: ProviderError, attempts: "_Attempts") -> float | None:
        """How long to wait before the same model is asked again; None: not again."""
        if not failure.retryable or not attempts.left:
            return None
        if failure.retry_after_s is not None:
            return failure.retry_after_s if failure.retry_after_s <= self._policy.longest_wait_s else None
        ceiling = min(self._policy.base_s * 2.0 ** (attempts.made - 1), self._policy.longest_wait_s)
        return ceiling * self._jitter()

    def _breaker(self, link: Link, model: str | None) -> Breaker:
        return self._breakers.setdefault((id(link.provider), model), Breaker(self._breaker_policy))

    def _both(self, link: Link) -> tuple[Breaker, Breaker]:
        return self._breaker(link, None), self._breaker(link, link.model)

    def _allows(self, link: Link) -> bool:
        now = self._clock()
        provider, model = self._both(link)
        if not provider.allows(now):
            return False
        if model.allows(now):
            return True
        provider.released()
        return False

    def _worked(self, link: Link) -> None:
        for breaker in self._both(link):
            breaker.succeeded()
        if link is self._chain[0] and self._trouble is not None:
            self._trouble = None
            self._on_recovered()

    def _failed(self, link: Link, error: ProviderError) -> None:
        counted = error.kind not in _NOT_THE_PROVIDER and error.kind is not ErrorKind.CONTEXT_TOO_LONG
        if counted:
            self._breaker(link, None if error.kind in _WHOLE_PROVIDER else link.model).failed(error, self._clock())
        self._release(link)
        if error.kind is not ErrorKind.CONTEXT_TOO_LONG:
            self._tell(error)

    def _tell(self, error: ProviderError) -> None:
        if self._trouble is not error.kind:
            self._trouble = error.kind
            self._on_trouble(error)

    def _release(self, link: Link) -> None:
        for breaker in self._both(link):
            breaker.released()

    def _shut(self) -> ProviderError:
        """Nobody was asked: what the preferred model failed with, and when it is tried again."""
        now = self._clock()
        shut = [breaker for link in self._chain for breaker in self._both(link) if breaker.error is not None]
        wait = min((breaker.left(now) for breaker in shut), default=0.0)
        error = shut[0].error if shut else None
        kind = error.kind if error else ErrorKind.SERVER
        message = error.message if error else "Another request is finding out whether the model works again."
        return ProviderError(kind, message, retryable=False, retry_after_s=wait)


class _Attempts:
    """Those made at one model for one prompt."""

    def __init__(self, retries: int) -> None:
        self.left = retries + 1
        self.made = 0
        self.delivered = False

    def begin(self) -> None:
        self.left -= 1
        self.made += 1
