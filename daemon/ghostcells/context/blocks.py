"""Pieces of a notebook as a model is shown them, in fences that nothing inside can close.

A fence is longer than any run of its character in what it holds, so text cannot end it; and the words by which servers
mark turns of a conversation are broken up, since some of them read these in any text.
"""

import re

_RUN = re.compile(r"`+")
_FENCE_LIKE = re.compile(r"(?m)^[ \t>*+\-\d.)]*(?:`{3,}|~{3,})")
_TURNS = re.compile(
    r"<(?=\|[^|<>\n]{1,40}\|>|｜[^<>\n]{1,40}｜>|/?s>|/?(?:start|end)_of_turn>|<?/?SYS>)|\[(?=/?INST\])"  # noqa: RUF001
)
_SHORTEST = 3


def harmless(text: str) -> str:
    """The text with a blank inside every word that a chat server might take for the mark of a turn."""
    return _TURNS.sub(lambda found: found[0] + " ", text)


def fenced(info: str, text: str) -> str:
    text = harmless(text)
    longest = max((len(run[0]) for run in _RUN.finditer(text)), default=0)
    fence = "`" * max(_SHORTEST, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def prose(text: str) -> str:
    """Prose as it is, unless it holds fences of its own: then inside one that these cannot close."""
    return fenced("markdown", text) if _FENCE_LIKE.search(text) else harmless(text)
