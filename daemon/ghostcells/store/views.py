"""From records, as the index keeps them, to what the protocol shows of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ghostcells.domain.events import (
    Accepted,
    AnyRecord,
    Deleted,
    Executed,
    Forgotten,
    Learned,
    Rejected,
    Restored,
    Suggested,
    Superseded,
)
from ghostcells.domain.ghosts import Origin
from ghostcells.domain.views import CellLog, Ending, Event, Execution, Lesson, Percentiles, Verdict

decode = msgspec.json.Decoder(AnyRecord).decode


def kind(record: AnyRecord) -> str:
    """The record's type, as the log and the protocol name it."""
    return str(record.__struct_config__.tag)


def event(record: AnyRecord) -> Event:
    """What `ghostcells/events` shows of a record."""
    return Event(
        id=record.id,
        type=kind(record),
        time_ms=record.time_ms,
        session=record.session,
        notebook=record.notebook,
        cell=record.cell,
        **_own_fields(record),
    )


def _own_fields(record: AnyRecord) -> dict[str, Any]:
    match record:
        case Suggested():
            return {"suggestion": record.suggestion, "cells": record.cells, "source": record.source}
        case Accepted() | Rejected() | Superseded():
            return {"suggestion": record.suggestion, "reason": record.reason, "shown_ms": record.shown_ms}
        case Restored() | Deleted():
            return {"suggestion": record.suggestion}
        case Executed():
            return {
                "suggestion": record.suggestion,
                "success": record.success,
                "text": record.text,
                "language": record.language,
                "edited": record.edited,
                **_verdict(record),
            }
        case Learned():
            return {"example": record.example, "reason": str(record.reason)}
        case Forgotten():
            return {"example": record.example}
        case _:
            return {}


def _verdict(run: Executed) -> dict[str, Verdict]:
    """Runs of earlier versions have none."""
    said = run.feedback
    return (
        {} if said is None else {"verdict": Verdict(feedback=said.feedback, suggestion=said.suggestion, fate=said.fate)}
    )


def _end(records: Iterable[AnyRecord]) -> Accepted | Rejected | Superseded | None:
    """The end of a cell that has not been revoked."""
    found: Accepted | Rejected | Superseded | None = None
    for record in records:
        match record:
            case Accepted() | Rejected() | Superseded():
                found = record
            case Restored():
                found = None
    return found


def cell_log(identity: str, records: Sequence[AnyRecord]) -> CellLog | None:
    """The life of a cell, from its records in their order."""
    if not records:
        return None
    end = _end(records)
    made = [
        (one, ghost) for one in records if isinstance(one, Suggested) for ghost in one.cells if ghost.id == identity
    ]
    suggestions = [found for one in records if (found := getattr(one, "suggestion", None)) is not None]
    return CellLog(
        id=identity,
        notebook=records[-1].notebook,
        suggestion=suggestions[0] if suggestions else None,
        generated=made[-1][1].text if made else None,
        accepted=end.text if isinstance(end, Accepted) else None,
        executions=tuple(
            Execution(event=one.id, time_ms=one.time_ms, success=one.success, text=one.text, edited=one.edited)
            for one in records
            if isinstance(one, Executed)
        ),
        end=None if end is None else Ending(type=kind(end), reason=end.reason, shown_ms=end.shown_ms),
        learned=tuple(
            Lesson(example=one.example, reason=str(one.reason)) for one in records if isinstance(one, Learned)
        ),
        events=tuple(one.id for one in records),
    )


def known_cell(identity: str, records: Sequence[AnyRecord]) -> Origin | None:
    """What an engine needs of a suggested cell that it did not make."""
    for record in reversed(records):
        if isinstance(record, Suggested):
            for place, ghost in enumerate(record.cells):
                if ghost.id == identity:
                    end = _end(records)
                    accepted = isinstance(end, Accepted)
                    return Origin(
                        ghost=ghost,
                        suggestion=record.suggestion,
                        accepted=accepted,
                        text=end.text if isinstance(end, Accepted) else ghost.text,
                        example=record.examples[place] if place < len(record.examples) else None,
                    )
    return None


def percentiles(values: list[float]) -> Percentiles:
    """Nearest-rank percentiles; `values` is not empty."""
    ordered = sorted(values)
    return Percentiles(**{f"p{part}": ordered[max(0, -(-len(ordered) * part // 100) - 1)] for part in (50, 90, 99)})
