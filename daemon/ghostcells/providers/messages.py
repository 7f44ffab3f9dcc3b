"""The messages format of Anthropic: request bodies and events."""

from typing import Any

import msgspec

from ghostcells.domain.exchange import Finish, Prompt, Usage
from ghostcells.providers.answer import Wrong
from ghostcells.providers.faults import Complaint, from_event
from ghostcells.providers.peer import Peer
from ghostcells.providers.sse import Event

_FINISHES = {
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSED,
}


class Dialect:
    """Which optional fields one model takes. Thinking is switched off; a model that cannot do without thinks little."""

    def __init__(self) -> None:
        self._quiet: list[dict[str, Any]] = [
            {"thinking": {"type": "disabled"}},
            {"output_config": {"effort": "low"}},
        ]

    def body(self, model: str, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": prompt.max_output_tokens,
            "messages": [{"role": message.role.value, "content": message.text} for message in prompt.messages],
            "stream": True,
        }
        if prompt.system:
            block: dict[str, Any] = {"type": "text", "text": prompt.system}
            if prompt.cache_system:
                block["cache_control"] = {"type": "ephemeral"}
            body["system"] = [block]
        if prompt.stop:
            body["stop_sequences"] = list(prompt.stop)
        for fields in self._quiet[:1]:
            body |= fields
        return body

    def learn(self, body: dict[str, Any], complaint: Complaint) -> bool:
        """Whether the same can be asked without what was refused."""
        words = {"thinking": ("thinking",), "output_config": ("output_config", "effort")}
        for name, mentions in words.items():
            if name in body and any(mention in complaint.message for mention in mentions):
                self._quiet = self._quiet[1:]
                return True
        return False


class _UsageCounts(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(msgspec.Struct):
    usage: _UsageCounts | None = None


class _Block(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str
    index: int | None = None
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _UsageCounts | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Event)


class MessagesReader:
    """Reads one answer, holding its events to their order: a block's text only while that block is open."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._started = False
        self._open: int | None = None
        self._closed: set[int] = set()
        self._counts = _UsageCounts()
        self._told: Finish | None = None
        self.finish: Finish | None = None
        self.ended = False
        self.usage: Usage | None = None

    def text(self, event: Event) -> str:
        if self.ended:
            return ""
        decoded = _decode(event)
        match decoded.type:
            case "error":
                raise from_event({"error": decoded.error}, self._peer)
            case "message_start":
                self._expect(not self._started, "a second beginning")
                self._started = True
                self._count(decoded.message.usage if decoded.message else None)
            case "content_block_start":
                return self._block_start(decoded)
            case "content_block_delta":
                self._expect(self._open is not None and decoded.index == self._open, "text outside of its block")
                return (decoded.delta and decoded.delta.text) or ""
            case "content_block_stop":
                self._expect(self._open is not None and decoded.index == self._open, "the end of no block")
                self._closed.add(decoded.index or 0)
                self._open = None
            case "message_delta":
                self._expect(self._started and self._open is None, "the end amid a block")
                if decoded.delta is not None and decoded.delta.stop_reason:
                    self._told = _FINISHES.get(decoded.delta.stop_reason, Finish.STOP)
                self._count(decoded.usage)
            case "message_stop":
                self._expect(self._told is not None, "an end without a reason")
                self.finish, self.ended = self._told, True
            case _:
                pass  # `ping`, and kinds still to come, which the format asks to be passed over
        return ""

    def _block_start(self, event: _Event) -> str:
        at = event.index or 0
        self._expect(self._started and self._open is None and self._told is None, "a block at the wrong place")
        self._expect(at not in self._closed, "a block for the second time")
        self._open = at
        block = event.content_block
        return (block.text or "") if block is not None and block.type == "text" else ""

    def _count(self, counts: _UsageCounts | None) -> None:
        """Each report replaces the former ones, as far as it goes."""
        if counts is None:
            return
        for name in counts.__struct_fields__:
            if (value := getattr(counts, name)) is not None:
                setattr(self._counts, name, max(value, 0))
        known = self._counts
        read, written = known.cache_read_input_tokens or 0, known.cache_creation_input_tokens or 0
        self.usage = Usage(
            input_tokens=(known.input_tokens or 0) + read + written,
            output_tokens=known.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )

    @staticmethod
    def _expect(condition: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as an assertion
        if not condition:
            raise Wrong(otherwise)


def _decode(event: Event) -> _Event:
    try:
        return _decoder.decode(event.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Wrong("an event that cannot be read") from None
