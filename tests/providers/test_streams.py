"""Whole answers: what is asked, what comes back, and what is kept between requests."""

import asyncio

import pytest

from ghostcells.domain.exchange import Chunk, Finish, Usage
from ghostcells.providers import openai, transport
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError, SecretKey
from tests.providers.server import FaultServer, Talk, until_gone
from tests.providers.wires import (
    CHAT,
    FORMATS,
    KEY,
    MESSAGES,
    MODEL,
    WIRES,
    Wire,
    block_start,
    block_stop,
    block_text,
    choice,
    collect,
    event,
    message_end,
    message_start,
    prompt,
    text_of,
)

pytestmark = pytest.mark.asyncio
every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_format = pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)


@every_wire
async def test_text_arrives_as_it_is_sent_and_the_last_chunk_has_finish_and_usage(wire: Wire) -> None:
    received: list[str] = []
    taken = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("kubectl "))
        await taken.wait()
        await talk.piece(wire.text("get pods") + wire.closing)
        await talk.end()

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        chunks: list[Chunk] = []
        async for chunk in provider.stream(MODEL, prompt()):
            chunks.append(chunk)
            received.append(chunk.text)
            taken.set()
        await provider.close()
    assert received[0] == "kubectl "
    assert text_of(chunks) == "kubectl get pods"
    assert [chunk.finish for chunk in chunks if chunk.finish] == [Finish.STOP]
    assert chunks[-1].usage == Usage(input_tokens=11, output_tokens=3, cache_read_tokens=8)


@every_wire
async def test_one_client_and_one_connection_serve_all_requests(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    build = transport.http_client

    def counted(config: ProviderConfig, url: str) -> object:
        built.append(url)
        return build(config, url)

    monkeypatch.setattr(transport, "http_client", counted)

    async def script(talk: Talk) -> None:
        await talk.stream(*wire.answer("ok"))

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        await asyncio.gather(provider.prepare(), provider.prepare())  # type: ignore[attr-defined]
        for _ in range(20):
            assert text_of(await collect(provider)) == "ok"
        await provider.close()
        assert (len(built), server.connections) == (1, 1)


@every_format
async def test_events_may_be_split_anywhere(wire: Wire) -> None:
    whole = b"".join(wire.answer("naïve ", "\N{GRINNING FACE}")).replace(b"\n", b"\r\n")

    async def script(talk: Talk) -> None:
        await talk.stream(*(whole[at : at + 1] for at in range(len(whole))))

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        assert text_of(await collect(provider)) == "naïve \N{GRINNING FACE}"
        await provider.close()


async def test_a_server_may_send_no_usage_and_no_done() -> None:
    """Compatible servers leave out either; the reason to finish is enough."""

    async def script(talk: Talk) -> None:
        await talk.stream(CHAT.text("ls"), choice(delta={}, finish_reason="stop"))

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        chunks = await collect(provider)
        await provider.close()
    assert chunks == [Chunk(text="ls"), Chunk(finish=Finish.STOP)]


async def test_done_alone_ends_an_answer_and_keep_alives_are_passed_over() -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(b": PROCESSING\n\ndata: \n\n", CHAT.text("ls"), b"data: [DONE]\n")

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        assert (await collect(provider))[-1].finish is Finish.STOP
        await provider.close()


@pytest.mark.parametrize(
    ("reason", "finish"), [("length", Finish.LENGTH), ("content_filter", Finish.REFUSED), ("odd", Finish.STOP)]
)
async def test_why_a_chat_stopped(reason: str, finish: Finish) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(CHAT.text("ls"), choice(delta={}, finish_reason=reason), b"data: [DONE]\n\n")

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        assert (await collect(provider))[-1].finish is finish
        await provider.close()


async def test_a_chat_that_refuses_in_a_field_of_its_own_is_refused() -> None:
    async def script(talk: Talk) -> None:
        refusal = choice(delta={"refusal": "I cannot help with that."})
        await talk.stream(refusal, choice(delta={}, finish_reason="stop"), b"data: [DONE]\n\n")

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        assert await collect(provider) == [Chunk(finish=Finish.REFUSED)]
        await provider.close()


async def test_a_refusal_without_text_is_an_answer() -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(message_start(), block_start(), block_stop(), message_end("refusal"))

    async with FaultServer(script) as server:
        provider = MESSAGES.provider(server.url)
        assert [chunk.finish for chunk in await collect(provider)] == [Finish.REFUSED]
        await provider.close()


async def test_unknown_events_and_blocks_of_claude_are_passed_over() -> None:
    thinking = event(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "hm"})
    news = event(type="weather", delta={"text": "rain"}) + event(type="ping")

    async def script(talk: Talk) -> None:
        body = (block_start(), thinking, block_stop(), news, block_start(1), block_text("ls", 1), block_stop(1))
        await talk.stream(message_start(), *body, message_end())

    async with FaultServer(script) as server:
        provider = MESSAGES.provider(server.url)
        assert text_of(await collect(provider)) == "ls"
        await provider.close()


async def test_the_prefix_is_marked_for_caching_only_when_asked() -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(*MESSAGES.answer("ok"))

    async with FaultServer(script) as server:
        provider = MESSAGES.provider(server.url)
        await collect(provider, prompt(cache_system=False))
        await collect(provider, prompt(cache_system=True, stop=("END",)))
        await provider.close()
    plain, cached = (request.body for request in server.requests)
    assert plain["system"] == [{"type": "text", "text": "Suggest a command."}]
    assert cached["system"] == [{"type": "text", "text": "Suggest a command.", "cache_control": {"type": "ephemeral"}}]
    assert cached["stop_sequences"] == ["END"]
    assert b"cache_control" not in str(cached["messages"]).encode()


@every_wire
async def test_what_a_request_tells_of_this_computer_is_nothing(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(*wire.answer("ok"))

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        await collect(provider)
        await provider.close()
    told = {name for name in server.requests[0].headers if name.startswith("x-stainless")}
    assert told <= {"x-stainless-retry-count", "x-stainless-read-timeout", "x-stainless-timeout"}


async def test_a_compatible_server_needs_no_key_and_is_sent_none() -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(*CHAT.answer("ok"))

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url, key=None)
        await collect(provider)
        await provider.close()
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("wire", [CHAT, MESSAGES, WIRES[2]], ids=lambda wire: wire.name)
async def test_without_a_key_nothing_is_sent(wire: Wire) -> None:
    provider = wire.create(ProviderConfig(base_url="https://api.openai.com/v1"))
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    await provider.close()
    assert caught.value.kind is ErrorKind.UNAUTHORIZED
    assert "_API_KEY" in caught.value.message


async def test_azure_addresses_a_deployment_with_a_version() -> None:
    azure = WIRES[2]

    async def script(talk: Talk) -> None:
        await talk.stream(*azure.answer("ok"))

    async with FaultServer(script) as server:
        provider = azure.provider(server.url, deployment="mine", api_version="2024-06-01")
        await collect(provider)
        await provider.close()
    request = server.requests[0]
    assert request.path == "/openai/deployments/mine/chat/completions?api-version=2024-06-01"
    assert request.headers["api-key"] == KEY


def refuse(field: str, *, by_param: bool = True) -> bytes:
    param = f'"{field}"' if by_param else "null"
    message = f"Unsupported parameter: '{field}' is not supported with this model."
    return f'{{"error": {{"message": "{message}", "param": {param}, "code": "unsupported_parameter"}}}}'.encode()


async def test_fields_that_a_server_refuses_are_left_out_from_then_on() -> None:
    """It is asked again at once, and the next request is right the first time."""
    unwanted = ["stream_options", "max_tokens", "temperature", "stop"]

    async def script(talk: Talk) -> None:
        wrong = [field for field in unwanted if field in talk.request.body]
        if wrong:
            await talk.error(400, refuse(wrong[0], by_param=wrong[0] == "stop"))
        else:
            await talk.stream(*CHAT.answer("ls", " -E", "ND of it"))

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        for _ in range(2):
            chunks = await collect(provider, prompt(stop=("END",)))
            assert (text_of(chunks), chunks[-1].finish) == ("ls -", Finish.STOP)
        await provider.close()
    assert len(server.requests) == 6
    assert server.requests[-1].body["max_completion_tokens"] == 100


async def test_thinking_is_switched_off_where_a_model_begins_by_itself() -> None:
    async def script(talk: Talk) -> None:
        if talk.request.body.get("reasoning_effort") == "none":
            await talk.error(400, refuse("reasoning_effort"))
        else:
            await talk.stream(*WIRES[2].answer("ok"))

    async with FaultServer(script) as server:
        provider = WIRES[2].provider(server.url)
        await collect(provider, model="gpt-5-nano")
        await collect(provider, model="gpt-4o")
        await provider.close()
    assert [request.body.get("reasoning_effort") for request in server.requests] == ["none", "minimal", None]


async def test_a_claude_that_must_think_thinks_little() -> None:
    async def script(talk: Talk) -> None:
        if "thinking" in talk.request.body:
            await talk.error(400, MESSAGES.error("invalid_request_error", "thinking: cannot be disabled"))
        else:
            await talk.stream(*MESSAGES.answer("ok"))

    async with FaultServer(script) as server:
        provider = MESSAGES.provider(server.url)
        await collect(provider)
        await provider.close()
    assert server.requests[-1].body["output_config"] == {"effort": "low"}


async def test_a_refusal_that_never_ends_ends() -> None:
    async def script(talk: Talk) -> None:
        await talk.error(400, refuse("temperature", by_param=False).replace(b"temperature", b"max_tokens"))

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        with pytest.raises(ProviderError) as caught:
            await collect(provider)
        await provider.close()
    assert caught.value.kind is ErrorKind.MISCONFIGURED
    assert len(server.requests) < 9


async def test_a_proxy_of_the_environment_is_used_but_not_for_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_proxy(talk: Talk) -> None:
        await talk.stream(*CHAT.answer("by proxy"))

    async def direct(talk: Talk) -> None:
        await talk.stream(*CHAT.answer("direct"))

    async with FaultServer(as_proxy) as proxy, FaultServer(direct) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for variable in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(variable, raising=False)
        near, far = CHAT.provider(server.url), CHAT.provider("http://model.invalid")
        assert text_of(await collect(near)) == "direct"
        assert text_of(await collect(far)) == "by proxy"
        await near.close()
        await far.close()
        assert proxy.requests[0].path == "http://model.invalid/v1/chat/completions"


async def test_a_missing_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openai", None)
    provider = openai.create(ProviderConfig(key=SecretKey(KEY)))
    with pytest.raises(ProviderError, match="pip install"):
        await provider.prepare()


@every_format
async def test_closing_a_provider_closes_its_connections(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(*wire.answer("ok"))

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        await collect(provider)
        await provider.close()
        await server.all_gone()


async def test_an_iterator_that_is_merely_left_is_closed_at_the_deadline() -> None:
    """Nothing else could end it while something still refers to it: it would go on being billed."""

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(CHAT.opening + CHAT.text("kubectl"))
        await until_gone(talk)

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url, total_s=0.2)
        stream = provider.stream(MODEL, prompt())
        async for _ in stream:
            break
        await server.all_gone()
        with pytest.raises(ProviderError) as caught:
            await anext(stream)
        assert caught.value.kind is ErrorKind.TIMEOUT
        await provider.close()


async def test_a_chat_that_says_its_end_twice_has_one_end() -> None:
    """Nothing after the first end counts, not even the same end once more."""

    async def script(talk: Talk) -> None:
        await talk.stream(*CHAT.answer("kubectl", " get"), CHAT.closing)

    async with FaultServer(script) as server:
        provider = CHAT.provider(server.url)
        chunks = await collect(provider)
        await provider.close()
    assert text_of(chunks) == "kubectl get"
    assert [chunk.finish for chunk in chunks if chunk.finish] == [Finish.STOP]
    assert [chunk.usage.input_tokens for chunk in chunks if chunk.usage] == [11]
