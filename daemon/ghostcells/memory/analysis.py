"""Situations as words: what the index stores, what is asked of it, and when two situations count as the same.

Pure functions; the index only sees lower-case letters and digits, so that any full-text tokenizer leaves them whole.
A word of the heading, of the command before and of the command itself carries its field as a prefix.
"""

import re
from functools import lru_cache

from ghostcells.domain.examples import ANSWERED_BY, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory.literals import Kind, mask_of, tokens

HEADING = "xh"
BEFORE = "xb"
COMMAND = "xc"
MAX_QUERY_TERMS = 64
_BEFORE_WORDS = 6
_EMBEDDED_CHARS = 300
_EMBEDDED_COMMAND = 160
_COMMAND_WORDS = 60
_COMMAND_CHARS = 1000
_AT_ONCE = 8
"""Texts that are read for one purpose after the other: what of them is kept meanwhile."""
_STEMMED = 4
"""The length from which words have endings."""

# fmt: off
STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "do", "does", "for", "from",
    "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "itself", "let",
    "may", "me", "might", "more", "most", "my", "no", "nor", "not", "now", "of", "on", "only", "or", "our", "out",
    "over", "own", "please", "same", "shall", "she", "should", "so", "some", "such", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "until", "up", "us",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "will", "with", "would", "you",
    "your", "following", "follow", "command", "commands", "run", "running", "use", "using", "example", "also",
    "each", "any", "all", "here", "via", "just", "need", "want", "like", "e", "g", "etc",
})
# fmt: on
_WORD = re.compile(r"[A-Za-z0-9]+(?:[-_./:@'][A-Za-z0-9]+)*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PLAIN = re.compile(r"[^a-z0-9]+")
_COMMENT = re.compile(r"(?m)^\s*#.*$")


@lru_cache(maxsize=256)
def stem(word: str) -> str:
    """A lower-case word without its commonest endings: enough to join "logs" and "log", "creating" and "create"."""
    if len(word) < _STEMMED or not word.isalpha():
        return word
    if word.endswith(("ies", "ied")) and len(word) > _STEMMED:
        word = word[:-3] + "y"
    elif word.endswith("ing") and len(word) > _STEMMED + 1:
        word = _undouble(word[:-3])
    elif word.endswith("ed") and len(word) > _STEMMED:
        word = _undouble(word[:-2])
    elif word.endswith(("sses", "xes", "ches", "shes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) >= _STEMMED else word


def _undouble(word: str) -> str:
    return word[:-1] if len(word) >= _STEMMED and word[-1] == word[-2] and word[-1] not in "lsz" else word


@lru_cache(maxsize=1024)
def _terms_of(token: str) -> tuple[str, ...]:
    """One token as index terms: its stem, or the whole value and its parts."""
    low = token.lower()
    if low.isalpha() and (token.islower() or token.istitle() or token.isupper()):
        return () if low in STOP_WORDS or len(low) == 1 else (stem(low),)
    whole = _PLAIN.sub("", low)
    parts = tuple(
        stem(part.lower()) for part in _PART.findall(token) if len(part) > 1 and part.lower() not in STOP_WORDS
    )
    return (whole, *(part for part in parts if part != whole)) if len(whole) > 1 else parts


@lru_cache(maxsize=_AT_ONCE)
def prose_terms(text: str) -> tuple[str, ...]:
    """The terms of prose, in order and with repetitions."""
    return tuple([term for word in _WORD.findall(text) for term in _terms_of(word)])


@lru_cache(maxsize=64)
def command_terms(command: str) -> tuple[str, ...]:
    """The distinct terms of a command, its comments left out."""
    found = _WORD.findall(_COMMENT.sub("", command[:_COMMAND_CHARS]))[:_COMMAND_WORDS]
    return tuple(dict.fromkeys(term for word in found for term in _terms_of(word)))


_SHELL_WORD = re.compile(r"#[^\n]*|((?:[^\s\"'\\]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[\"'\\])+)", re.DOTALL)
_QUOTES = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|\\(.)", re.DOTALL)


def _unquote(found: re.Match[str]) -> str:
    return found.group(1) or found.group(2) or (found.group(3) or "").strip("\n")


@lru_cache(maxsize=128)
def split(command: str) -> tuple[str, ...]:
    """A command's words nearly as a shell splits them, at a tenth of the time of `shlex`; for comparing, not for running."""
    bare = (
        _QUOTES.sub(_unquote, word) if '"' in word or "'" in word or "\\" in word else word
        for word in _SHELL_WORD.findall(command)
    )
    return tuple(word for word in bare if word)


def last_command(situation: Situation) -> str:
    """The code cell nearest above the intent, or nothing."""
    return next((cell.text for cell in reversed(situation.above) if cell.kind is CellKind.CODE), "")


def _own_heading(situation: Situation) -> str:
    """The heading where the intent does not hold it already."""
    return "" if situation.heading in situation.intent else situation.heading


def _before_terms(situation: Situation) -> list[str]:
    return [BEFORE + term for term in command_terms(last_command(situation))[:_BEFORE_WORDS]]


def analyse(situation: Situation, text: str) -> str:
    """What the index holds of an example: space-separated terms, those beside the intent's with their field as prefix."""
    terms = list(prose_terms(situation.intent))
    terms += [HEADING + term for term in prose_terms(situation.heading)]
    terms += _before_terms(situation)
    terms += [COMMAND + term for term in command_terms(text)]
    return " ".join(terms)


def query_terms(situation: Situation) -> tuple[str, ...]:
    """The distinct terms to look for, those nearest to the command first; values and words may name the command's own."""
    words = list(dict.fromkeys(reversed(prose_terms(situation.intent))))
    terms = list(words)
    terms += [HEADING + term for term in prose_terms(situation.heading)]
    terms += _before_terms(situation)
    terms += [COMMAND + term for term in words]
    return tuple(dict.fromkeys(terms))[:MAX_QUERY_TERMS]


def intent_key(situation: Situation) -> str:
    """The intent with its values masked and its stop words and endings dropped: equal keys mean the same situation."""
    return _key_of(situation.intent)


@lru_cache(maxsize=_AT_ONCE)
def _key_of(intent: str) -> str:
    found: list[str] = []
    for token in tokens(intent):
        if token.quoted:
            found.append("<quoted>")
        elif token.kind is not Kind.WORD:
            found.append(mask_of(token.kind) or token.low)
        elif token.low not in STOP_WORDS:
            found.append(stem(token.low))
    return " ".join(found)


def embedding_text(situation: Situation) -> str:
    """What is embedded of a situation: the heading and the end of the prose; without prose, the command before."""
    prose = situation.intent[-_EMBEDDED_CHARS:]
    if not prose.strip():
        prose = "after: " + last_command(situation)[:_EMBEDDED_CHARS]
    heading = situation.heading
    return prose if heading in prose else f"{heading}\n{prose}"


def example_text(situation: Situation, command: str) -> str:
    """What is embedded of an example: what would have been asked, and the beginning of what was run."""
    return f"{embedding_text(situation)}{ANSWERED_BY}{command[:_EMBEDDED_COMMAND]}"


__all__ = [
    "STOP_WORDS",
    "analyse",
    "command_terms",
    "embedding_text",
    "example_text",
    "intent_key",
    "last_command",
    "prose_terms",
    "query_terms",
    "split",
    "stem",
]
