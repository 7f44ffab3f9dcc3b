"""Secrets on the wire: user info in URLs, authorization and cookie headers."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading

_URL_HINTS = ("://",)
_HEADER_HINTS = ("authorization", "bearer", "x-")
_COOKIE_HINTS = ("cookie:",)

_LEAST_TOKEN = 8
_LEAST_USER = 16


@cache
def _user_info() -> re.Pattern[str]:
    """A password may hold anything but blanks and quotes; one that begins like a port and a path is none."""
    return re.compile(
        r"://(?:(?P<user>[^\s/?#:@\"'<>`\\\[\](),]{1,256}+)@"
        r"|(?:[^\s/?#:@\"'`\\,]{0,256}+):(?:(?<=//:)|(?!\d{1,5}(?:/|\?|#)))(?:(?P<plain>[^\s/\"'`\\]{1,256})|(?P<odd>[^\s@\"'`\\]{1,256}+))@)"
    )


@cache
def _header() -> re.Pattern[str]:
    return re.compile(
        r"(?:authorization(?:\\{0,4}[\"'`]?\]?[ \t]{0,4}[:=]|[\"'],)[ \t]{0,4}(?:[rbf](?=[\"']))?\\{0,4}[\"'`]?"
        r"(?:(?:bearer|basic|token|apikey|key|digest|negotiate|bot|splunk|genie[kK]ey|sso-key)[ \t]{1,4})?"
        r"|\bbearer[ \t]{1,4}|\bx-[\w-]{0,40}?(?:key|token|secret|auth|password|credential|signature)"
        r"\\{0,4}[\"'`]?[ \t]{0,4}[:=][ \t]{0,4}\\{0,4}[\"'`]?)"
        r"(?P<token>[^\s\"'`,;<>\\]{1,4096}+)",
        re.IGNORECASE,
    )


@cache
def _cookie() -> re.Pattern[str]:
    return re.compile(r"(?<![\w-])cookie:[ \t]{0,4}(?P<cookie>[^\s\"'][^\n\"']{3,4096}+)", re.IGNORECASE)


def find_links(reading: Reading) -> Iterator[Span]:
    if "@" in reading.text and (hints := reading.holds(_URL_HINTS)):
        for start, end in reading.windows(hints):
            for found in _user_info().finditer(reading.text, start, end):
                yield from _user_spans(found)
    if hints := reading.holds(_HEADER_HINTS):
        for start, end in reading.windows(hints):
            for found in _header().finditer(reading.text, start, end):
                if _is_token(found):
                    yield Span(*found.span("token"), "auth-header")
    if hints := reading.holds(_COOKIE_HINTS):
        for start, end in reading.windows(hints):
            for found in _cookie().finditer(reading.text, start, end):
                if not values.is_reference(found["cookie"]):
                    yield Span(*found.span("cookie"), "cookie")


def _user_spans(found: re.Match[str]) -> Iterator[Span]:
    group = next(name for name in ("user", "plain", "odd") if found[name] is not None)
    value = found[group]
    if values.is_reference(value):
        return
    if group != "user":
        yield Span(*found.span(group), "url-password")
    elif len(value) >= _LEAST_USER and values.looks_random(value) and values.classes(value) > 1:
        yield Span(*found.span(group), "url-token")


def _is_token(found: re.Match[str]) -> bool:
    value = found["token"]
    if values.is_reference(value) or len(value) < _LEAST_TOKEN or values.is_location(value):
        return False
    bare = found[0].lower().startswith("bearer")
    return not bare or (len(value) > _LEAST_TOKEN and values.looks_random(value.rstrip(".,")))
