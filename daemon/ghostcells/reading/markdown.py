"""Markdown -> cells: prose, with a new cell at each heading, and fenced code with its language.

Where a fence begins and ends is decided by markdown-it-py (it comes with rich): fences stand in lists and quotes, are made of
backticks or tildes of any number, and hold other fences; expressions over lines get this wrong. Line numbers of its tokens
say what is prose, so that prose stays as it was written.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ghostcells.reading.languages import SHELL, TRANSCRIPTS, label, language_id
from ghostcells.reading.runbook import Builder, Runbook
from ghostcells.reading.transcript import separate

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A(?P<fence>---|\+\+\+)[ \t]*\n.*?^(?P=fence)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OUTPUT_LABELS = frozenset({"output", "out", "stdout"})


def read_markdown(text: str, uri: str) -> Runbook:
    """The cells of a Markdown document; there is no document that is not Markdown."""
    from markdown_it import MarkdownIt

    body = _FRONT_MATTER.sub("", text.replace("\r\n", "\n").removeprefix("\ufeff"))
    lines = body.split("\n")
    builder = Builder(uri)
    done = 0
    for token in MarkdownIt("commonmark").parse(body):
        if token.map is None or not _divides(token):
            continue
        start, end = token.map
        if start >= done:
            _prose(builder, lines[done:start])
            done = start
        if token.type != "heading_open":
            _code(builder, token)
            done = end
    _prose(builder, lines[done:])
    return builder.runbook()


def _divides(token: "Token") -> bool:
    """Whether a new cell begins here. An indented block is code only if it shows a session: lists are indented too."""
    if token.type == "code_block":
        return bool(separate(token.content, transcript=False)[1]) or token.content.lstrip().startswith("$ ")
    return token.type == "fence" or (token.type == "heading_open" and token.level == 0)


def _prose(builder: Builder, lines: list[str]) -> None:
    text = _COMMENT.sub("", "\n".join(lines))
    builder.prose("\n".join(_unquoted(text)))


def _unquoted(text: str) -> Iterator[str]:
    """Lines without what is left of a quote or a list mark when the code in it is taken out."""
    for line in text.split("\n"):
        yield "" if line.strip() in (">", "-", "*", "+") else line.rstrip()


def _code(builder: Builder, token: "Token") -> None:
    name = label(token.info) if token.type == "fence" else "console"
    if name in _OUTPUT_LABELS and builder.output(token.content):
        return
    language = language_id(name)
    shows_prompt = not name and token.content.lstrip().startswith("$ ")
    if language == SHELL or shows_prompt:
        commands, output = separate(token.content, transcript=name in TRANSCRIPTS)
        builder.code(SHELL, commands, output)
    else:
        builder.code(language, token.content.rstrip())
