"""The TypeScript interfaces of docs/protocol.md, as values that check an answer.

A field that the page does not name is allowed, since changes are additive; a wrong or a missing one is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any, str], None]
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def _fail(where: str, wanted: str, value: Any) -> None:
    raise AssertionError(f"{where}: expected {wanted}, got {str(value)[:200]!r}")


def string(value: Any, where: str) -> None:
    if not isinstance(value, str):
        _fail(where, "a string", value)


def ulid(value: Any, where: str) -> None:
    if not isinstance(value, str) or not ULID.fullmatch(value):
        _fail(where, "a ULID", value)


def boolean(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        _fail(where, "a boolean", value)


def number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _fail(where, "a number", value)


def integer(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        _fail(where, "an integer", value)


def unit(value: Any, where: str) -> None:
    number(value, where)
    if not 0 <= value <= 1:
        _fail(where, "a number from 0 to 1", value)


def one_of(*values: Any) -> Check:
    def check(value: Any, where: str) -> None:
        if value not in values or isinstance(value, bool):
            _fail(where, f"one of {values}", value)

    return check


def or_null(inner: Check) -> Check:
    def check(value: Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def array(inner: Check) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            _fail(where, "an array", value)
        for index, item in enumerate(value):
            inner(item, f"{where}[{index}]")

    return check


def mapping(inner: Check) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            _fail(where, "an object", value)
        for key, item in value.items():
            inner(item, f"{where}.{key}")

    return check


def shape(**fields: Check) -> Check:
    """An interface; a name that ends in an underscore is an optional field: absent, or of its type."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            _fail(where, "an object", value)
        for name, inner in fields.items():
            key = name.removesuffix("_")
            if key in value:
                inner(value[key], f"{where}.{key}")
            elif not name.endswith("_"):
                _fail(f"{where}.{key}", "a value", "nothing")

    return check


WARNING = shape(code=string, message=string)
GHOST = shape(
    id=ulid, kind=one_of(1, 2), languageId=string, text=string, source=one_of("memory", "model", "asset"),
    confidence_=unit, label_=string, warnings_=array(WARNING),
)  # fmt: skip
PUBLISH = shape(
    epoch=ulid, notebook=shape(uri=string, version=integer), session=ulid, revision=integer, after=or_null(string),
    ghosts=array(GHOST), accepted=array(ulid), final=boolean, candidates=shape(index=integer, count=integer),
)  # fmt: skip
STATUS = shape(
    state=one_of("ready", "thinking", "degraded", "off"), provider=string, model=string, message_=string,
    session_=shape(inputTokens=integer, outputTokens=integer, costUsd=number),
)  # fmt: skip
EVENT_TYPES = (
    "SESSION_STARTED", "SESSION_ENDED", "SUGGESTED", "ACCEPTED", "REJECTED", "SUPERSEDED", "RESTORED", "EXECUTED",
    "DELETED", "LEARNED", "FORGOTTEN",
)  # fmt: skip
VERDICT = shape(
    feedback=one_of(
        "accepted_recommendation", "edited_recommendation", "overrode_with_listed", "ran_listed_without_recommendation",
        "ran_unlisted", "no_recent_suggestion",
    ),
    suggestion=or_null(ulid), fate=or_null(one_of("ran", "edited", "deleted", "dismissed", "ignored")),
)  # fmt: skip
EVENT = shape(
    id=ulid, type=one_of(*EVENT_TYPES), timeMs=integer, session=or_null(ulid), notebook=string, cell=or_null(string),
    reason_=string, shownMs_=number, suggestion_=or_null(ulid), cells_=array(GHOST), source_=string, success_=boolean,
    text_=string, language_=string, edited_=boolean, example_=string, verdict_=VERDICT,
)  # fmt: skip
EXECUTION = shape(event=ulid, timeMs=integer, success=boolean, text=string, edited=boolean)
CELL_LOG = shape(
    id=string, notebook=string, suggestion=or_null(ulid), generated=or_null(string), accepted=or_null(string),
    executions=array(EXECUTION), end=or_null(shape(type=string, reason=string, shownMs=number)),
    learned=array(shape(example=string, reason=string)), events=array(string),
)  # fmt: skip
CANDIDATE = shape(text=string, score=number, confidence=unit, example_=string, source=string)
MODEL = shape(
    provider=string, name=string, prompt=string, answer=string, inputTokens=integer, outputTokens=integer,
    cacheReadTokens=integer, costUsd=number, estimated=boolean,
)  # fmt: skip
TRACE = shape(
    suggestion=ulid, session=ulid, trigger=string, timeMs=integer, stagesMs=mapping(number),
    candidates=array(CANDIDATE), outcome=one_of("recommended", "offered", "silent"), why=string, dropped=array(string),
    model_=MODEL, assertions=array(shape(name=string, result=one_of("passed", "failed", "skipped"))),
    redactions=integer, gap_=number,
)  # fmt: skip
SESSION = shape(
    id=ulid, notebook=string, cell=or_null(string), startMs=integer, endMs=or_null(integer), completions=integer,
    suggested=integer, accepted=integer, executed=integer, inputTokens=integer, outputTokens=integer, costUsd=number,
)  # fmt: skip
STATS = shape(
    suggested=integer, read=integer, accepted=integer, rejected=integer, superseded=integer, executed=integer,
    executedAsSuggested=integer, examples=integer, inputTokens=integer, outputTokens=integer, costUsd=number,
    latencyMs=mapping(shape(p50=number, p90=number, p99=number)),
    feedback=mapping(integer), outcomes=mapping(integer), failures=mapping(integer),
)  # fmt: skip
REASONS = {
    "ACCEPTED": {"focus"},
    "REJECTED": {"skipped", "moved", "inserted", "dismissed", "deleted", "closed"},
    "SUPERSEDED": {"newer", "cycled", "stale", "anchor-gone", "withdrawn", "failed", "lost"},
    "LEARNED": {"as-suggested", "edited", "own", "read"},
}


def event(value: Any) -> None:
    """An event of the log, with what its type asks for."""
    EVENT(value, "event")
    kind = value["type"]
    wanted = {
        "SUGGESTED": ("cells", "source"),
        "ACCEPTED": ("reason", "shownMs"),
        "REJECTED": ("reason", "shownMs"),
        "SUPERSEDED": ("reason", "shownMs"),
        "EXECUTED": ("success", "text", "language"),
        "LEARNED": ("example", "reason"),
    }
    missing = [name for name in wanted.get(kind, ()) if name not in value]
    assert not missing, f"{kind} without {missing}: {value}"
    if kind in REASONS:
        assert value["reason"] in REASONS[kind], value
