"""What a model is told of the user, and what says whether asking is worth it: read from the index, off the loop."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from ghostcells.context import worth
from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.exchange import Remembered
from ghostcells.domain.ghosts import Candidate
from ghostcells.domain.pool import Used
from ghostcells.memory.analysis import STOP_WORDS, last_command, stem

_FROZEN_SESSIONS = 32
_WORD = re.compile(r"[A-Za-z0-9]+")
T = TypeVar("T")


class Source(Protocol):
    """The examples of the index; to be asked in its thread."""

    def count(self) -> int: ...

    def frequency(self, term: str) -> int: ...

    def by_id(self, example: str) -> Example | None: ...


class Run(Protocol):
    """Does something in the index's thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Often(Protocol):
    """The most used commands of a notebook."""

    def __call__(self, notebook: str, /) -> Sequence[Used]: ...


class Told:
    """What is frozen for a session: the examples and the conventions that its prompts hold."""

    def __init__(self, examples: tuple[Remembered, ...], conventions: tuple[str, ...]) -> None:
        self.examples = examples
        self.conventions = conventions


class Knowledge:
    def __init__(self, source: Source, run: Run, often: Often = lambda _: ()) -> None:
        self._source = source
        self._run = run
        self._often = often
        self._told: dict[str, Told] = {}
        self.habits = worth.Habits()
        self._awaiting: dict[str, tuple[str, str]] = {}

    async def told(self, session: str, situation: Situation, candidates: Sequence[Candidate]) -> Told:
        """The examples that memory found first in this session, and the user's most used commands."""
        if session not in self._told:
            ids = list(dict.fromkeys(one.example for one in candidates if one.example))

            often = self._often(situation.notebook)

            def read() -> tuple[list[Example], tuple[str, ...]]:
                found = [example for one in ids if (example := self._source.by_id(one)) is not None]
                # What has been forgotten since it was counted is not told. What the examples say as well is: without it the
                # prefix would be another in every session, and no provider could keep it.
                return found, tuple(one.text for one in often if self._source.by_id(one.example) is not None)

            examples, conventions = await self._run(read)
            cosines = {one.example: one.cosine for one in candidates}
            told = Told(
                tuple(remembered(one, situation, cosines.get(one.id)) for one in examples),
                conventions,
            )
            self._told = dict([*self._told.items(), (session, told)][-_FROZEN_SESSIONS:])
        return self._told[session]

    def forget(self) -> None:
        """Something was forgotten: what is frozen may hold it."""
        self._told.clear()

    async def corpus(self, texts: Iterable[str]) -> worth.Corpus:
        """How common the words of these texts are among the user's."""
        words = {word for text in texts for word in worth.words_of(text)}

        def count() -> tuple[dict[str, int], int]:
            return {word: self._source.frequency(stem(word)) for word in words}, self._source.count()

        frequencies, total = await self._run(count)
        return worth.Corpus(lambda word: frequencies.get(word, 0), total)

    # What is followed by a run

    def considered(self, notebook: str, session: str, text: str) -> None:
        """Prose was written here; that which was written before without a run is known not to be followed by one."""
        former = self._awaiting.get(notebook)
        if former is not None and former[0] != session:
            self.habits = self.habits.observe(former[1], run=False)
        self._awaiting[notebook] = (session, text)

    def committed(self, records: Iterable[AnyRecord]) -> None:
        for one in records:
            if isinstance(one, Executed):
                self._awaiting.pop(one.notebook, None)
                if one.situation.intent:
                    self.habits = self.habits.observe(one.situation.intent, run=True)


def remembered(example: Example, situation: Situation, cosine: float | None) -> Remembered:
    """An example as a prompt shows it, with how alike its situation is: by the sentence model, else by words."""
    own = example.situation
    if cosine is not None:
        similarity = cosine
    elif situation.intent.strip():
        similarity = shared_words(own.intent, situation.intent)
    else:
        # After a run there is no prose: what was run before says where the user is.
        similarity = shared_words(last_command(own), last_command(situation))
    return Remembered(
        example.id,
        own.intent,
        example.language,
        example.text,
        min(1.0, max(0.0, similarity)),
        by_sense=cosine is not None,
    )


def shared_words(one: str, other: str) -> float:
    """The share of words that two texts have in common (Dice), stop words left out: 0..1."""
    own, asked = _words(one), _words(other)
    return 2 * len(own & asked) / (len(own) + len(asked)) if own and asked else 0.0


def _words(text: str) -> set[str]:
    return {stem(word.lower()) for word in _WORD.findall(text) if word.lower() not in STOP_WORDS}
