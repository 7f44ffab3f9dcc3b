"""A text read word by word, for telling which value took whose place."""

import re
from functools import cached_property, lru_cache

import msgspec

from ghostcells.memory.analysis import STOP_WORDS, stem
from ghostcells.memory.literals import Kind, Token, tokens

_LIST_MARK = re.compile(r"(?m)^\s*(?:\d+[.)]|[-*+])\s+")
_LINK = re.compile(r"\]\([^)\s]*\)")
_SENTENCE = re.compile(r"[.!?:]\s+|\n\s*\n")
_LAST_CHARS = 240
_CONSTANTS = frozenset({"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"})
_CACHED = 32
_AMOUNTS = frozenset({Kind.NUMBER, Kind.SIZE})
_BYTES = re.compile(r"([+-]?\d+(?:[.,]\d+)?[kmgtp])b")
ENDING = re.compile(r"\*?\.[A-Za-z0-9]{1,7}")
"""The ending of a file's name, by itself."""
_ENDING_CHARS = 4
"""Up to this length a plain word may name such an ending: "txt files"."""
PART = "\0"
"""Stands between a heading and the prose below it."""
VERBS_FOLLOW = frozenset(
    ("to", "and", "then", "you", "we", "i", "can", "please", "by", "will", "must", "should", "let", "or", "now")
)
"""After these, and at the beginning, a plain word is taken for a verb, which has synonyms and no successors."""


GENERIC = frozenset(
    ("file", "files", "directory", "directories", "folder", "folders", "variable", "variables", "environment", "string")
)
"""Nouns that say what a value is and are none themselves."""


class Reading(msgspec.Struct, frozen=True, dict=True):
    """The words of a text in order; from `last` on they are those of the last sentences.

    The set of them, of those in quotes, of their lower case, of their stems and of the values in one spelling (`plainly`) are
    made when they are asked for: of most examples only the words are.
    """

    words: tuple[Token, ...]
    last: int

    @cached_property
    def texts(self) -> frozenset[str]:
        return frozenset([word.text for word in self.words])

    @cached_property
    def quoted(self) -> frozenset[str]:
        return frozenset([word.text for word in self.words if word.quoted])

    @cached_property
    def lows(self) -> frozenset[str]:
        return frozenset([word.low for word in self.words])

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset([_stem(word) for word in self.words])

    @cached_property
    def plain(self) -> frozenset[str]:
        return frozenset(map(plainly, self.words))

    def has(self, word: Token) -> bool:
        """Whether the text has this word: as it is written, where that may matter."""
        if word.kind is not Kind.WORD:
            return word.text in self.texts or plainly(word) in self.plain
        return word.text in self.quoted if word.quoted else word.low in self.lows or _stem(word) in self.stems

    def neighbours(self, place: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The stems of up to two words on either side, nearest first."""
        left = tuple(_stem(self.words[at]) for at in range(place - 1, max(place - 3, -1), -1))
        right = tuple(_stem(self.words[at]) for at in range(place + 1, min(place + 3, len(self.words))))
        return left, right


@lru_cache(maxsize=256)
def _stem(word: Token) -> str:
    return stem(word.low) if word.kind is Kind.WORD else word.low


@lru_cache(maxsize=256)
def plainly(word: Token) -> str:
    """A value in the one of its spellings that compares: 10MB is 10M, /home/ is /home, TXT is *.txt. Quotes mean it so."""
    if word.quoted:
        return word.text
    if word.kind is Kind.SIZE and (sized := _BYTES.fullmatch(word.low)):
        return sized.group(1)
    if word.kind is Kind.PATH and word.text[1:]:
        return word.text.rstrip("/")
    if ENDING.fullmatch(word.text):
        return word.low.lstrip("*")
    if word.kind is Kind.WORD and len(word.low) <= _ENDING_CHARS:
        return "." + word.low
    return word.text


@lru_cache(maxsize=_CACHED)
def read(text: str) -> Reading:
    """Reads prose; list marks and the targets of links say nothing about the command and are skipped."""
    bare = _bare(text)
    words, end = tokens(bare), _last(bare)
    return Reading(words, 0 if end == bare else len(words) - len(tokens(end)))


def words_of(text: str) -> tuple[Token, ...]:
    """The words that `read` finds."""
    return tokens(_bare(text))


def _bare(text: str) -> str:
    return _LIST_MARK.sub(" ", _LINK.sub(" ", text) if "](" in text else text)


def _last(text: str) -> str:
    """The end of a text, from the beginning of a sentence."""
    text = text.rpartition(PART)[2]
    if len(text) <= _LAST_CHARS:
        return text
    end = text[-_LAST_CHARS:]
    begun = _SENTENCE.search(end)
    return end[begun.end() :] if begun else end


@lru_cache(maxsize=256)
def is_content(word: Token) -> bool:
    """Whether a word can stand for something in a command."""
    if word.kind is Kind.WORD and not word.quoted:
        return (len(word.low) > 1 or word.text.isupper()) and word.low not in STOP_WORDS
    if word.text[0] == "-" and word.kind not in _AMOUNTS:
        return False
    if word.text in _CONSTANTS:
        return False
    if word.quoted and word.text[1:]:
        return True
    return any(map(str.isalnum, word.text)) or "$" in word.text or word.text in {"/", "~"}


def is_value(word: Token) -> bool:
    """Whether a word looks like a value even without the words around it."""
    return word.quoted or word.kind is not Kind.WORD


def may_name(word: Token, left: tuple[str, ...]) -> bool:
    """Whether a plain word may be a value: not at the beginning of a sentence, and not where a verb stands."""
    if is_value(word):
        return True
    return bool(left) and left[0] not in VERBS_FOLLOW and not word.text.istitle() and word.low not in GENERIC
