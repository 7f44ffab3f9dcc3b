"""The runbooks of a workspace: what could be learned from them, and learning it where the user agrees.

The editor asks once for each workspace; that it was asked is kept, whatever the answer.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from ghostcells.app.ondisk import unwritten
from ghostcells.domain.errors import RequestFailed
from ghostcells.domain.events import AnyRecord, Learned
from ghostcells.domain.examples import Example, Reason
from ghostcells.domain.ids import Stamp
from ghostcells.domain.replies import LearnPreview, LearnResult, Sample
from ghostcells.learning.lessons import example_id
from ghostcells.reading.runbook import Lesson, Unreadable
from ghostcells.runtime.ports import Log

T = TypeVar("T")

ASKED = "asked-workspaces"
MOST_FILES = 2_000
SAMPLES = 20
_TOLD_PROBLEMS = 20
_INTENT_CHARS = 200
_TEXT_CHARS = 400


class Known(Protocol):
    def by_id(self, example: str) -> Example | None: ...


class Run(Protocol):
    """Does something in the index's thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class Found(msgspec.Struct, frozen=True):
    """What was read: the new lessons as they will be stored, and how many were known."""

    files: int
    fresh: tuple[Learned, ...]
    known: int
    problems: tuple[str, ...]


class Runbooks:
    """`trusted` says whether the user trusts the workspace, `redact` takes secrets out as the log does."""

    def __init__(
        self,
        folders: Sequence[Path],
        data_dir: Path,
        *,
        log: Log,
        known: Known,
        run: Run,
        stamp: Callable[[], Stamp],
        redact: Callable[[AnyRecord], AnyRecord],
        trusted: Callable[[], bool],
    ) -> None:
        self._folders = tuple(sorted(folders))
        self._marker = data_dir / ASKED
        self._log = log
        self._known = known
        self._run = run
        self._stamp = stamp
        self._redact = redact
        self._trusted = trusted

    async def preview(self) -> LearnPreview:
        """What `learn` would read and learn; raises RequestFailed where the workspace is not trusted."""
        found = await self._found()
        asked = await asyncio.to_thread(self._was_asked)
        return LearnPreview(
            asked=asked,
            files=found.files,
            fresh=len(found.fresh),
            known=found.known,
            problems=found.problems[:_TOLD_PROBLEMS],
            samples=tuple(_sample(one) for one in found.fresh[:SAMPLES]),
        )

    async def learn(self, *, agreed: bool) -> LearnResult:
        """Learn what is new, all of it on disk when this returns; or only remember that the user was asked."""
        found = await self._found() if agreed else Found(0, (), 0, ())
        for record in found.fresh:
            at = self._stamp()
            self._log.append(msgspec.structs.replace(record, id=at.id(0), time_ms=at.time_ms), firm=True)
        if found.fresh and (error := await unwritten(self._log)) is not None:
            raise RequestFailed(f"could not be written to disk: {error}", "not-durable")
        await asyncio.to_thread(self._remember_asking)
        return LearnResult(learned=len(found.fresh), known=found.known, problems=found.problems[:_TOLD_PROBLEMS])

    async def _found(self) -> Found:
        if not self._trusted():
            raise RequestFailed("the workspace is not trusted, so nothing is learned from it", "untrusted")
        lessons, files, problems = await asyncio.to_thread(self._read)
        redacted = await asyncio.to_thread(lambda: list(redacted_lessons(lessons, self._redact)))
        fresh = await self._run(lambda: tuple(unknown(redacted, self._known.by_id, set())))
        return Found(files, fresh, len(lessons) - len(fresh), tuple(problems))

    def _read(self) -> tuple[list[Lesson], int, list[str]]:
        from ghostcells.reading.files import find
        from ghostcells.reading.material import lessons_in

        paths, unreadable = find([folder for folder in self._folders if folder.is_dir()])
        problems = [str(one) for one in unreadable]
        lessons: list[Lesson] = []
        read = 0
        for path in paths[:MOST_FILES]:
            try:
                lessons += lessons_in(path)
                read += 1
            except Unreadable as error:
                problems.append(str(error))
        if len(paths) > MOST_FILES:
            problems.append(f"{len(paths) - MOST_FILES} more files: `ghostcells learn PATH` reads them")
        return lessons, read, problems

    def _name(self) -> str:
        """The workspace, without giving its folders away."""
        return hashlib.blake2b("\0".join(map(str, self._folders)).encode(), digest_size=10).hexdigest()

    def _was_asked(self) -> bool:
        try:
            return self._name() in self._marker.read_text(encoding="utf-8").split()
        except OSError:
            return False

    def _remember_asking(self) -> None:
        if self._was_asked():
            return
        try:
            handle = os.open(self._marker, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(f"{self._name()}\n")
        except OSError as error:
            raise RequestFailed(f"could not be written to disk: {error}", "not-durable") from error


def redacted_lessons(found: Iterable[Lesson], redact: Callable[[AnyRecord], AnyRecord]) -> Iterator[Learned]:
    """Lessons as the records that will be stored; the id of an example is that of the redacted text."""
    for lesson in found:
        record: Any = redact(
            Learned(
                id="",
                time_ms=0,
                notebook=lesson.situation.notebook,
                example="",
                reason=Reason.READ,
                situation=lesson.situation,
                text=lesson.text,
                language=lesson.language,
            )
        )
        yield msgspec.structs.replace(record, example=example_id(record.situation, record.language, record.text))


def unknown(found: Iterable[Learned], by_id: Callable[[str], Example | None], seen: set[str]) -> Iterator[Learned]:
    """Those that were not read before, each once; `seen` grows by them."""
    for record in found:
        known = by_id(record.example)
        if record.example not in seen and (known is None or not known.reads):
            seen.add(record.example)
            yield record


def _sample(record: Learned) -> Sample:
    situation = record.situation
    assert situation is not None
    return Sample(notebook=record.notebook, intent=situation.intent[-_INTENT_CHARS:], text=record.text[:_TEXT_CHARS])
