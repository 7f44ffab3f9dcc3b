"""Retries, the circuit breaker, the chain, and what the status is told; no time passes in these tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.exchange import Chunk, Finish, Prompt
from ghostcells.providers.base import ErrorKind, ProviderError
from ghostcells.providers.breaker import Breaker, BreakerPolicy
from ghostcells.providers.resilience import Link, Resilient, RetryPolicy
from tests.providers.wires import PROMPT, collect_into, text_of

pytestmark = pytest.mark.asyncio

WHOLE = [Chunk(text="ls"), Chunk(finish=Finish.STOP)]


def fails(kind: ErrorKind = ErrorKind.SERVER, *, after: str = "", wait: float | None = None) -> list[Chunk | Exception]:
    chunks: list[Chunk | Exception] = [Chunk(text=after)] if after else []
    return [*chunks, ProviderError(kind, f"{kind}.", retry_after_s=wait)]


class Scripted:
    """Plays one list a request, the last for ever."""

    def __init__(self, name: str, *answers: Sequence[Chunk | Exception]) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked: list[str] = []
        self.closed = 0

    async def stream(self, model: str, prompt: Prompt) -> AsyncIterator[Chunk]:
        self.asked.append(model)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            for step in answer:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.closed += 1

    async def close(self) -> None:
        return


class World:
    """A chain with its clock, its sleeps and what it reports."""

    def __init__(self, *chain: Scripted, models: tuple[str, ...] = (), jitter: float = 0.5) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []
        self.told: list[str] = []
        names = models or ("m",) * len(chain)
        self.resilient = Resilient(
            [Link(provider, model) for provider, model in zip(chain, names, strict=True)],
            on_trouble=lambda error: self.told.append(str(error.kind)),
            on_recovered=lambda: self.told.append("recovered"),
            clock=lambda: self.now,
            sleep=self.sleep,
            jitter=lambda: jitter,
        )

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    async def ask(self) -> str:
        return "".join([chunk.text async for chunk in self.resilient.stream(PROMPT)])

    async def fail(self) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await self.ask()
        return caught.value


async def test_a_failure_that_may_pass_is_retried_twice_with_growing_jittered_waits() -> None:
    provider = Scripted("p", fails(), fails(), WHOLE)
    world = World(provider)
    assert await world.ask() == "ls"
    assert world.sleeps == [0.25, 0.5]
    assert len(provider.asked) == 3


async def test_the_third_failure_is_the_last() -> None:
    provider = Scripted("p", fails())
    assert (await World(provider).fail()).kind is ErrorKind.SERVER
    assert len(provider.asked) == 3


async def test_trouble_is_told_before_the_first_retry_and_recovery_after_a_whole_answer() -> None:
    provider = Scripted("p", fails(), WHOLE)
    world = World(provider)
    told_at_sleep = []

    async def sleep(seconds: float) -> None:
        told_at_sleep.append(list(world.told))

    world.resilient._sleep = sleep
    await world.ask()
    assert told_at_sleep == [["server"]]
    assert world.told == ["server", "recovered"]


async def test_the_same_trouble_is_told_once_and_another_kind_again() -> None:
    provider = Scripted("p", fails(), fails(), fails(), fails(ErrorKind.EMPTY), WHOLE)
    world = World(provider)
    await world.fail()
    await world.fail()
    await world.ask()
    assert world.told == ["server", "empty", "recovered"]


@pytest.mark.parametrize("kind", [ErrorKind.UNAUTHORIZED, ErrorKind.NO_MODEL, ErrorKind.GARBAGE, ErrorKind.EMPTY])
async def test_what_will_not_pass_is_not_retried(kind: ErrorKind) -> None:
    provider = Scripted("p", fails(kind))
    world = World(provider)
    assert (await world.fail()).kind is kind
    assert (len(provider.asked), world.sleeps) == (1, [])


async def test_nothing_is_asked_again_once_text_was_delivered() -> None:
    first, second = Scripted("a", fails(ErrorKind.CUT, after="kubectl")), Scripted("b", WHOLE)
    world = World(first, second)
    seen: list[Chunk] = []
    with pytest.raises(ProviderError):
        await collect_into(seen, world.resilient.stream(PROMPT))
    assert text_of(seen) == "kubectl"
    assert (len(first.asked), len(second.asked)) == (1, 0)


async def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    world = World(Scripted("p", fails(ErrorKind.RATE_LIMITED, wait=3.0), WHOLE))
    assert await world.ask() == "ls"
    assert world.sleeps == [3.0]


async def test_a_wait_beyond_the_bound_goes_to_the_next_model_and_is_kept_meanwhile() -> None:
    limited = Scripted("a", fails(ErrorKind.RATE_LIMITED, wait=60.0), WHOLE)
    world = World(limited, Scripted("b", WHOLE))
    assert await world.ask() == "ls"
    world.now += 59
    assert await world.ask() == "ls"
    assert (len(limited.asked), world.sleeps) == (1, [])
    world.now += 2
    await world.ask()
    assert len(limited.asked) == 2


async def test_a_prompt_that_is_too_long_is_the_callers_and_no_trouble() -> None:
    first, second = Scripted("a", fails(ErrorKind.CONTEXT_TOO_LONG)), Scripted("b", WHOLE)
    world = World(first, second)
    assert (await world.fail()).kind is ErrorKind.CONTEXT_TOO_LONG
    assert (world.told, second.asked) == ([], [])


async def test_the_second_model_answers_and_the_caller_is_told_which() -> None:
    shared = Scripted("p", fails(ErrorKind.NO_MODEL), WHOLE)
    world = World(shared, shared, models=("gone", "there"))
    used: list[str] = []
    stream = world.resilient.stream(PROMPT, using=lambda link: used.append(link.model))
    assert "".join([chunk.text async for chunk in stream]) == "ls"
    assert used == ["gone", "there"]
    assert world.told == ["no-model"]


async def test_where_all_fail_the_preferred_models_error_is_raised() -> None:
    world = World(Scripted("a", fails(ErrorKind.UNAUTHORIZED)), Scripted("b", fails(ErrorKind.NO_MODEL)))
    assert (await world.fail()).kind is ErrorKind.UNAUTHORIZED


async def test_a_key_that_is_refused_is_not_tried_at_every_rest() -> None:
    provider = Scripted("p", fails(ErrorKind.UNAUTHORIZED), WHOLE)
    world = World(provider)
    await world.fail()
    shut = await world.fail()
    assert (shut.kind, shut.retryable, shut.retry_after_s) == (ErrorKind.UNAUTHORIZED, False, 30.0)
    assert len(provider.asked) == 1
    world.now += 30
    assert await world.ask() == "ls"
    assert world.told == ["unauthorized", "recovered"]


async def test_what_fails_for_one_model_shuts_out_that_model_alone() -> None:
    shared = Scripted("p", fails(ErrorKind.NO_MODEL), WHOLE)
    world = World(shared, shared, models=("gone", "there"))
    for _ in range(3):
        assert await world.ask() == "ls"
    assert shared.asked == ["gone", "there", "there", "there"]


async def test_an_unreachable_provider_is_shut_out_whole() -> None:
    shared = Scripted("p", fails(ErrorKind.UNREACHABLE))
    world = World(shared, shared, models=("one", "two"))
    await world.fail()
    await world.fail()
    assert len(shared.asked) == 5


async def test_a_plugin_that_raises_anything_is_an_error_like_others() -> None:
    world = World(Scripted("plugin", [ZeroDivisionError("sk-secret")]), Scripted("b", WHOLE))
    assert await world.ask() == "ls"
    assert world.told == ["server"]


async def test_a_plugin_that_ends_without_finish_is_cut() -> None:
    assert (await World(Scripted("plugin", [Chunk(text="")])).fail()).kind is ErrorKind.CUT


async def test_cancelling_closes_the_provider_stream_and_counts_as_nothing() -> None:
    class Hanging(Scripted):
        async def stream(self, model: str, prompt: Prompt) -> AsyncIterator[Chunk]:
            try:
                yield Chunk(text="k")
                await asyncio.Event().wait()
            finally:
                self.closed += 1

    provider = Hanging("p", WHOLE)
    world = World(provider)
    task = asyncio.ensure_future(world.ask())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), provider.closed, world.told) == (True, 1, [])


async def test_leaving_after_the_first_chunk_closes_the_provider_stream() -> None:
    provider = Scripted("p", WHOLE)
    stream = World(provider).resilient.stream(PROMPT)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert provider.closed == 1


async def test_what_cannot_be_prepared_is_told_before_anybody_asks() -> None:
    class Unprepared(Scripted):
        async def prepare(self) -> None:
            raise ProviderError(ErrorKind.UNAUTHORIZED, "There is no key.")

    world = World(Unprepared("p", WHOLE))
    await world.resilient.prepare()
    assert world.told == ["unauthorized"]
    await World(Scripted("p", WHOLE)).resilient.prepare()


def error(kind: ErrorKind = ErrorKind.SERVER) -> ProviderError:
    return ProviderError(kind, "It failed.")


class TestBreaker:
    async def test_it_opens_after_failures_in_a_row(self) -> None:
        breaker = Breaker(BreakerPolicy(threshold=3))
        for _ in range(2):
            breaker.failed(error(), 0)
        assert breaker.allows(0)
        breaker.failed(error(), 0)
        assert not breaker.allows(4.9)

    async def test_one_request_finds_out_and_the_others_wait(self) -> None:
        breaker = Breaker(BreakerPolicy(threshold=1))
        breaker.failed(error(), 0)
        assert breaker.allows(5)
        assert not breaker.allows(5)
        breaker.released()
        assert breaker.allows(5)
        breaker.succeeded()
        assert breaker.allows(5)
        assert breaker.allows(5)

    async def test_each_failed_trial_doubles_the_time_up_to_a_bound(self) -> None:
        breaker = Breaker(BreakerPolicy(threshold=1, first_s=5, longest_s=30))
        now, waits = 0.0, []
        for _ in range(5):
            breaker.failed(error(), now)
            waits.append(breaker.left(now))
            now += waits[-1]
            assert breaker.allows(now)
        assert waits == [5, 10, 20, 30, 30]

    @given(st.lists(st.sampled_from(["ask", "fail", "work", "release", "wait"]), max_size=40))
    async def test_it_never_shuts_for_good(self, steps: list[str]) -> None:
        breaker, now = Breaker(BreakerPolicy(threshold=2)), 0.0
        for step in steps:
            match step:
                case "ask":
                    breaker.allows(now)
                case "fail":
                    breaker.failed(error(), now)
                case "work":
                    breaker.succeeded()
                case "release":
                    breaker.released()
                case _:
                    now += 3
        breaker.released()
        assert breaker.allows(now + 300)


@given(st.floats(0, 1), st.integers(0, 6))
async def test_no_wait_is_longer_than_the_bound(jitter: float, failures: int) -> None:
    world = World(Scripted("p", *([fails()] * (failures or 1)), WHOLE), jitter=jitter)
    world.resilient._policy = RetryPolicy(retries=6, base_s=1, longest_wait_s=4)
    world.resilient._breaker_policy = BreakerPolicy(threshold=99)
    await world.ask()
    assert all(0 <= wait <= 4 for wait in world.sleeps)


async def test_who_asks_by_hand_reaches_a_model_that_is_left_alone() -> None:
    """A key may just have been mended, and nobody waits for half a minute to see."""
    provider = Scripted("p", fails(ErrorKind.UNAUTHORIZED), WHOLE)
    world = World(provider)
    await world.fail()
    await world.fail()
    assert len(provider.asked) == 1, "it is left alone"
    assert text_of([chunk async for chunk in world.resilient.stream(PROMPT, insist=True)]) == "ls"
    assert world.told == ["unauthorized", "recovered"]
    assert await world.ask() == "ls"


@pytest.mark.parametrize(("mended", "told"), [(False, []), (True, ["context-too-long", "recovered"])])
async def test_a_prompt_too_long_is_trouble_only_where_it_was_shortened_already(
    told: list[str],
    mended: bool,  # noqa: FBT001 -- a row of the table
) -> None:
    provider = Scripted("p", fails(ErrorKind.CONTEXT_TOO_LONG), WHOLE)
    world = World(provider)
    with pytest.raises(ProviderError):
        await collect_into([], world.resilient.stream(PROMPT, mended=mended))
    assert len(provider.asked) == 1, "the same is not asked again"
    await world.ask()
    assert world.told == told
