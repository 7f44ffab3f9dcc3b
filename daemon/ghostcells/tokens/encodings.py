"""OpenAI's encodings, offline, from whichever package is installed: imported and built when first asked for.

Both packages carry the merge tables and give the same counts; `rs_bpe` starts faster, `bpe_openai` has wheels for every
Python from 3.9 on. Text that spells a special token is counted as the text that it is.
"""

import re
from collections.abc import Callable
from functools import cache

_O200K = re.compile(r"(?:^|[/:.])(?:gpt-(?:4o|4\.1|4-1|4\.5|[5-9])|chatgpt|o[1-9](?:$|[-:])|gpt-oss|codex)")
_CL100K = re.compile(r"(?:^|[/:.])(?:gpt-4|gpt-3\.5|gpt-35|text-embedding-(?:3|ada))")
_PIECE = 200_000
"""A longer text is counted in pieces: one of the packages refuses very long ones; a cut costs a token at most."""


def encoding_of(model: str) -> str | None:
    """The encoding of an OpenAI model by its name, None for any other."""
    name = model.lower()
    if "claude" in name:
        return None
    if _O200K.search(name):
        return "o200k_base"
    return "cl100k_base" if _CL100K.search(name) else None


@cache
def encoder(encoding: str) -> Callable[[str], int] | None:
    """How to count in an encoding, None where no package for it is installed."""
    plain = _rs_bpe(encoding) or _bpe_openai(encoding)
    if plain is None:
        return None

    def count(text: str) -> int:
        text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text to the tokenizers
        if len(text) <= _PIECE:
            return plain(text)
        return sum(plain(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))

    return count


def _rs_bpe(encoding: str) -> Callable[[str], int] | None:
    try:
        from rs_bpe import openai
    except ImportError:
        return None
    tokenizer = openai.o200k_base() if encoding == "o200k_base" else openai.cl100k_base()
    count: Callable[[str], int] = tokenizer.count
    return count


def _bpe_openai(encoding: str) -> Callable[[str], int] | None:
    try:
        import bpe_openai
    except ImportError:
        return None
    tokenizer = bpe_openai.get_encoding(encoding)
    return lambda text: len(tokenizer.encode(text, disallowed_special=()))
