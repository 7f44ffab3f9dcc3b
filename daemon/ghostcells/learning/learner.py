"""Follows the log: says what each committed run has taught.

The index learns by itself, from the same records and the same function (`lessons.evidence_of`). The learner adds what the log
is to say about it: one LEARNED for each lesson of this daemon's own runs.
"""

from collections.abc import Callable, Iterable

from ghostcells.domain.events import AnyRecord, Executed, Learned
from ghostcells.domain.ids import Stamp
from ghostcells.learning.lessons import taught_by


class Learner:
    """`append` queues a record, `stamp` gives its time and id; both are the loop's, and so are this object's methods."""

    def __init__(self, *, append: Callable[[AnyRecord], None], stamp: Callable[[], Stamp]) -> None:
        self._append = append
        self._stamp = stamp

    def committed(self, records: Iterable[AnyRecord]) -> None:
        """These records are on disk, as they were written: what they teach is told."""
        for record in records:
            lesson = taught_by(record) if isinstance(record, Executed) else None
            if lesson is None or lesson.reason is None:
                continue
            at = self._stamp()
            self._append(
                Learned(
                    id=at.id(0),
                    time_ms=at.time_ms,
                    notebook=record.notebook,
                    session=record.session,
                    cell=record.cell,
                    example=lesson.example,
                    reason=lesson.reason,
                    executed=record.id,
                )
            )
