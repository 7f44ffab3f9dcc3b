"""The data directory as commands use it: its index read up to now, for one thread and one command.

Commands look at a directory whose daemons go on working; what they append goes through a log of their own, as a daemon's does.
"""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from ghostcells.app.index import open_index
from ghostcells.app.ondisk import unwritten
from ghostcells.commands.output import builtins
from ghostcells.commands.settings import data_dir_of, settings_of
from ghostcells.domain.errors import GhostcellsError
from ghostcells.domain.events import Forgotten
from ghostcells.privacy.records import redact_record
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.clock import SystemClock
from ghostcells.store.examples import Examples
from ghostcells.store.fold import Forgettable
from ghostcells.store.forgetting import Forgetter, note
from ghostcells.store.log import EventLog
from ghostcells.store.paths import prepare
from ghostcells.store.queries import Queries
from ghostcells.store.segment import decode, read_all, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from ghostcells.config.schema import Settings
    from ghostcells.domain.events import AnyRecord
    from ghostcells.domain.examples import Example

_PAGE = 500
_ROUNDS = 3
"""How often what is to be forgotten is looked for: rewriting files of dead daemons may bring up more once."""


class NotFound(GhostcellsError):
    """What was asked for is not there."""


class Data:
    """Raises `NewerData` for a directory of a later version, `OSError` for one that cannot be used."""

    def __init__(self, directory: Path, settings: "Settings") -> None:
        self.directory = directory
        self._clock = SystemClock()
        self._redactor = Redactor(settings.privacy.patterns)
        self._paths = prepare(directory)
        self._index, self._passing = open_index(self._paths)
        self._index.settle()
        self.examples = Examples(self._index)
        self.queries = Queries(self._index, self._index.settle)
        self.still = Queries(self._index, lambda: None)
        """The same as of the last `settle`: for what asks many questions, and is to be of one piece."""

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.queries.close()
        self.still.close()
        self._index.close()
        if self._passing is not None:
            self._passing.cleanup()

    def settle(self) -> None:
        """Read what is new in the log."""
        self._index.settle()

    def redact(self, record: "AnyRecord") -> "AnyRecord":
        """The record as it is going to be written."""
        return redact_record(record, lambda text: self._redactor.redact(text).text)

    def append(self, records: "Sequence[AnyRecord]") -> list[str]:
        """Write records under fresh ids and times, in this order; on disk, and in the index, when this returns the ids."""
        ids = asyncio.run(self._append(records))
        self._index.settle()
        return ids

    def forget(self, examples: "Sequence[str]", events: "Sequence[str]" = (), text: str = "") -> None:
        """Forget examples, records that taught none any more, and a text wherever it stands; all gone when this returns.

        A living daemon does its own part within seconds.
        """
        gone = [
            Forgotten(id="", time_ms=0, notebook=self._notebook_of(name), example=name, events=self.teachers(name))
            for name in examples
        ]
        more = bool(events or text)
        ids = self.append([*gone, *([Forgotten(id="", time_ms=0, notebook="", example="")] if more else [])])
        if more:
            note(self._paths, [Forgettable(ids[-1], "", tuple(events), text, "")])
        self.forget_now()

    def _notebook_of(self, example: str) -> str:
        known = self.examples.by_id(example)
        return "" if known is None else known.situation.notebook

    def holds(self, text: str) -> bool:
        """Whether the log has a text anywhere."""
        wanted = msgspec.json.encode(text)[1:-1]
        return any(
            wanted in line for segment in segments(self._paths) for line in read_all(self._paths.log / segment.name)
        )

    def forget_now(self) -> None:
        """Carry out what has been appended as forgotten; a living daemon does its own part within seconds."""
        forgetter = Forgetter(self._paths, self._clock.stamp().id(0), seal=None, clean=self._index.clean)
        for _ in range(_ROUNDS):
            if forgetter.pending():
                forgetter.work()

    def teachers(self, example: str) -> tuple[str, ...]:
        """The ids of the records that taught an example."""
        return self._index.teachers(example)

    def rebuild(self) -> None:
        self._index.rebuild()

    def all_examples(self) -> "Iterator[Example]":
        after = 0
        while rows := self.examples.all_rows(after, _PAGE):
            yield from self.examples.load(rows)
            after = rows[-1]

    def records(self, kinds: "tuple[type[AnyRecord], ...]") -> "list[AnyRecord]":
        """The log's records of these types, whole, in the order of ids; the index keeps only parts of them."""
        found: dict[str, AnyRecord] = {}
        for segment in segments(self._paths):
            for line in read_all(self._paths.log / segment.name):
                record = decode(line)
                if isinstance(record, kinds):
                    found[record.id] = record
        return [found[identity] for identity in sorted(found)]

    async def _append(self, records: "Sequence[AnyRecord]") -> list[str]:
        loop = asyncio.get_running_loop()
        log = EventLog(
            self._paths.root,
            self._clock.stamp().id(0),
            loop=loop,
            stamp=self._clock.stamp,
            redact=self.redact,
            on_committed=lambda _: None,
        )
        ids: list[str] = []
        try:
            log.opening(self._clock.now_ms())
            for record in records:
                stamp = self._clock.stamp()
                ids.append(stamp.id(0))
                log.append(replace(record, id=ids[-1], time_ms=stamp.time_ms), firm=True)
            if (error := await unwritten(log)) is not None:
                raise error
        finally:
            log.close()
        return ids


def opened(options: argparse.Namespace) -> Data:
    """The data that the options name; for a `with` statement."""
    return Data(data_dir_of(options), settings_of(options))


def answered(result: object) -> Any:
    """A query's result as the protocol's JSON."""
    return builtins(result)


def found_example(data: Data, wanted: str) -> "Example":
    """The example of an id, or of the beginning of one."""
    exact = data.examples.by_id(wanted)
    if exact is not None:
        return exact
    matches = [example for example in data.all_examples() if example.id.startswith(wanted)] if wanted else []
    if not matches:
        raise NotFound(f"no example has the id {wanted!r}: `ghostcells examples list` shows all")
    if len(matches) > 1:
        ids = ", ".join(example.id for example in matches[:5])
        raise NotFound(f"{len(matches)} examples begin with {wanted!r}: {ids}")
    return matches[0]
