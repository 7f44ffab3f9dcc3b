"""Private keys: PEM blocks, whole or cut off, with real line ends or with those of JSON, and PuTTY's files."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading

_HINTS = ("private key", "private-lines")


@cache
def _edge() -> re.Pattern[str]:
    return re.compile(r"-----(?:(?P<begin>BEGIN)|END) (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")


@cache
def _body() -> re.Pattern[str]:
    """Lines of base64 and the headers above them, each behind a real or an escaped line end or a blank."""
    gap = r"(?:\s|\\{1,4}[nr]|[>|\"'+,#]){1,40}+"
    header = r"(?:Proc-Type|DEK-Info|Comment|Version|Hash|Charset)[^\n\\]{1,120}+"
    return re.compile(
        rf"(?:{gap}(?:{header}|[A-Za-z0-9+/=]{{16,}}+))++(?:{gap}[A-Za-z0-9+/=]{{1,15}}+(?=\s|\\|[\"']|\Z))?"
    )


@cache
def _putty() -> re.Pattern[str]:
    return re.compile(r"Private-Lines:[ \t]{0,4}\d{1,4}\r?\n(?P<body>(?:[A-Za-z0-9+/=]{4,}+\r?\n?)++)")


def find_keys(reading: Reading) -> Iterator[Span]:
    if not reading.holds(_HINTS):
        return
    text = reading.text
    opened: re.Match[str] | None = None
    for edge in _edge().finditer(text):
        if edge["begin"]:
            if opened is not None:
                yield from _cut_off(text, opened)
            opened = edge
        elif opened is not None:
            yield from _block(text, opened, edge)
            opened = None
    if opened is not None:
        yield from _cut_off(text, opened)
    for found in _putty().finditer(text):
        yield Span(*found.span("body"), "private-key")


def _block(text: str, begin: re.Match[str], end: re.Match[str]) -> Iterator[Span]:
    if _body().match(text, begin.end(), end.start()):
        yield Span(begin.start(), end.end(), "private-key")


def _cut_off(text: str, begin: re.Match[str]) -> Iterator[Span]:
    body = _body().match(text, begin.end())
    if body is not None:
        yield Span(begin.start(), body.end(), "private-key")
