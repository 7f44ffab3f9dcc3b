"""The embedder's process: reads requests from standard input, answers on standard output, owns model and vectors.

Started by `process.py`, never by hand. It keeps no opinion about what is searched. Texts to add wait in a queue and are
embedded in small batches; between any two of them every waiting request is answered first, so a search waits for one
batch at most. It ends when its input closes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
from collections import OrderedDict, deque
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, assert_never

import msgspec

from ghostcells.embedders import wire
from ghostcells.embedders.pipes import Requests, send

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ghostcells.embedders.base import EmbedderSpec
    from ghostcells.embedders.vectors import Vectors

    Floats = NDArray[np.float32]

KEPT_QUERIES = 32
STORE_AT_ONCE = 32
"""Embedded texts are written together: an append costs a lock and three system calls."""
PARENT_CHECK = 5.0


class TextEmbedder(Protocol):
    """What a spec's factory returns. `batch` is how many texts one call of `embed` should hold at most."""

    batch: int

    def embed(self, texts: Sequence[str]) -> Floats: ...


class AddJob:
    """Texts on their way into the store; the request is answered when the last one is there."""

    def __init__(self, request: wire.Add) -> None:
        self.id = request.id
        self.waiting = deque(request.items)
        self.rows: list[int] = []
        self.vectors: list[Floats] = []
        self.count = 0

    def next_texts(self, at_most: int) -> list[tuple[int, str]]:
        return [self.waiting.popleft() for _ in range(min(at_most, len(self.waiting)))]

    def drop(self, rows: set[int]) -> None:
        self.waiting = deque(item for item in self.waiting if item[0] not in rows)


class Child:
    """Answers requests in their order, except for `Add`, which `step` works off while nothing else is asked."""

    def __init__(self, spec: EmbedderSpec, embedder: TextEmbedder, vectors: Vectors) -> None:
        self._spec = spec
        self._embedder = embedder
        self._vectors = vectors
        self._queries: OrderedDict[str, Floats] = OrderedDict()
        self._jobs: deque[AddJob] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    def answer(self, request: wire.Request) -> wire.Answer | None:
        """Answer, or return `None` for what `step` is going to answer."""
        match request:
            case wire.Hello():
                return wire.Greeting(request.id, self._spec.name, self._spec.dims, len(self._vectors), wire.VERSION)
            case wire.Search():
                return self._search(request)
            case wire.Score():
                return self._score(request)
            case wire.Add():
                self._jobs.append(AddJob(request))
                return None
            case wire.Remove():
                self._withdraw(set(request.rows))
                return wire.Done(request.id, self._vectors.remove(request.rows))
            case wire.Clear():
                self._withdraw({row for job in self._jobs for row, _ in job.waiting})
                return wire.Done(request.id, self._vectors.clear())
            case wire.Rows():
                self._vectors.refresh()
                return wire.Present(request.id, wire.pack_rows(self._vectors.rows()))
            case wire.Embed():
                return self._embed(request)
            case _:
                assert_never(request)

    def step(self) -> wire.Answer | None:
        """Embed the next few texts of the oldest `Add`; its answer, if that was the end of it."""
        job = self._jobs[0]
        try:
            if items := job.next_texts(self._embedder.batch):
                job.vectors.append(self._embedder.embed([text for _, text in items]))
                job.rows += [row for row, _ in items]
            if len(job.rows) >= STORE_AT_ONCE or not job.waiting:
                self._store(job)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this request's answer
            self._jobs.popleft()
            return failed(job.id, error)
        if job.waiting:
            return None
        self._jobs.popleft()
        return wire.Done(job.id, job.count)

    def close(self) -> None:
        for job in self._jobs:
            self._store(job)
        self._vectors.close()

    def _search(self, request: wire.Search) -> wire.Found:
        start = time.perf_counter()
        query = self._remember(request.key, self._embedder.embed([request.text])[0])
        embedded = time.perf_counter()
        self._vectors.refresh()
        rows, scores = self._vectors.search(query, request.k)
        also = self._vectors.cosines(request.also, query)
        scanned = time.perf_counter()
        second: list[float] = []
        if request.second is not None:
            other = self._embedder.embed([request.second])[0]
            second = [score or 0.0 for score in self._vectors.cosines(rows, other)]
        spent = [(embedded - start) * 1000, (scanned - embedded) * 1000]
        return wire.Found(request.id, rows, scores, also, second, *spent)

    def _score(self, request: wire.Score) -> wire.Scores:
        query = self._queries.get(request.key)
        if query is None:
            raise LookupError(f"no search with the key {request.key!r} is remembered")
        return wire.Scores(request.id, self._vectors.cosines(request.rows, query))

    def _embed(self, request: wire.Embed) -> wire.Vectors:
        size, texts = self._embedder.batch, request.texts
        parts = [self._embedder.embed(texts[start : start + size]) for start in range(0, len(texts), size)]
        packed = b"".join(part.astype("<f4").tobytes() for part in parts)
        return wire.Vectors(request.id, self._spec.dims, packed)

    def _remember(self, key: str, query: Floats) -> Floats:
        for name in {"", key}:
            self._queries[name] = query
            self._queries.move_to_end(name)
        while len(self._queries) > KEPT_QUERIES:
            self._queries.popitem(last=False)
        return query

    def _withdraw(self, rows: set[int]) -> None:
        """Let a removal that follows an unfinished `Add` win: store what is embedded, drop what is not."""
        for job in self._jobs:
            self._store(job)
            job.drop(rows)

    def _store(self, job: AddJob) -> None:
        rows, vectors = job.rows, job.vectors
        job.rows, job.vectors = [], []
        if rows:
            self._vectors.add(rows, concatenated(vectors))
            job.count += len(rows)


def concatenated(parts: list[Floats]) -> Floats:
    import numpy as np

    return np.concatenate(parts)


def failed(request: int, error: Exception) -> wire.Failed:
    return wire.Failed(request, f"{type(error).__name__}: {error}")


def serve(child: Child, requests: Requests, target: int) -> None:
    """Answer until the requests end or the parent is gone."""
    parent = os.getppid()
    while True:
        body = requests.next(0 if child.busy else PARENT_CHECK)
        if body is None and child.busy:
            send(target, child.step())
        elif body is None and os.getppid() != parent:
            return
        elif body is not None:
            send(target, answered(child, wire.read_request(body)))


def answered(child: Child, request: wire.Request) -> wire.Answer | None:
    try:
        return child.answer(request)
    except Exception as error:  # noqa: BLE001 - one request's failure is not the child's
        return failed(request.id, error)


def load(config: wire.ChildConfig) -> Child:
    from ghostcells.embedders.runtime import trim_memory
    from ghostcells.embedders.vectors import Vectors

    module, _, function = config.spec.factory.partition(":")
    embedder: TextEmbedder = getattr(importlib.import_module(module), function)(**config.spec.options)
    child = Child(config.spec, embedder, Vectors(Path(config.directory), config.spec.name, config.spec.dims))
    trim_memory()
    gc.freeze()  # a collection would walk every module's objects, for milliseconds, in the middle of a search
    return child


def main() -> None:
    # Frames have a descriptor of their own; whatever else a library prints goes to the log.
    target = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the daemon, which then closes our input
    config = msgspec.json.decode(sys.argv[1], type=wire.ChildConfig)
    try:
        child = load(config)
    except Exception as error:  # noqa: BLE001 - the parent tells the user
        send(target, failed(0, error))
        os._exit(1)
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(child, Requests(0), target)
    child.close()
    os._exit(0)  # nothing is left to tidy, and unloading the libraries takes longer than all of the above
