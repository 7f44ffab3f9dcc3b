"""A provider that replays recorded streams: for tests, demonstrations, and work without a network.

A recording is a file of JSON Lines, and the model's name is its path; `#paced` behind it keeps the recorded pace. A line
`{"answer": {"when": "kubectl"}}` begins an answer, given to prompts whose last message holds that text; answers without a
condition are given in turn. The lines of an answer have `text`, `usage`, `finish` or `error`, each with an optional
`after_ms`. An answer without `finish` is a stream that was cut.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec

from ghostcells.domain.exchange import Chunk, Finish, Prompt, Usage
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError

PACED = "#paced"


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: str = ""


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    answer: _Head | None = None
    after_ms: float = 0
    text: str = ""
    usage: Usage | None = None
    finish: Finish | None = None
    error: ErrorKind | None = None
    message: str = "The recording holds an error here."
    retry_after_s: float | None = None


class _Answer(msgspec.Struct):
    when: str
    lines: list[_Line]


class ScriptedProvider:
    name = "scripted"

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._recordings: dict[str, list[_Answer]] = {}
        self._turns: dict[str, int] = {}

    async def stream(self, model: str, prompt: Prompt) -> AsyncIterator[Chunk]:
        path, paced = model.removesuffix(PACED), model.endswith(PACED)
        if path not in self._recordings:
            self._recordings[path] = await asyncio.to_thread(_read, path)
        for line in self._choose(path, prompt).lines:
            await self._sleep(line.after_ms / 1000 if paced else 0)
            if line.error is not None:
                raise ProviderError(line.error, line.message, retry_after_s=line.retry_after_s)
            yield Chunk(text=line.text, usage=line.usage, finish=line.finish)
            if line.finish is not None:
                return
        raise ProviderError(ErrorKind.CUT, f"The recording {path} ends before its answer does.")

    async def close(self) -> None:
        self._recordings.clear()

    def _choose(self, path: str, prompt: Prompt) -> _Answer:
        last = prompt.messages[-1].text if prompt.messages else ""
        answers = self._recordings[path]
        for answer in answers:
            if answer.when and answer.when in last:
                return answer
        free = [answer for answer in answers if not answer.when]
        if not free:
            raise ProviderError(ErrorKind.EMPTY, f"The recording {path} has no answer to this prompt.")
        turn = self._turns.get(path, 0)
        self._turns[path] = turn + 1
        return free[turn % len(free)]


def _read(path: str) -> list[_Answer]:
    try:
        lines = [line for line in Path(path).expanduser().read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise ProviderError(
            ErrorKind.MISCONFIGURED, f"model.name: the recording {path} cannot be read: {error.strerror}."
        ) from None
    answers: list[_Answer] = []
    for number, text in enumerate(lines, 1):
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProviderError(ErrorKind.MISCONFIGURED, f"The recording {path}, line {number}: {error}.") from None
        if line.answer is not None or not answers:
            answers.append(_Answer(when=line.answer.when if line.answer else "", lines=[]))
        if line.answer is None:
            answers[-1].lines.append(line)
    return answers


def create(config: ProviderConfig) -> ScriptedProvider:  # noqa: ARG001 -- a recording needs no address and no key
    """The entry point."""
    return ScriptedProvider()
