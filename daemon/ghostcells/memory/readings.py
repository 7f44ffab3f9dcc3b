"""A text read word by word, for telling which value took whose place."""

import re
from functools import lru_cache

import msgspec

from ghostcells.memory.analysis import STOP_WORDS, stem
from ghostcells.memory.literals import Kind, Token, tokens

_LIST_MARK = re.compile(r"(?m)^\s*(?:\d+[.)]|[-*+])\s+")
_LINK = re.compile(r"\]\([^)\s]*\)")
_CACHED = 512


class Reading(msgspec.Struct, frozen=True):
    """The words of a text in order, the set of them, of those in quotes, and of their lower case."""

    words: tuple[Token, ...]
    texts: frozenset[str]
    quoted: frozenset[str]
    lows: frozenset[str]

    def has(self, word: Token) -> bool:
        """Whether the text has this word: as it is written, where that may matter."""
        if word.kind is not Kind.WORD:
            return word.text in self.texts
        return word.text in self.quoted if word.quoted else word.low in self.lows

    def neighbours(self, place: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The stems of up to two words on either side, nearest first."""
        left = tuple(_stem(self.words[at]) for at in range(place - 1, max(place - 3, -1), -1))
        right = tuple(_stem(self.words[at]) for at in range(place + 1, min(place + 3, len(self.words))))
        return left, right


@lru_cache(maxsize=1024)
def _stem(word: Token) -> str:
    return stem(word.low) if word.kind is Kind.WORD else word.low


@lru_cache(maxsize=_CACHED)
def read(text: str) -> Reading:
    """Reads prose; list marks and the targets of links say nothing about the command and are skipped."""
    bare = _LINK.sub(" ", text) if "](" in text else text
    words = tuple(tokens(_LIST_MARK.sub(" ", bare)))
    return Reading(
        words,
        frozenset([word.text for word in words]),
        frozenset([word.text for word in words if word.quoted]),
        frozenset([word.low for word in words]),
    )


@lru_cache(maxsize=1024)
def is_content(word: Token) -> bool:
    """Whether a word can stand for something in a command."""
    if word.kind is Kind.WORD and not word.quoted:
        return len(word.low) > 1 and word.low not in STOP_WORDS
    if word.quoted and word.text[1:]:
        return True
    return any(map(str.isalnum, word.text)) or "$" in word.text or word.text in {"/", "~"}


def is_value(word: Token) -> bool:
    """Whether a word looks like a value even without the words around it."""
    return word.quoted or word.kind is not Kind.WORD
