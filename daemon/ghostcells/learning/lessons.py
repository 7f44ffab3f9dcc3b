"""What one record of the log teaches: a pure function from a record to evidence about examples.

Every successful run of a code cell teaches, whoever wrote it. A failed run teaches no answer and counts against the example
that it came from; so does a rejection, if the ghost had been read and the user then ran something else. A ghost that was shown
and then run counts for its example, however it got into the cell. Where a run took the place of a suggestion, each example of
it that was read and is not nearly what ran was overridden. The record holds all that is needed, so the same set of records
gives the same evidence, in whatever order they arrive.
"""

import hashlib
import re

from ghostcells.domain.distance import NEAR, argument_distance
from ghostcells.domain.events import AnyRecord, Edited, Executed, Learned
from ghostcells.domain.examples import Evidence, Reason, Situation, Verdict
from ghostcells.domain.feedback import Shown
from ghostcells.domain.ghosts import READ_MS
from ghostcells.domain.notebook import CellKind

FORGOTTEN = "[forgotten]"
"""What stands in a record in place of a forgotten text; such a record teaches nothing."""
MAX_LESSON_CHARS = 16_384
"""A longer command is a program, which nobody wants to have suggested."""
_COUNTING_REJECTIONS = frozenset({"skipped", "moved", "inserted", "dismissed"})
_SPACE = re.compile(r"\s+")


def example_id(situation: Situation, language: str, text: str) -> str:
    """The id of a lesson, made from its content: the same lesson has the same id in every daemon.

    The situation counts by its intent; where there is none, by the command before; in an empty notebook by its name.
    """
    before = next((one.text for one in reversed(situation.above) if one.kind is CellKind.CODE), "")
    key = situation.intent or before or situation.notebook
    folded = _SPACE.sub(" ", key).strip().casefold()
    digest = hashlib.blake2b(digest_size=10)
    for part in (folded, language, text.strip()):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def evidence_of(record: AnyRecord) -> tuple[Evidence, ...]:
    """The evidence in one record; most hold none."""
    match record:
        case Executed():
            return tuple(_of_run(record))
        case Learned(reason=Reason.READ) | Edited() if record.situation is not None and _teachable(record.text):
            return (
                Evidence(
                    example_id(record.situation, record.language, record.text),
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


def taught_by(record: Executed) -> Evidence | None:
    """The lesson of a run, if it teaches one: what LEARNED reports."""
    return next((one for one in evidence_of(record) if one.verdict is Verdict.RAN), None)


def why_nothing(run: Executed) -> str:
    """Why a run has taught nothing, for who asks."""
    if run.text == FORGOTTEN:
        return "it was forgotten"
    if not run.text.strip():
        return "the cell was empty"
    if len(run.text) > MAX_LESSON_CHARS:
        return "it is too long to be suggested"
    if not run.success:
        return "it failed: a failed run teaches no answer"
    return "it has not been learned from yet"


def _teachable(text: str) -> bool:
    return bool(text.strip()) and text != FORGOTTEN and len(text) <= MAX_LESSON_CHARS


def _of_run(run: Executed) -> list[Evidence]:
    if not _teachable(run.text):
        return []
    text = run.text.rstrip()
    found: list[Evidence] = []
    lesson = example_id(run.situation, run.language, text)
    if run.success:
        reason = Reason.OWN if run.suggestion is None else Reason.EDITED if run.edited else Reason.AS_SUGGESTED
        found.append(Evidence(lesson, run.id, run.time_ms, Verdict.RAN, reason, run.situation, run.language, text))
        if run.example is not None and not run.edited:
            found.append(_count(run.example, run, Verdict.SHOWN_AND_RUN))
        shown_and_run = {one.example for one in run.shown if _same(one, text)} - {run.example}
        found += [_count(example, run, Verdict.SHOWN_AND_RUN) for example in sorted(filter(None, shown_and_run))]
        found += [_count(example, run, Verdict.OVERRIDDEN) for example in _overridden(run, text)]
    else:
        blamed = {lesson} if run.example is None else {lesson, run.example}
        found += [_count(example, run, Verdict.FAILED) for example in sorted(blamed)]
    rejected = {one.example for one in run.shown if _rejected(one, text)}
    found += [_count(example, run, Verdict.REJECTED) for example in sorted(filter(None, rejected))]
    return found


def _overridden(run: Executed, text: str) -> list[str]:
    """The examples of the suggestion that this run was judged to override, but for one that it is itself."""
    passed = () if run.feedback is None else run.feedback.passed
    found = {one.example for one in passed if one.example and argument_distance(one.text, text) > NEAR}
    return sorted(found - {example_id(run.situation, run.language, text)})


def _count(example: str, run: Executed, verdict: Verdict) -> Evidence:
    return Evidence(example, run.id, run.time_ms, verdict)


def _same(one: Shown, text: str) -> bool:
    return one.text.strip() == text.strip()


def _rejected(one: Shown, text: str) -> bool:
    read = one.shown_ms >= READ_MS and one.reason in _COUNTING_REJECTIONS
    return read and argument_distance(one.text, text) > NEAR
