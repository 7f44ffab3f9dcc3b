"""What a program printed, cut to what matters to the next step: errors first, then the end, then the beginning."""

import re
from collections.abc import Callable

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)?|[@-Z\\-_])")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_ERROR = re.compile(
    r"\b(?:error|err|fatal|fail(?:ed|ure|s)?|exception|traceback|panic|denied|forbidden|unauthorized|refused|timed?[ -]?out|"
    r"not found|no such|cannot|can't|unable|invalid|unknown|missing|crashloopbackoff|imagepullbackoff|oomkilled|pending|"
    r"warning|segfault|killed|undefined|conflict|already exists)\b",
    re.IGNORECASE,
)
_LINE_CHARS = 160
_MAX_CHARS = 200_000
_MAX_LINES = 40
_ERRORS = 6
_HEAD = 3


def cleaned(text: str) -> str:
    """Text as a terminal would leave it: no escapes, nothing invisible, of an overwritten line its last state."""
    if len(text) > _MAX_CHARS:
        text = f"{text[: _MAX_CHARS // 2]}\n{text[-_MAX_CHARS // 2 :]}"
    text = _INVISIBLE.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))
    return "\n".join(line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n")).strip("\n")


def cut(text: str, tokens: int, count: Callable[[str], int]) -> str:
    """The lines that matter most, in their order, within `tokens`; empty where not even one fits."""
    lines = [_shortened(line) for line in cleaned(text).split("\n")]
    if len(lines) <= _MAX_LINES and count("\n".join(lines)) <= tokens:
        return "\n".join(lines)
    kept: set[int] = set()
    for index in _by_importance(lines):
        wider = kept | {index}
        if count(_joined(lines, wider)) > tokens:
            break
        kept = wider
    return _joined(lines, kept) if kept else ""


def _shortened(line: str) -> str:
    if len(line) <= _LINE_CHARS:
        return line
    half = _LINE_CHARS // 2
    return f"{line[:half]} … {line[-half:]}"


def _by_importance(lines: list[str]) -> list[int]:
    """Where an error is: the first of them and those before the end. Then head and tail, from the end inwards."""
    errors = [index for index, line in enumerate(lines) if _ERROR.search(line)]
    first = [*errors[:1], *reversed(errors[1:][-_ERRORS:])]
    last = range(len(lines) - 1, max(-1, len(lines) - 1 - _MAX_LINES), -1)
    head = range(min(_HEAD, len(lines)))
    order = [*first, *list(last)[:_HEAD], *head, *list(last)[_HEAD:]]
    return [index for index in dict.fromkeys(order) if lines[index].strip()][:_MAX_LINES]


def _joined(lines: list[str], kept: set[int]) -> str:
    parts: list[str] = []
    previous = -1
    for index in sorted(kept):
        if index > previous + 1 and any(line.strip() for line in lines[previous + 1 : index]):
            parts.append("…")
        parts.append(lines[index])
        previous = index
    if any(line.strip() for line in lines[previous + 1 :]):
        parts.append("…")
    return "\n".join(parts)
