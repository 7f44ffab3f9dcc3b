"""Records in one line, and an index that reads them as the daemon's does."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from ghostcells.domain.events import (
    Accepted,
    AnyRecord,
    Edited,
    Executed,
    Forgotten,
    Learned,
    Pinned,
    Rejected,
    Restored,
    SessionEnded,
    SessionStarted,
    Suggested,
    Superseded,
    Traced,
)
from ghostcells.domain.examples import Above, Evidence, Reason, Situation, Verdict
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import CellKind, Output
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate, TracedModel
from ghostcells.store.fold import Words
from ghostcells.store.index import Index
from ghostcells.store.paths import Paths, prepare
from ghostcells.store.segment import Segment, encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ghostcells.domain.feedback import Judgement, Shown

NOTEBOOK = "file:///runbooks/deploy.md"
DAY_MS = 86_400_000
NOW_MS = 1_700_000_000_000


def rid(at: int, writer: int = 0) -> str:
    """The id of a record at so many milliseconds."""
    return ulid(NOW_MS + at, writer << 24)


def started(at: int, session: str, cell: str = "c1") -> SessionStarted:
    return SessionStarted(id=rid(at), time_ms=NOW_MS + at, notebook=NOTEBOOK, session=session, cell=cell)


def ended(at: int, session: str, **counts: dict[str, int]) -> SessionEnded:
    return SessionEnded(id=rid(at), time_ms=NOW_MS + at, notebook=NOTEBOOK, session=session, **counts)


def suggested(
    at: int,
    *cells: str,
    text: str = "kubectl get pods",
    session: str | None = None,
    example: str | None = None,
    writer: int = 0,
) -> Suggested:
    ghosts = tuple(
        Ghost(id=cell, kind=CellKind.CODE, language_id="shellscript", text=text, source="memory") for cell in cells
    )
    return Suggested(
        id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, session=session, suggestion=f"S{at}", cells=ghosts,
        source="memory", examples=tuple(example for _ in cells),
    )  # fmt: skip


def accepted(at: int, cell: str, text: str = "kubectl get pods", shown_ms: int = 900, writer: int = 0) -> Accepted:
    return Accepted(
        id=rid(at, writer),
        time_ms=NOW_MS + at,
        notebook=NOTEBOOK,
        cell=cell,
        suggestion="S0",
        shown_ms=shown_ms,
        text=text,
    )


def rejected(at: int, cell: str, reason: str = "dismissed", shown_ms: int = 800, writer: int = 0) -> Rejected:
    return Rejected(
        id=rid(at, writer),
        time_ms=NOW_MS + at,
        notebook=NOTEBOOK,
        cell=cell,
        suggestion="S0",
        reason=reason,
        shown_ms=shown_ms,
    )


def superseded(at: int, cell: str, reason: str = "newer") -> Superseded:
    return Superseded(
        id=rid(at), time_ms=NOW_MS + at, notebook=NOTEBOOK, cell=cell, suggestion="S0", reason=reason, shown_ms=0
    )


def restored(at: int, cell: str, writer: int = 0) -> Restored:
    return Restored(id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, cell=cell, suggestion="S0")


def situation(intent: str = "List the pods", above: Sequence[str] = (), output: str = "") -> Situation:
    return Situation(
        notebook=NOTEBOOK,
        intent=intent,
        above=tuple(Above(CellKind.CODE, "shellscript", text, output) for text in above),
        language="shellscript",
    )


def ran(
    at: int,
    text: str = "kubectl get pods",
    *,
    intent: str = "List the pods",
    above: Sequence[str] = (),
    output: str = "",
    success: bool = True,
    cell: str = "c1",
    shown: Sequence[Shown] = (),
    session: str | None = None,
    suggestion: str | None = None,
    edited: bool = False,
    feedback: Judgement | None = None,
    writer: int = 0,
) -> Executed:
    return Executed(
        id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, cell=cell, session=session, success=success, text=text,
        language="shellscript", situation=situation(intent, above, output), shown=tuple(shown), suggestion=suggestion,
        edited=edited, feedback=feedback, outputs=(Output("text/plain", output),) if output else (),
    )  # fmt: skip


def learned(at: int, example: str, executed: str, cell: str = "c1") -> Learned:
    return Learned(
        id=rid(at),
        time_ms=NOW_MS + at,
        notebook=NOTEBOOK,
        cell=cell,
        example=example,
        reason=Reason.OWN,
        executed=executed,
    )


def read(at: int, text: str = "make install", intent: str = "Install it") -> Learned:
    return Learned(
        id=rid(at), time_ms=NOW_MS + at, notebook=NOTEBOOK, example=example_id(intent, text), reason=Reason.READ,
        situation=situation(intent), text=text, language="shellscript",
    )  # fmt: skip


def forgotten(at: int, example: str, *events: str, writer: int = 0) -> Forgotten:
    return Forgotten(id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, example=example, events=events)


def edited(at: int, example: str, text: str, intent: str = "List the pods", writer: int = 0) -> Edited:
    return Edited(
        id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, example=example, becomes=example_id(intent, text),
        situation=situation(intent), text=text, language="shellscript",
    )  # fmt: skip


def pinned(at: int, example: str, *, on: bool = True, writer: int = 0) -> Pinned:
    return Pinned(id=rid(at, writer), time_ms=NOW_MS + at, notebook=NOTEBOOK, example=example, pinned=on)


def traced(at: int, suggestion: str, session: str, *, prompt: str = "", text: str = "kubectl get pods") -> Traced:
    model = TracedModel("openai", "small", prompt, text, 100, 20, 0, 0.001, False) if prompt else msgspec.UNSET  # noqa: FBT003
    trace = Trace(
        suggestion, session, "rest", NOW_MS + at, {"recall": 4.0, "rank": float(at)},
        (TracedCandidate(text, 1.0, 0.5, "memory"),), Outcome.RECOMMENDED, "a clear leader", model=model,
    )  # fmt: skip
    return Traced(id=rid(at), time_ms=NOW_MS + at, notebook=NOTEBOOK, session=session, trace=trace)


def example_id(intent: str = "List the pods", text: str = "kubectl get pods") -> str:
    """Made from the content, without giving it away."""
    return hash_of(intent.lower(), text)


def hash_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def teach(record: AnyRecord) -> tuple[Evidence, ...]:
    """A small teacher: a run teaches what ran, a failure and each ghost on show count."""
    match record:
        case Executed() if record.text != "[forgotten]":
            own = example_id(record.situation.intent, record.text)
            found = [
                Evidence(
                    own,
                    record.id,
                    record.time_ms,
                    Verdict.RAN,
                    Reason.OWN,
                    record.situation,
                    record.language,
                    record.text,
                )
                if record.success
                else Evidence(own, record.id, record.time_ms, Verdict.FAILED)
            ]
            found += [
                Evidence(shown.example, record.id, record.time_ms, Verdict.REJECTED)
                for shown in record.shown
                if shown.example
            ]
            passed = record.feedback.passed if record.feedback else ()
            found += [
                Evidence(example, record.id, record.time_ms, Verdict.OVERRIDDEN)
                for example in sorted({one.example for one in passed if one.example} - {own})
            ]
            return tuple(found)
        case Learned(reason=Reason.READ) | Edited() if record.situation is not None and record.text != "[forgotten]":
            own = example_id(record.situation.intent, record.text)
            return (
                Evidence(
                    own,
                    record.id,
                    record.time_ms,
                    Verdict.READ,
                    Reason.READ,
                    record.situation,
                    record.language,
                    record.text,
                ),
            )
        case _:
            return ()


def analyse(situation: Situation, text: str) -> str:
    return " ".join(f"{situation.intent} {situation.heading} {text}".lower().split())


def note(situation: Situation, text: str) -> bytes:
    return hash_of(situation.intent, *(cell.text for cell in situation.above), text).encode()


WORDS = Words(teach, analyse, lambda situation: situation.intent.lower(), note)


def write_segment(paths: Paths, records: Sequence[AnyRecord], owner: str = "DEAD", number: int = 1) -> Path:
    """A segment of a daemon that is gone."""
    path = paths.log / Segment(owner, number).name
    path.write_bytes(encode(records))
    return path


def index_of(root: Path, *records: AnyRecord) -> Index:
    """An index of a directory whose log has these records."""
    paths = prepare(root)
    if records:
        write_segment(paths, records)
    index = Index.open(paths, WORDS)
    index.settle()
    return index
