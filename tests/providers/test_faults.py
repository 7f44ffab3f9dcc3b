"""Every way in which a server can fail, done by a real server to the real SDKs, in every wire format."""

import asyncio
import logging
import socket
import ssl
import subprocess
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from ghostcells.domain.exchange import Chunk, Finish
from ghostcells.providers.base import ErrorKind, ProviderError
from tests.providers.server import FaultServer, Script, Talk, closed_port, until_gone
from tests.providers.wires import (
    CHAT,
    FORMATS,
    KEY,
    MESSAGES,
    MODEL,
    PROMPT,
    WIRES,
    Wire,
    block_start,
    block_stop,
    block_text,
    choice,
    collect,
    collect_into,
    message_end,
    message_start,
    text_of,
)

pytestmark = pytest.mark.asyncio
every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_format = pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.name)


async def failing(wire: Wire, script: Script, **config: object) -> ProviderError:
    """What the provider raises for such a server, which must see its connection closed."""
    async with FaultServer(script) as server:
        provider = wire.provider(server.url, **config)
        try:
            with pytest.raises(ProviderError) as caught:
                await collect(provider)
        finally:
            await provider.close()
        await server.all_gone()
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.message.endswith((".", '"')) or "It says" in caught.value.message
    return caught.value


@every_wire
async def test_a_refused_connection_is_unreachable(wire: Wire) -> None:
    provider = wire.provider(f"http://127.0.0.1:{await closed_port()}")
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    await provider.close()
    assert caught.value.kind is ErrorKind.UNREACHABLE
    assert caught.value.retryable
    assert "refused" in caught.value.message


@every_wire
async def test_a_name_that_does_not_resolve_is_unreachable(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    provider = wire.provider("http://model.invalid", use_proxies=False)
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    await provider.close()
    assert caught.value.kind is ErrorKind.UNREACHABLE
    assert "model.invalid" in caught.value.message
    assert "not known" in caught.value.message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the loopback that nobody has signed, its key behind it."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
        f"-keyout {path} -out {path}.crt"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    crt = path.with_name(path.name + ".crt")
    path.write_text(path.read_text() + crt.read_text())
    return path


@every_format
async def test_a_certificate_that_nobody_signed_is_a_tls_error_until_it_is_trusted(
    wire: Wire, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def whole(talk: Talk) -> None:
        await talk.stream(*wire.answer("ok"))

    async with FaultServer(whole, context) as server:
        trusting = wire.provider(server.url, ca_file=str(certificate) + ".crt")
        assert text_of(await collect(trusting)) == "ok"
        await trusting.close()
        provider = wire.provider(server.url)
        with pytest.raises(ProviderError) as caught:
            await collect(provider)
        await provider.close()
    assert caught.value.kind is ErrorKind.TLS
    assert not caught.value.retryable
    assert "SSL_CERT_FILE" in caught.value.message


@every_format
async def test_a_tls_connection_that_breaks_amid_the_answer_is_cut(wire: Wire, certificate: Path) -> None:
    """OpenSSL calls that an error of TLS, but nothing is wrong with the certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("kubectl"))
        talk.abort()

    async with FaultServer(script, context) as server:
        provider = wire.provider(server.url, ca_file=str(certificate) + ".crt")
        with pytest.raises(ProviderError) as caught:
            await collect(provider)
        await provider.close()
    assert caught.value.kind is ErrorKind.CUT


@every_format
async def test_https_to_a_server_without_it_is_told_as_such(wire: Wire) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        provider = wire.provider(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(ProviderError) as caught:
            await collect(provider)
        await provider.close()
    assert caught.value.kind is ErrorKind.TLS
    assert "http://" in caught.value.message


async def hang_before_headers(talk: Talk) -> None:
    await until_gone(talk)


def hang_after(wire: Wire) -> Script:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("kubectl"))
        await until_gone(talk)

    return script


def drip(wire: Wire) -> Script:
    """A byte at a time, always sooner than a read time-out."""

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening)
        while not talk.gone.is_set():
            await talk.piece(b":\n")
            await asyncio.sleep(0.01)

    return script


@every_wire
async def test_a_server_that_never_answers_times_out(wire: Wire) -> None:
    error = await failing(wire, hang_before_headers, read_s=0.1)
    assert (error.kind, error.retryable) == (ErrorKind.TIMEOUT, True)


@every_wire
async def test_a_server_that_falls_silent_times_out(wire: Wire) -> None:
    assert (await failing(wire, hang_after(wire), read_s=0.1)).kind is ErrorKind.TIMEOUT


@every_wire
async def test_a_slow_drip_ends_at_the_total_deadline(wire: Wire) -> None:
    error = await failing(wire, drip(wire), read_s=5.0, total_s=0.3)
    assert error.kind is ErrorKind.TIMEOUT
    assert "0.3 s" in error.message


@every_wire
async def test_a_deadline_before_the_headers_counts_too(wire: Wire) -> None:
    assert (await failing(wire, hang_before_headers, read_s=5.0, total_s=0.2)).kind is ErrorKind.TIMEOUT


@every_wire
async def test_a_connection_cut_amid_a_chunk_is_cut(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("kubectl"))
        await talk.raw(b"ff\r\ndata: {")
        talk.close()

    assert (await failing(wire, script)).kind is ErrorKind.CUT


@every_wire
async def test_a_clean_end_without_the_terminating_event_is_cut(wire: Wire) -> None:
    """The SDKs take it for success, and half a command would be shown as a whole one."""

    async def script(talk: Talk) -> None:
        await talk.stream(wire.opening, wire.text("rm -rf ./bui"))

    error = await failing(wire, script)
    assert (error.kind, error.retryable) == (ErrorKind.CUT, True)


@every_format
async def test_an_end_amid_an_event_is_cut(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(wire.opening, wire.text("kubectl")[:-9])

    assert (await failing(wire, script)).kind is ErrorKind.CUT


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"data: {nonsense\n\n", id="no JSON"),
        pytest.param(b"data: 42\n\n", id="no object"),
        pytest.param(b'data: {"type": 7, "choices": 7}\n\n', id="wrong types"),
        pytest.param(b"data: " + b"[" * 100_000 + b"\n\n", id="deep"),
        pytest.param(
            b'data: {"type": "content_block_delta", "choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n', id="utf8"
        ),
        pytest.param(b'data: {"type": "x", "choices": [{"delta": {"content": "\\ud800"}}]}\n\n', id="surrogate"),
    ],
)
@every_format
async def test_what_cannot_be_read_is_garbage(wire: Wire, data: bytes) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(wire.opening, data, wire.closing)

    assert (await failing(wire, script)).kind is ErrorKind.GARBAGE


TOO_LONG = {
    "openai": ("context_length_exceeded", "This model's maximum context length is 128000 tokens."),
    "anthropic": ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    "azure": ("context_length_exceeded", "Please reduce the length of the messages."),
    "ollama": ("exceed_context_size_error", "the request exceeds the available context size"),
}
STATUSES = [
    pytest.param(401, "authentication_error", ErrorKind.UNAUTHORIZED, False, id="401"),
    pytest.param(403, "permission_error", ErrorKind.FORBIDDEN, False, id="403"),
    pytest.param(404, "not_found_error", ErrorKind.NO_MODEL, False, id="404"),
    pytest.param(400, "invalid_request_error", ErrorKind.MISCONFIGURED, False, id="400"),
    pytest.param(429, "rate_limit_error", ErrorKind.RATE_LIMITED, True, id="429"),
    pytest.param(429, "insufficient_quota", ErrorKind.RATE_LIMITED, False, id="429-no-credit"),
    pytest.param(500, "api_error", ErrorKind.SERVER, True, id="500"),
    pytest.param(503, "api_error", ErrorKind.OVERLOADED, True, id="503"),
    pytest.param(529, "overloaded_error", ErrorKind.OVERLOADED, True, id="529"),
    pytest.param(302, "moved", ErrorKind.MISCONFIGURED, False, id="302"),
]


@every_wire
async def test_a_prompt_beyond_the_context_is_told_apart(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.error(400, wire.error(*TOO_LONG[wire.name]))

    error = await failing(wire, script)
    assert (error.kind, error.retryable) == (ErrorKind.CONTEXT_TOO_LONG, False)


@pytest.mark.parametrize(("status", "code", "kind", "retryable"), STATUSES)
@every_wire
async def test_an_error_status_has_its_kind(
    wire: Wire,
    status: int,
    code: str,
    kind: ErrorKind,
    retryable: bool,  # noqa: FBT001 -- a row of the table
) -> None:
    """Each request is sent once: the SDKs' own retries are off."""
    asked = []

    async def script(talk: Talk) -> None:
        asked.append(talk)
        await talk.error(status, wire.error(code, "It does not work"), location="http://elsewhere.invalid/")

    error = await failing(wire, script)
    assert (error.kind, error.retryable, error.retry_after_s) == (kind, retryable, None)
    assert "It does not work" in error.message
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param({"retry_after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry_after_ms": "1500"}, 1.5, id="milliseconds"),
        pytest.param({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0, id="a date, gone by"),
        pytest.param({"retry_after": "soon"}, None, id="nonsense"),
        pytest.param({"retry_after": "nan"}, None, id="not a number"),
    ],
)
@every_format
async def test_retry_after_is_passed_on(wire: Wire, header: dict[str, str], expected: float | None) -> None:
    async def script(talk: Talk) -> None:
        await talk.error(429, wire.error("rate_limit_error", "slow down"), **header)

    assert (await failing(wire, script)).retry_after_s == expected


@every_format
async def test_retry_after_may_be_a_date(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=40)
        await talk.error(
            429, wire.error("rate_limit_error", "slow down"), retry_after=format_datetime(soon, usegmt=True)
        )

    wait = (await failing(wire, script)).retry_after_s
    assert wait is not None
    assert 30 < wait <= 40


@every_format
async def test_an_error_amid_the_stream_has_the_kind_of_its_name(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        event = b"event: error\ndata: " + wire.error("overloaded_error", "Overloaded") + b"\n\n"
        await talk.stream(wire.opening, wire.text("kubectl"), event)

    assert (await failing(wire, script)).kind is ErrorKind.OVERLOADED


@pytest.mark.parametrize("texts", [(), (" \n",)], ids=["nothing", "blank"])
@every_wire
async def test_an_empty_answer_is_an_error_and_its_usage_is_told(wire: Wire, texts: tuple[str, ...]) -> None:
    chunks: list[Chunk] = []

    async def script(talk: Talk) -> None:
        await talk.stream(*wire.answer(*texts))

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        with pytest.raises(ProviderError) as caught:
            await collect_into(chunks, provider.stream(MODEL, PROMPT))
        await provider.close()
    assert caught.value.kind is ErrorKind.EMPTY
    assert [chunk.usage.input_tokens for chunk in chunks if chunk.usage] == [11]
    assert not any(chunk.finish for chunk in chunks)


def ten_megabytes(wire: Wire, size: int) -> Script:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening)
        for _ in range(10_000_000 // size):
            if talk.gone.is_set():
                return
            await talk.piece(wire.text("x" * size))
        await talk.piece(wire.closing)
        await talk.end()
        await until_gone(talk)

    return script


@pytest.mark.parametrize("size", [50_000, 5_000_000], ids=["many events", "two events"])
@every_wire
async def test_ten_megabytes_are_cut_off(wire: Wire, size: int) -> None:
    error = await failing(wire, ten_megabytes(wire, size))
    assert (error.kind, error.retryable) == (ErrorKind.TOO_LONG, False)


@every_format
async def test_a_line_that_never_ends_is_cut_off(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        while not talk.gone.is_set():
            await talk.piece(b"x" * 100_000)

    assert (await failing(wire, script)).kind is ErrorKind.TOO_LONG


@every_format
async def test_an_error_body_that_never_ends_is_cut_off(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.head(500, content_type="application/json")
        while not talk.gone.is_set():
            await talk.piece(b"x" * 100_000)

    error = await failing(wire, script)
    assert error.kind is ErrorKind.SERVER
    assert len(error.message) < 600


@every_wire
async def test_a_server_that_never_stops_is_stopped(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening)
        while not talk.gone.is_set():
            await talk.piece(wire.text("more "))
            await asyncio.sleep(0)

    error = await failing(wire, script, total_s=0.4)
    assert error.kind in (ErrorKind.TIMEOUT, ErrorKind.TOO_LONG), "whichever comes first"


@every_wire
async def test_a_server_that_goes_on_after_the_end_is_left(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        for piece in wire.answer("kubectl"):
            await talk.piece(piece)
        await until_gone(talk)

    async with FaultServer(script) as server:
        provider = wire.provider(server.url)
        chunks = await collect(provider)
        await server.all_gone()
        await provider.close()
    assert chunks[-1].finish is Finish.STOP
    assert text_of(chunks) == "kubectl"


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
@every_wire
async def test_a_page_instead_of_a_stream_is_garbage(wire: Wire, content_type: str) -> None:
    """A hotel's sign-in page answers 200 to everything."""

    async def script(talk: Talk) -> None:
        await talk.head(content_type=content_type)
        await talk.piece(b'{"welcome": "to the hotel"}')
        await talk.end()

    error = await failing(wire, script)
    assert error.kind is ErrorKind.GARBAGE
    assert content_type in error.message


@every_format
async def test_bytes_that_are_no_http_are_an_error(wire: Wire) -> None:
    async def script(talk: Talk) -> None:
        await talk.raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        talk.close()

    assert (await failing(wire, script)).kind in (ErrorKind.CUT, ErrorKind.GARBAGE)


DISORDER = [
    pytest.param(CHAT, [choice(delta={"content": "a"}), choice(delta={}, finish_reason="stop"), choice(delta={"content": "b"})],
                 id="openai-text-after-the-end"),
    pytest.param(MESSAGES, [block_start(), message_start()], id="anthropic-block-before-the-beginning"),
    pytest.param(MESSAGES, [message_start(), message_start()], id="anthropic-two-beginnings"),
    pytest.param(MESSAGES, [message_start(), block_text("a")], id="anthropic-text-outside"),
    pytest.param(MESSAGES, [message_start(), block_start(), block_text("a", 1)], id="anthropic-another-block"),
    pytest.param(MESSAGES, [message_start(), block_start(), block_start()], id="anthropic-block-in-block"),
    pytest.param(MESSAGES, [message_start(), block_start(), block_stop(), block_stop()], id="anthropic-two-ends"),
    pytest.param(MESSAGES, [message_start(), block_start(), block_stop(), block_start()], id="anthropic-same-block"),
    pytest.param(MESSAGES, [message_start(), block_start(), message_end()], id="anthropic-end-in-block"),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "events"), DISORDER)
async def test_events_out_of_order_are_garbage(wire: Wire, events: list[bytes]) -> None:
    async def script(talk: Talk) -> None:
        await talk.stream(*events, wire.closing)

    assert (await failing(wire, script)).kind is ErrorKind.GARBAGE


@every_wire
async def test_keys_are_in_no_error_and_no_log(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Even where the server repeats the key, and logging is at its most talkative."""
    caplog.set_level(logging.DEBUG)

    async def script(talk: Talk) -> None:
        await talk.error(401, wire.error("invalid_api_key", f"Incorrect API key provided: {KEY}. Bearer {KEY}"))

    error = await failing(wire, script)
    shown = f"{error!r} {error} {error.message} {caplog.text}"
    assert KEY not in shown
    assert "list the pods" not in caplog.text


@pytest.mark.parametrize("url", ["localhost:11434", "htp://localhost", "http://[bad", "http://a b", "http://"])
@every_format
async def test_an_address_that_is_none_is_told(wire: Wire, url: str) -> None:
    provider = wire.provider(url)
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    await provider.close()
    assert caught.value.kind in (ErrorKind.MISCONFIGURED, ErrorKind.UNREACHABLE)
    assert caught.value.kind is ErrorKind.MISCONFIGURED or "http" in url


async def test_a_number_in_an_error_event_is_a_status() -> None:
    """Gateways pass their upstream's status on that way."""

    async def script(talk: Talk) -> None:
        await talk.stream(b'data: {"error": {"code": 429, "message": "upstream is busy"}}\n\n')

    assert (await failing(CHAT, script)).kind is ErrorKind.RATE_LIMITED


async def test_a_library_that_fails_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise TypeError(KEY)

    provider = CHAT.provider("http://127.0.0.1:9")
    monkeypatch.setattr(provider, "_send", broken)
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    assert caught.value.kind is ErrorKind.MISCONFIGURED
    assert KEY not in str(caught.value)


async def test_a_key_that_no_header_can_carry_is_told_without_showing_it() -> None:
    from ghostcells.providers.base import SecretKey

    provider = CHAT.provider("http://127.0.0.1:9", key=SecretKey("sk-gehe\N{LATIN SMALL LETTER I WITH DIAERESIS}m"))
    with pytest.raises(ProviderError) as caught:
        await collect(provider)
    assert caught.value.kind is ErrorKind.MISCONFIGURED
    assert "gehe" not in caught.value.message
