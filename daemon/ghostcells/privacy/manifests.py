"""Kubernetes Secrets: every value below `data` and `stringData`, whatever its name, in YAML and in JSON."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading

_KIND = "k8s-secret"


@cache
def _is_secret() -> re.Pattern[str]:
    return re.compile(r"kind\\{0,4}[\"']?[ \t]{0,4}:[ \t]{0,4}\\{0,4}[\"']?Secret(?![A-Za-z])")


@cache
def _section() -> re.Pattern[str]:
    return re.compile(r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?:data|stringData):[ \t]*\r?$")


@cache
def _entry() -> re.Pattern[str]:
    return re.compile(
        r"(?P<indent>[ \t]*)(?:[\w.\"'-]{1,253}+:[ \t]*+)?(?P<quote>[\"']?)(?P<value>.*?)(?P=quote)(?:[ \t]+#.*)?[ \t\r]*$"
    )


@cache
def _object() -> re.Pattern[str]:
    return re.compile(r"\\{0,4}\"(?:data|stringData)\\{0,4}\"\s{0,8}:\s{0,8}\{(?P<body>[^{}]{1,262144}+)\}")


@cache
def _member() -> re.Pattern[str]:
    return re.compile(r":\s{0,8}\\{0,4}\"(?P<value>(?:\\(?![\\\"])[^\"]|[^\"\\]){1,262144}+)\\{0,4}\"")


def find_manifests(reading: Reading) -> Iterator[Span]:
    text = reading.text
    if "kind" not in reading.words or "secret" not in reading.words or not _is_secret().search(text):
        return
    at = 0
    for document in re.split(r"(?m)(^---.*$)", text):
        if _is_secret().search(document):
            yield from _yaml_spans(document, at)
            yield from _json_spans(document, at)
        at += len(document)


def _yaml_spans(document: str, offset: int) -> Iterator[Span]:
    depth: int | None = None
    at = offset
    for line in document.splitlines(keepends=True):
        body = line.rstrip("\r\n")
        indent = len(body) - len(body.lstrip(" \t"))
        if depth is not None and body.strip() and indent <= depth:
            depth = None
        if depth is not None:
            yield from _entry_span(body, at)
        elif (section := _section().match(body)) is not None:
            depth = len(section["indent"])
        at += len(line)


def _entry_span(line: str, at: int) -> Iterator[Span]:
    entry = _entry().match(line)
    if entry is None or line.lstrip().startswith("#"):
        return
    value = entry["value"]
    if value and value.rstrip("+-0123456789") not in ("|", ">") and not values.is_reference(value):
        yield Span(at + entry.start("value"), at + entry.end("value"), _KIND)


def _json_spans(document: str, offset: int) -> Iterator[Span]:
    for found in _object().finditer(document):
        for member in _member().finditer(document, *found.span("body")):
            if not values.is_reference(member["value"]):
                yield Span(offset + member.start("value"), offset + member.end("value"), _KIND)
