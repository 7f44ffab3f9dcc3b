"""Forgetting: from the FORGOTTEN event to the bytes being gone from every file.

What is to go is not in the event. Whoever folds a void lesson finds its text there, and puts it into a file below `forget/`
before anything else loses it: a job that survives crashes and is only removed when it is done everywhere. Each daemon seals
and rewrites its own segments and cleans its own index, then says so with a mark; the segments of dead daemons and the index
slots that nobody holds are done under the maintenance lock by whoever comes first. What changes in a line is in `scrub`.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from ghostcells.domain.events import Executed, Learned
from ghostcells.store.fold import Forgettable
from ghostcells.store.locks import FileLock
from ghostcells.store.paths import Paths, replace_file
from ghostcells.store.presence import living
from ghostcells.store.rewriting import Edit, remove_superseded, remove_unfinished, rewrite
from ghostcells.store.scrub import Forgetting, Scrubber
from ghostcells.store.segment import decode, read_all, segments
from ghostcells.store.slots import remove_free_slots

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

_JOB = ".json"
_DONE = ".done"

_log = logging.getLogger(__name__)


def note(paths: Paths, found: Iterable[Forgettable]) -> None:
    """Write down what void lessons said, so that it will be cleared away whatever happens to us."""
    for one in found:
        _add(paths, Forgetting(one.forgotten, one.example, one.events, (one.text,), (one.intent,)))


def _add(paths: Paths, job: Forgetting) -> Forgetting:
    """Add to what is known of a job; the whole."""
    path = paths.forget / f"{job.before}{_JOB}"
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Forgetting)
    except FileNotFoundError:
        known = None
    whole = job if known is None else known | job
    if whole != known:
        # The marks of those who have worked on less do not count for more.
        for mark in paths.forget.glob(f"{job.before}.*{_DONE}"):
            mark.unlink(missing_ok=True)
        replace_file(path, msgspec.json.encode(whole))
    return whole


class Forgetter:
    """One daemon's part; `work` may take seconds and belongs on a thread that may wait."""

    def __init__(
        self, paths: Paths, epoch: str, *, seal: Callable[[], "Future[int]"] | None, clean: Callable[[], None]
    ) -> None:
        """`seal` is the log's; `clean` has the index read what is new and overwrite what it has deleted (`Index.clean`)."""
        self._paths = paths
        self._epoch = epoch
        self._seal = seal
        self._clean = clean

    def pending(self) -> bool:
        """Whether there is something to do; cheap enough to ask every second."""
        return any(self._paths.forget.glob(f"*{_JOB}"))

    def work(self) -> None:
        """Do our own part, and what is left of dead daemons; a job is removed once all the living have done theirs."""
        jobs = self._jobs()
        waiting = [job for job in jobs if not self._mark(job, self._epoch).exists()]
        if waiting:
            waiting = [_add(self._paths, self._gathered(job)) for job in waiting]
            edit = _edit(waiting)
            sealed = None if self._seal is None else self._seal().result()
            for segment in segments(self._paths):
                if segment.owner == self._epoch and sealed is not None and segment.number < sealed:
                    rewrite(self._paths, segment, edit)
            remove_superseded(self._paths, lambda segment: segment.owner == self._epoch)
            self._clean()
            for job in waiting:
                replace_file(self._mark(job, self._epoch), b"")
        if jobs:
            self._finish(jobs)

    def _jobs(self) -> list[Forgetting]:
        found = []
        for path in sorted(self._paths.forget.glob(f"*{_JOB}")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Forgetting))
            except FileNotFoundError:
                continue
            except msgspec.DecodeError:
                _log.warning("%s is not understood and is left alone", path.name)
        return found

    def _gathered(self, job: Forgetting) -> Forgetting:
        """The job with the very words of all records that taught it, which may differ in blanks and case."""
        texts, intents = set(job.texts), set(job.intents)
        wanted = [event.encode() for event in job.events]
        for segment in segments(self._paths):
            for line in read_all(self._paths.log / segment.name):
                if any(event in line for event in wanted):
                    record = decode(line)
                    if (
                        isinstance(record, Executed | Learned)
                        and record.id in job.events
                        and record.situation is not None
                    ):
                        texts.add(record.text)
                        intents.add(record.situation.intent)
        return msgspec.structs.replace(job, texts=tuple(sorted(texts)), intents=tuple(sorted(intents)))

    def _mark(self, job: Forgetting, epoch: str) -> "Path":
        return self._paths.forget / f"{job.before}.{epoch}{_DONE}"

    def _finish(self, jobs: list[Forgetting]) -> None:
        lock = FileLock.take(self._paths.maintenance_lock)
        if lock is None:
            return
        with lock:
            alive = set(living(self._paths))
            ready = [job for job in jobs if all(self._mark(job, epoch).exists() for epoch in alive)]
            edit = _edit(jobs)
            dead = [segment for segment in segments(self._paths) if segment.owner not in alive]
            changed = [segment for segment in dead if rewrite(self._paths, segment, edit)]
            remove_superseded(self._paths, lambda segment: segment.owner not in alive)
            remove_unfinished(self._paths)
            remove_free_slots(self._paths)
            if changed:
                self._clean()
            # One that has died since may have left what it had not done yet; then the next round does it.
            if alive <= set(living(self._paths)) and not changed:
                for job in ready:
                    self._remove(job)

    def _remove(self, job: Forgetting) -> None:
        (self._paths.forget / f"{job.before}{_JOB}").unlink(missing_ok=True)
        for mark in self._paths.forget.glob(f"{job.before}.*{_DONE}"):
            mark.unlink(missing_ok=True)


def _edit(jobs: list[Forgetting]) -> Edit:
    scrubbers = [Scrubber(job) for job in jobs]

    def edit(line: bytes) -> bytes:
        for scrubber in scrubbers:
            line = scrubber.scrubbed(line)
        return line

    return edit
