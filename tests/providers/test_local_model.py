"""The whole path to a real model: llama.cpp's own server, a small model, the real SDK. Both come as packages.

What this model says is worth nothing; that it can be asked, streamed from and interrupted is the point.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from typing import cast

import pytest

from ghostcells.domain.exchange import Chunk, Finish, Message, Prompt, Role
from ghostcells.providers import openai
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.trial import llama
from tests.providers.wires import text_of

ASKED = Prompt(
    system="You answer with one shell command in a fence.",
    messages=(Message(Role.USER, "List the files of this directory."),),
    max_output_tokens=24,
)
pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    model = llama.weights()
    if model is None:
        pytest.skip(f"no model on this computer: {llama.HINT}")
    with llama.serving(model) as url:
        yield url


def provider_at(base_url: str) -> openai.OpenAIProvider:
    return openai.create(ProviderConfig(base_url=base_url, read_s=60, total_s=90))


async def test_it_streams_a_whole_answer_with_its_usage(base_url: str) -> None:
    provider = provider_at(base_url)
    begun = time.perf_counter()
    times: list[float] = []
    chunks: list[Chunk] = []
    async for chunk in provider.stream("smollm2", ASKED):
        times.append(time.perf_counter() - begun)
        chunks.append(chunk)
    await provider.close()
    assert text_of(chunks).strip()
    assert len(chunks) > 3, "it came as a stream"
    assert times[-1] > times[0]
    assert chunks[-1].finish in (Finish.STOP, Finish.LENGTH)
    assert chunks[-1].usage is not None
    assert 0 < chunks[-1].usage.output_tokens <= ASKED.max_output_tokens
    print(f"\nfirst text {times[0]:.2f} s, {len(chunks)} chunks in {times[-1]:.2f} s, {chunks[-1].usage}")
    print(repr(text_of(chunks)))


async def test_closing_a_stream_frees_the_server_for_the_next(base_url: str) -> None:
    """A long answer is left after its first chunk; were it still computed, the short one would share the processor."""
    provider = provider_at(base_url)
    long = Prompt(system="", messages=(Message(Role.USER, "Write a long story."),), max_output_tokens=1500)
    for _ in range(3):
        stream = cast("AsyncGenerator[Chunk, None]", provider.stream("smollm2", long))
        await anext(stream)
        await stream.aclose()
    async with asyncio.timeout(60):
        chunks = [chunk async for chunk in provider.stream("smollm2", ASKED)]
    await provider.close()
    assert chunks[-1].finish is not None


async def test_a_prompt_beyond_its_context_is_told_apart(base_url: str) -> None:
    provider = provider_at(base_url)
    huge = Prompt(system="", messages=(Message(Role.USER, "kubectl get pods " * 4000),), max_output_tokens=8)
    with pytest.raises(ProviderError) as caught:
        _ = [chunk async for chunk in provider.stream("smollm2", huge)]
    await provider.close()
    assert caught.value.kind is ErrorKind.CONTEXT_TOO_LONG
