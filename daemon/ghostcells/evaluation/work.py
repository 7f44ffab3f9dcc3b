"""Carries out batches in processes of their own; each result is on disk as soon as it is known.

The questions of a batch are cut into stretches of time, one for each process: every process lets memory learn all that came
before its stretch. Ctrl-C ends the processes after the question they are at; to run the same again goes on from there.
"""

import asyncio
import itertools
import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec

from ghostcells.domain.errors import GhostcellsError
from ghostcells.evaluation.datasets import dataset_at
from ghostcells.evaluation.history import History, records_in
from ghostcells.evaluation.items import Dataset, Result
from ghostcells.evaluation.replay import Plan, Replay
from ghostcells.evaluation.results import Results

_LOOK_S = 0.2
_END_S = 20.0
_LEAST = 25
"""A process of its own is not worth it for fewer questions: it has to learn everything first."""


class Place(msgspec.Struct, frozen=True):
    """Where a data set is: a path, or for `mine` a copy of the log's records."""

    path: str
    mine: bool = False

    def open(self) -> Dataset:
        if self.mine:
            return History(lambda: records_in(Path(self.path)))
        return dataset_at(Path(self.path))


class Job(msgspec.Struct, frozen=True):
    """Some questions of one batch; `directory` has the results."""

    batch: str
    directory: str
    place: Place
    plan: Plan
    keys: tuple[str, ...]


class WorkFailed(GhostcellsError):
    """A process ended before its work was done; what is known is kept."""


def stretches(keys: Sequence[str], jobs: int) -> list[tuple[str, ...]]:
    """The questions in as many contiguous parts, of about the same size, as are worth it."""
    parts = max(1, min(jobs, len(keys) // _LEAST))
    size, more = divmod(len(keys), parts)
    ends = [0]
    for part in range(parts):
        ends.append(ends[-1] + size + (part < more))
    return [tuple(keys[a:b]) for a, b in itertools.pairwise(ends) if b > a]


def work(jobs: Sequence[Job], parallel: int, progressed: Callable[[], bool]) -> None:
    """Do all jobs, so many at once. `progressed` is called while they work, and ends them by returning False.

    Raises WorkFailed, and KeyboardInterrupt once the processes have ended.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    waiting, running, failed = list(jobs), list[BaseProcess](), 0
    try:
        while (waiting or running) and not failed:
            while waiting and len(running) < parallel:
                running.append(_started(context.Process(target=_process, args=(waiting.pop(0), stop), daemon=True)))
            time.sleep(_LOOK_S)
            failed += sum(bool(one.exitcode) for one in running)
            running = [one for one in running if one.exitcode is None]
            if not progressed():
                return
    finally:
        stop.set()
        _end(running)
    if failed:
        raise WorkFailed("a process of the evaluation ended early; what is known is kept: run the same again to go on")


def _started(process: BaseProcess) -> BaseProcess:
    """The process, deaf to Ctrl-C from its first moment on: we hear of it and tell, and the question at hand is finished."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, heard)
    return process


def _end(running: Sequence[BaseProcess]) -> None:
    deadline = time.monotonic() + _END_S
    for one in running:
        one.join(max(0.0, deadline - time.monotonic()))
        if one.exitcode is None:
            one.terminate()
            one.join()


def _process(job: Job, stop: Event) -> None:
    do(job, stop.is_set)


def do(job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
    """Do a job in this process."""
    results = Results(Path(job.directory))

    def put(one: Result) -> None:
        results.put(job.batch, one)

    try:
        asyncio.run(Replay(job.place.open(), job.plan, put).run(job.keys, stopped=stopped))
    finally:
        results.close()
