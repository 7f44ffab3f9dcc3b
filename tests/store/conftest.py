from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ghostcells.domain.ids import Stamp, ulid
from ghostcells.store.log import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ghostcells.domain.events import AnyRecord


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Daemon:
    """An event log on a loop of its own, driven step by step."""

    def __init__(
        self,
        root: Path,
        epoch: str = "",
        redact: Callable[[AnyRecord], AnyRecord] = lambda record: record,
        told: list[str] | None = None,
    ) -> None:
        """`told` hears of the order in which the log says things."""
        self.told = [] if told is None else told
        self.loop = asyncio.new_event_loop()
        self.committed: list[AnyRecord] = []
        self.trouble: list[str | None] = []
        self.entropy = itertools.count(1)
        self.now_ms = 0
        self.epoch = epoch or ulid(time.time_ns() // 1_000_000, id(self))
        try:
            self.log = EventLog(
                root, self.epoch, loop=self.loop, stamp=self.stamp, redact=redact, on_committed=self.follow,
                on_trouble=self.trouble.append, together=self.together,
            )  # fmt: skip
        except BaseException:
            self.loop.close()
            raise

    def follow(self, records: list[AnyRecord]) -> None:
        self.told.append("followed")
        self.committed += records

    @contextmanager
    def together(self) -> Iterator[None]:
        self.told.append("begin")
        yield
        self.told.append("end")

    def stamp(self) -> Stamp:
        self.now_ms = max(self.now_ms, time.time_ns() // 1_000_000)
        return Stamp(self.now_ms, next(self.entropy) << 20)

    def opening(self) -> Stamp:
        self.log.opening(time.time_ns() // 1_000_000)
        return self.stamp()

    def barrier(self) -> Exception | None:
        """Wait for what has been appended; what was heard."""
        done = self.loop.create_future()
        self.log.barrier(done.set_result)
        heard: Exception | None = self.loop.run_until_complete(done)
        return heard

    def written(self) -> list[AnyRecord]:
        """What the writer has given to those who follow it, once it has nothing more to do."""
        self.turn()
        self.log.seal().result()
        self.turn()
        return self.committed

    def queued(self) -> None:
        """Let the loop hand over what has been appended, and the writer do what it can."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.log.seal().result()

    def turn(self) -> None:
        """Let the loop do what is due."""
        self.loop.run_until_complete(asyncio.sleep(0))

    def close(self) -> None:
        self.log.close()
        self.loop.close()


@pytest.fixture
def daemon_at() -> Iterator[Callable[..., Daemon]]:
    made: list[Daemon] = []

    def make(root: Path, **given: object) -> Daemon:
        made.append(Daemon(root, **given))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()
