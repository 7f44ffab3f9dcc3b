"""The wire formats as a server speaks them, and the provider that reads each."""

import json
from collections.abc import AsyncIterator, Callable

import msgspec

from ghostcells.domain.exchange import Chunk, Message, Prompt, Role
from ghostcells.providers import anthropic, azure, ollama, openai
from ghostcells.providers.base import Provider, ProviderConfig, SecretKey

KEY = "sk-test-0123456789abcdefSECRET"
MODEL = "test-model"
PROMPT = Prompt(system="Suggest a command.", messages=(Message(Role.USER, "list the pods"),), max_output_tokens=100)


def prompt(**changes: object) -> Prompt:
    return msgspec.structs.replace(PROMPT, **changes)


class Wire(msgspec.Struct, frozen=True):
    """`opening`, text, `closing`: a whole answer's events. `error` is the body of an error status."""

    name: str
    create: Callable[[ProviderConfig], Provider]
    suffix: str
    opening: bytes
    text: Callable[[str], bytes]
    closing: bytes
    error: Callable[[str, str], bytes]

    def provider(self, url: str, **config: object) -> Provider:
        fields = {"key": SecretKey(KEY), "read_s": 5.0, "total_s": 10.0} | config
        return self.create(ProviderConfig(base_url=url + self.suffix, **fields))  # type: ignore[arg-type]

    def answer(self, *texts: str) -> list[bytes]:
        return [self.opening, *(self.text(text) for text in texts), self.closing]


def _data(body: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(body)}\n\n".encode()


def _choice(**choice: object) -> bytes:
    return _data({"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]})


USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}


def _chat(name: str, create: Callable[[ProviderConfig], Provider], suffix: str) -> Wire:
    return Wire(
        name=name,
        create=create,
        suffix=suffix,
        opening=_choice(delta={"role": "assistant", "content": ""}),
        text=lambda text: _choice(delta={"content": text}),
        closing=_choice(delta={}, finish_reason="stop") + _data({"choices": [], "usage": USAGE}) + b"data: [DONE]\n\n",
        error=lambda code, message: json.dumps({"error": {"message": message, "type": code, "code": code}}).encode(),
    )


def event(**body: object) -> bytes:
    return _data(body, str(body["type"]))


def message_start() -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 0}
    return event(type="message_start", message={"id": "m1", "type": "message", "usage": usage})


def block_start(index: int = 0) -> bytes:
    return event(type="content_block_start", index=index, content_block={"type": "text", "text": ""})


def block_text(text: str, index: int = 0) -> bytes:
    return event(type="content_block_delta", index=index, delta={"type": "text_delta", "text": text})


def block_stop(index: int = 0) -> bytes:
    return event(type="content_block_stop", index=index)


def message_end(reason: str = "end_turn") -> bytes:
    end = event(type="message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 3})
    return end + event(type="message_stop")


CHAT = _chat("openai", openai.create, "/v1")
MESSAGES = Wire(
    name="anthropic",
    create=anthropic.create,
    suffix="",
    opening=message_start() + block_start(),
    text=block_text,
    closing=block_stop() + message_end(),
    error=lambda code, message: json.dumps({"type": "error", "error": {"type": code, "message": message}}).encode(),
)
WIRES = (CHAT, MESSAGES, _chat("azure", azure.create, ""), _chat("ollama", ollama.create, "/v1"))
FORMATS = (CHAT, MESSAGES)


def choice(**fields: object) -> bytes:
    return _choice(**fields)


async def collect(provider: Provider, asked: Prompt = PROMPT, model: str = MODEL) -> list[Chunk]:
    return [chunk async for chunk in provider.stream(model, asked)]


async def collect_into(chunks: list[Chunk], stream: AsyncIterator[Chunk]) -> None:
    """For streams that fail: what came before the error is kept."""
    async for chunk in stream:
        chunks.append(chunk)  # noqa: PERF401 -- a comprehension would lose them


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)
