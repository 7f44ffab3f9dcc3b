"""How many tokens a text probably has where no tokenizer is at hand.

`pieces` looks at words, figures and signs. Against o200k_base, over 10,000 cells and outputs of public runbooks, it counts
9 % too many in prose, 7 % in shell, 5 % in JSON and YAML, none in outputs; of single texts 5 % come out more than a sixth
too low, which the margin covers.
"""

import re

_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<figure>[0-9]+)|(?P<blank>[ \t]+)|(?P<line>\n+)"
    r"|(?P<script>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef])|(?P<other>[^\x00-\x7f]+)|(?P<sign>[^A-Za-z0-9\s]+)|\s"
)
_LETTERS = 7
_FIGURES = 3
_SIGNS = 2
MARGIN = 1.1
"""Without a tokenizer."""

_NEWER_CLAUDE = re.compile(
    r"claude-(?:opus-4[-.](?:[7-9]|[1-9]\d)(?!\d)|(?:opus|sonnet|haiku)-(?:[5-9]|[1-9]\d)(?!\d)|fable|mythos)"
)
FACTORS: tuple[tuple[re.Pattern[str], float], ...] = (
    (_NEWER_CLAUDE, 1.56),
    (re.compile("claude"), 1.2),
    (re.compile(""), 1.2),
)
"""Tokens for each of o200k_base's, by the model's name: a start on the safe side, corrected by what providers report.

Anthropic says that its newer tokenizer gives some 30 % more tokens than the one before.
"""


def factor_of(model: str) -> float:
    name = model.lower()
    return next(factor for pattern, factor in FACTORS if pattern.search(name))


def pieces(text: str) -> float:
    total = 0.0
    for found in _PIECE.finditer(text):
        size = found.end() - found.start()
        match found.lastgroup:
            case "word":
                total += 1 + (size - 1) // _LETTERS * 0.8
            case "figure":
                total += (size + _FIGURES - 1) // _FIGURES
            case "blank":
                total += size > 1
            case "line":
                total += 0.7
            case "script":
                total += 0.85
            case "other":
                total += len(found[0].encode("utf-8", "replace")) / 2
            case "sign":
                total += size if "|" in found[0] else (size + 1) // _SIGNS
            case _:
                total += 1
    return total
