"""The chat completions format that OpenAI, Azure, Ollama, llama.cpp and many others speak: request bodies and events."""

import re
from typing import Any

import msgspec

from ghostcells.domain.exchange import Finish, Prompt, Usage
from ghostcells.providers.answer import Wrong
from ghostcells.providers.faults import Complaint, from_event
from ghostcells.providers.peer import Peer
from ghostcells.providers.sse import Event

_NEVER_THINKS = re.compile(r"(?:gpt-(?:3|4|35)|chatgpt)")
_FINISHES = {"length": Finish.LENGTH, "max_tokens": Finish.LENGTH, "content_filter": Finish.REFUSED}


class Dialect:
    """What a server takes of the optional fields for one model. It starts from a guess and learns from refusals."""

    def __init__(self, *, hosted: bool, model: str) -> None:
        self._limit = ["max_completion_tokens", "max_tokens"] if hosted else ["max_tokens", "max_completion_tokens"]
        # Suggestions are wanted at once: thinking is switched off where a model would begin by itself.
        self._effort = ["none", "minimal", "low"] if hosted and not _NEVER_THINKS.match(model) else []
        self._dropped = set() if not hosted else {"temperature"}

    @property
    def keeps_stops(self) -> bool:
        return "stop" not in self._dropped

    def body(self, model: str, prompt: Prompt) -> dict[str, Any]:
        messages = [{"role": message.role.value, "content": message.text} for message in prompt.messages]
        if prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        fields: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
        }
        if self._limit:
            fields[self._limit[0]] = prompt.max_output_tokens
        if prompt.stop:
            fields["stop"] = list(prompt.stop)
        if self._effort:
            fields["reasoning_effort"] = self._effort[0]
        return {name: value for name, value in fields.items() if name not in self._dropped}

    def learn(self, body: dict[str, Any], complaint: Complaint) -> bool:
        """Whether another body would say the same without what was refused."""
        for name in (
            "stream_options",
            "max_completion_tokens",
            "max_tokens",
            "reasoning_effort",
            "temperature",
            "stop",
        ):
            if name in body and _names(complaint, name):
                self._without(name)
                return True
        return False

    def _without(self, name: str) -> None:
        if name in self._limit:
            self._limit.remove(name)
        elif name == "reasoning_effort":
            self._effort = self._effort[1:]
        else:
            self._dropped.add(name)


def _names(complaint: Complaint, field: str) -> bool:
    """`stop` is a common word; the other names are never used but for the fields."""
    if complaint.param.partition(".")[0] == field:
        return True
    pattern = rf"['\"`]{field}['\"`]" if field == "stop" else rf"\b{field}\b"
    return bool(re.search(pattern, complaint.message))


class _Delta(msgspec.Struct):
    content: str | list[Any] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Event(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Event)


class ChatReader:
    """Reads one answer. Some servers send no usage, no `[DONE]`, or no reason to finish: either of the latter ends it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._refused = False
        self.finish: Finish | None = None
        self.ended = False
        self.usage: Usage | None = None

    def text(self, event: Event) -> str:
        if self.ended:
            return ""
        if event.data.strip() == b"[DONE]":
            self.ended = True
            return ""
        decoded = _decode(event)
        if decoded.error or event.name == b"error":
            raise from_event(_error_of(event, decoded), self._peer)
        if decoded.usage is not None:
            self.usage = _usage(decoded.usage)
        return "".join(self._choice(choice) for choice in decoded.choices or () if not choice.index)

    def _choice(self, choice: _Choice) -> str:
        text = _content(choice.delta)
        self._refused = self._refused or bool(choice.delta and choice.delta.refusal)
        if text and self.finish is not None:
            raise Wrong("text after the end")
        if choice.finish_reason:
            reason = Finish.REFUSED if self._refused else _FINISHES.get(choice.finish_reason, Finish.STOP)
            self.finish = self.finish or reason
        return text


def _decode(event: Event) -> _Event:
    try:
        return _decoder.decode(event.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Wrong("an event that cannot be read") from None


def _error_of(event: Event, decoded: _Event) -> Any:
    return {"error": decoded.error} if decoded.error else event.data


def _content(delta: _Delta | None) -> str:
    if delta is None or not delta.content:
        return ""
    if isinstance(delta.content, str):
        return delta.content
    return "".join(str(part.get("text") or "") for part in delta.content if isinstance(part, dict))


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _Details()
    return Usage(
        input_tokens=max(usage.prompt_tokens or 0, 0),
        output_tokens=max(usage.completion_tokens or 0, 0),
        cache_read_tokens=max(details.cached_tokens or 0, 0),
        cache_write_tokens=max(details.cache_write_tokens or 0, 0),
    )
