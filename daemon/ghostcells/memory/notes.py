"""What ranking needs to know of an example and that depends on it alone: read once, when it is stored, and kept beside it.

The store keeps the bytes and does not look inside; an example without them is read when it is asked for. Whoever changes what
is noted, here or in what it calls, raises `EDITION`, and indexes are made anew.
"""

import re
from hashlib import blake2b

import msgspec

from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory.adapt import Told, tell
from ghostcells.memory.analysis import command_terms, intent_key, prose_terms, split
from ghostcells.memory.literals import Kind, masked
from ghostcells.memory.readings import words_of

EDITION = 2
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
_TOLD_CHARS = 200
_VALUE_CHARS = 400
_WRAPPERS = frozenset({"sudo", "time", "exec", "env", "command", "nohup"})


class Lesson(msgspec.Struct, frozen=True, array_like=True):
    """A situation as sets of distinct terms, each set with blanks between its terms.

    `tail` is the last sentence of the intent, None where that is all of it; `before` and `before2` are the last two commands,
    `further` those above them, `told` the prose cell above.
    """

    intent: str
    tail: str | None
    heading: str
    heading_text: str
    before: str
    before2: str
    further: str
    told: str

    @property
    def above(self) -> str:
        """All commands above."""
        if not self.before2:
            return self.before
        return " ".join(dict.fromkeys(f"{self.before} {self.before2} {self.further}".split()))


class Command(msgspec.Struct, frozen=True, array_like=True):
    """A command: its terms with blanks between them, its words with their values masked (`pattern`), and its values.

    `key` stands for that of the intent, 0 for none; `told` is what `adapt` knows of the prose.
    """

    key: int
    terms: str
    program: str
    pattern: tuple[str, ...]
    length: int
    lines: int
    values: tuple[str, ...]
    told: Told


class Notes(msgspec.Struct, frozen=True, array_like=True):
    """`command` is only decoded of those that are weighed in full."""

    edition: int
    lesson: Lesson
    command: msgspec.Raw


_encode = msgspec.msgpack.Encoder().encode
_notes = msgspec.msgpack.Decoder(Notes)
_command = msgspec.msgpack.Decoder(Command)


def note(situation: Situation, text: str) -> bytes:
    """The notes on a command that was run, or read, in a situation."""
    return _encode(Notes(EDITION, lesson_of(situation), msgspec.Raw(_encode(read_command(situation, text)))))


def notes_of(example: Example) -> Notes:
    return _notes.decode(example.notes or note(example.situation, example.text))


def command_of(notes: Notes) -> Command:
    return _command.decode(notes.command)


def lesson_of(situation: Situation) -> Lesson:
    commands = [command_terms(text) for text in commands_of(situation)]
    told = next((cell.text for cell in reversed(situation.above) if cell.kind is CellKind.MARKUP), "")
    intent, tail = _prose(situation.intent), _tail_of(situation.intent)
    return Lesson(
        intent=intent,
        tail=None if tail == situation.intent else _prose(tail),
        heading=_prose(situation.heading),
        heading_text=situation.heading.strip().lower(),
        before=" ".join(commands[0]) if commands else "",
        before2=" ".join(commands[1]) if len(commands) > 1 else "",
        further=" ".join(dict.fromkeys(term for terms in commands[2:] for term in terms)),
        told=_prose(told[-_TOLD_CHARS:]),
    )


def read_command(situation: Situation, text: str) -> Command:
    return Command(
        key=_number_of(intent_key(situation)),
        terms=" ".join(command_terms(text)),
        program=program_of(text),
        pattern=pattern_of(text),
        length=len(split(text)),
        lines=text.count("\n") + 1,
        values=values_of(text),
        told=tell(situation, text),
    )


def commands_of(situation: Situation) -> tuple[str, ...]:
    """The code cells above, nearest first."""
    return tuple([cell.text.strip() for cell in reversed(situation.above) if cell.kind is CellKind.CODE])


def program_of(command: str) -> str:
    """The program that a command runs first, without what wraps it."""
    for word in split(command)[:4]:
        if word not in _WRAPPERS and "=" not in word:
            return word
    return ""


def pattern_of(command: str) -> tuple[str, ...]:
    """A command's words with its values masked."""
    return tuple(map(masked, split(command)))


def values_of(command: str) -> tuple[str, ...]:
    """The values near the beginning of a command, in lower case."""
    return tuple([word.low for word in words_of(command[:_VALUE_CHARS]) if word.kind is not Kind.WORD])


def _number_of(key: str) -> int:
    """A number in place of a text that is only compared."""
    return int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big") if key else 0


def _prose(text: str) -> str:
    return " ".join(dict.fromkeys(prose_terms(text))) if text else ""


def _tail_of(intent: str) -> str:
    parts = [part for part in _SENTENCE.split(intent) if " " in part.strip()]
    return parts[-1] if parts else intent
