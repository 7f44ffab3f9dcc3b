"""Forgetting: from the FORGOTTEN event to the bytes being gone from every file.

What is to go is not in the event. Whoever folds a void lesson finds its text there, and puts it into a file below `forget/`
before anything else loses it: a job that survives crashes and is only removed when it is done everywhere. First each daemon
seals and rewrites its own segments and says so with a mark; once all the living have, whoever comes first does those of the
dead, under the maintenance lock, and the log is clean. Then each daemon cleans its own index, which knows the records of all,
and says so; at last the index files that nobody holds are removed, and the job. What changes in a line is in `scrub`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from ghostcells.domain.events import Edited, Executed, Learned
from ghostcells.store.fold import Forgettable
from ghostcells.store.locks import FileLock
from ghostcells.store.paths import Paths, replace_file
from ghostcells.store.pools import remove_pools
from ghostcells.store.presence import living
from ghostcells.store.rewriting import remove_superseded, remove_unfinished, rewrite
from ghostcells.store.scrub import SHORT_CHARS, Forgetting, Scrubber
from ghostcells.store.segment import decode, lines_of, read_blocks, segments
from ghostcells.store.slots import remove_free_slots

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

_JOB = ".json"
# The marks of a job: of one daemon that its segments are done, of all that the log is, of one daemon that its index is.
_REWRITTEN = "rewritten"
_EVERYWHERE = "everywhere"
_CLEANED = "cleaned"

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
        _remove_marks(paths, job)
        replace_file(path, msgspec.json.encode(whole))
    return whole


def jobs(paths: Paths) -> list[Forgetting]:
    """What is being cleared away."""
    found = []
    for path in sorted(paths.forget.glob(f"*{_JOB}")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Forgetting))
        except FileNotFoundError:
            continue
        except msgspec.DecodeError:
            _log.warning("%s is not understood and is left alone", path.name)
    return found


def needles(paths: Paths) -> set[bytes]:
    """What must not be found in any file any more, as it is and as JSON writes it."""
    texts = {text for job in jobs(paths) for text in (*job.texts, *job.intents) if len(text) >= SHORT_CHARS}
    return {form for text in texts for form in (text.encode(), msgspec.json.encode(text)[1:-1])}


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
        """Do our own part as far as it can be done now, and what is left of dead daemons.

        An index is cleaned one call after the log, so that it can read what has changed in the steps that it takes anyway.
        """
        found = jobs(self._paths)
        if not found:
            return
        self._clean_own([job for job in found if self._clean_log(job) and not self._own_mark(job, _CLEANED).exists()])
        self._rewrite_own([job for job in found if not self._own_mark(job, _REWRITTEN).exists()])
        self._work_for_the_dead(found)

    def _rewrite_own(self, waiting: list[Forgetting]) -> None:
        if not waiting:
            return
        whole = [_add(self._paths, self._gathered(job)) for job in waiting]
        edit = _All(whole)
        sealed = None if self._seal is None else self._seal().result()
        for segment in segments(self._paths):
            if segment.owner == self._epoch and sealed is not None and segment.number < sealed:
                rewrite(self._paths, segment, edit)
        remove_superseded(self._paths, lambda segment: segment.owner == self._epoch)
        for job in whole:
            replace_file(self._own_mark(job, _REWRITTEN), b"")

    def _work_for_the_dead(self, found: list[Forgetting]) -> None:
        lock = FileLock.take(self._paths.maintenance_lock)
        if lock is None:
            return
        with lock:
            # Who dies after this has not been one of the dead, but has set its marks or keeps the job waiting.
            alive = set(living(self._paths)) | {self._epoch}
            ready = [job for job in found if self._all_have(alive, job, _REWRITTEN) and not self._clean_log(job)]
            if ready:
                edit = _All(ready)
                for segment in segments(self._paths):
                    if segment.owner not in alive:
                        rewrite(self._paths, segment, edit)
                remove_superseded(self._paths, lambda segment: segment.owner not in alive)
                remove_unfinished(self._paths)
                for job in ready:
                    replace_file(self._everywhere(job), b"")
            over = [job for job in found if self._clean_log(job) and self._all_have(alive, job, _CLEANED)]
            # A command that is just reading has a slot but is no daemon: its file goes when it has gone.
            if over and remove_free_slots(self._paths) <= len(alive):
                for job in over:
                    (self._paths.forget / f"{job.before}{_JOB}").unlink(missing_ok=True)
                    _remove_marks(self._paths, job)

    def _clean_own(self, ready: list[Forgetting]) -> None:
        if ready:
            self._clean()
            # From here on nobody can count from this index what is to be gone.
            remove_pools(self._paths)
            for job in ready:
                replace_file(self._own_mark(job, _CLEANED), b"")

    def _gathered(self, job: Forgetting) -> Forgetting:
        """The job with the very words of all records that taught it, which may differ in blanks and case."""
        texts, intents = set(job.texts), set(job.intents)
        wanted = [event.encode() for event in job.events]
        for segment in segments(self._paths):
            for line in _lines_with(self._paths.log / segment.name, wanted):
                record = decode(line)
                if (
                    isinstance(record, Executed | Learned | Edited)
                    and record.id in job.events
                    and record.situation is not None
                ):
                    texts.add(record.text)
                    intents.add(record.situation.intent)
        return msgspec.structs.replace(job, texts=tuple(sorted(texts)), intents=tuple(sorted(intents)))

    def _own_mark(self, job: Forgetting, mark: str) -> "Path":
        return _mark(self._paths, job, self._epoch, mark)

    def _everywhere(self, job: Forgetting) -> "Path":
        return self._paths.forget / f"{job.before}.{_EVERYWHERE}"

    def _clean_log(self, job: Forgetting) -> bool:
        return self._everywhere(job).exists()

    def _all_have(self, epochs: set[str], job: Forgetting, mark: str) -> bool:
        return all(_mark(self._paths, job, epoch, mark).exists() for epoch in epochs)


def _mark(paths: Paths, job: Forgetting, epoch: str, mark: str) -> "Path":
    return paths.forget / f"{job.before}.{epoch}.{mark}"


def _remove_marks(paths: Paths, job: Forgetting) -> None:
    for mark in paths.forget.glob(f"{job.before}.*"):
        if mark.suffix != _JOB:
            mark.unlink(missing_ok=True)


def _lines_with(path: "Path", wanted: list[bytes]) -> Iterator[bytes]:
    """The lines that have any of these bytes."""
    for block in read_blocks(path):
        if any(one in block for one in wanted):
            yield from (line for line in lines_of(block) if any(one in line for one in wanted))


class _All:
    """Several forgettings at once, as an `Edit`."""

    def __init__(self, found: list[Forgetting]) -> None:
        self._scrubbers = [Scrubber(job) for job in found]

    def concerns(self, block: bytes) -> bool:
        return any(scrubber.concerns(block) for scrubber in self._scrubbers)

    def scrubbed(self, line: bytes) -> bytes:
        for scrubber in self._scrubbers:
            line = scrubber.scrubbed(line)
        return line
