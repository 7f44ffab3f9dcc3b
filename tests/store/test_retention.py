"""What is too old goes; what was learned stays."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from ghostcells.store.examples import Examples
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.retention import Own, retain
from ghostcells.store.segment import segments

from . import builders as b

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ghostcells.domain.events import AnyRecord

    from .conftest import Daemon

OLD: list[AnyRecord] = [
    b.suggested(1, "g1"),
    b.traced(2, "S1", b.rid(0), prompt="what was asked"),
    b.accepted(3, "g1"),
    b.ran(4, "make test", output="secret output", above=["ls"]),
    b.learned(5, "x", b.rid(4)),
    b.read(6),
    b.forgotten(7, "gone"),
    b.pinned(8, b.example_id("List the pods", "make test")),
    b.edited(9, b.example_id("Install it", "make install"), "make install", "Install all of it"),
]
NEW: list[AnyRecord] = [b.suggested(b.DAY_MS, "g2"), b.ran(b.DAY_MS + 1, "make lint", output="new output")]


def types(index: Index) -> list[str]:
    return [kind for (kind,) in index.connection.execute("SELECT type FROM event ORDER BY id")]


def all_bytes(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((root / "log").iterdir()))


def test_lessons_live_on(root: Path) -> None:
    index = b.index_of(root, *OLD, *NEW)
    assert retain(index.paths, b.NOW_MS + b.DAY_MS // 2)
    index.settle()
    assert types(index) == ["EXECUTED", "LEARNED", "FORGOTTEN", "PINNED", "EDITED", "SUGGESTED", "EXECUTED"]
    examples = Examples(index)
    assert sorted(one.text for one in examples.load(examples.all_rows())) == ["make install", "make lint", "make test"]
    assert b"secret output" not in all_bytes(root)
    assert b"new output" in all_bytes(root)
    after = index.dump()
    index.rebuild()
    assert index.dump() == after
    index.close()


def test_the_index_of_another_daemon_follows(root: Path) -> None:
    index = b.index_of(root, *OLD, *NEW)
    other = Index.open(index.paths, b.WORDS)
    other.settle()
    retain(index.paths, b.NOW_MS + b.DAY_MS // 2)
    index.settle()
    other.settle()
    assert other.dump() == index.dump()
    index.close()
    other.close()


def test_a_second_time_changes_nothing(root: Path) -> None:
    index = b.index_of(root, *OLD, *NEW)
    index.close()
    assert retain(index.paths, b.NOW_MS + b.DAY_MS // 2)
    before = all_bytes(root)
    assert not retain(index.paths, b.NOW_MS + b.DAY_MS // 2)
    assert all_bytes(root) == before


def test_the_segments_of_the_living_are_left_alone(root: Path, daemon_at: Callable[..., Daemon]) -> None:
    daemon = daemon_at(root)
    for record in OLD:
        daemon.log.append(record, firm=True)
    daemon.barrier()
    assert not retain(prepare(root), b.NOW_MS + b.DAY_MS)


def test_many_small_segments_become_one(root: Path) -> None:
    paths = prepare(root)
    for number in range(1, 12):
        b.write_segment(paths, [b.ran(number, f"echo {number}")], f"D{number}")
    index = b.index_of(root)
    before = index.dump()
    assert retain(paths, 0)
    assert len(segments(paths)) == 1
    index.settle()
    assert index.dump() == before
    index.close()


@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step(root: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Duplicates at most: an index reads the same before the crash is made good and after."""
    from pathlib import Path as RealPath

    paths = prepare(root)
    b.write_segment(paths, OLD, "A")
    b.write_segment(paths, NEW, "B")
    steps = iter(range(100))
    replace, unlink = RealPath.replace, RealPath.unlink

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object, **named: object) -> object:
            if next(steps) == step:
                raise KeyboardInterrupt
            return call(*given, **named)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(RealPath, "replace", counted(replace))
        patch.setattr(RealPath, "unlink", counted(unlink))
        with contextlib.suppress(KeyboardInterrupt):
            retain(paths, b.NOW_MS + b.DAY_MS // 2)
    crashed = b.index_of(root)
    rows = sorted(one.text for one in Examples(crashed).load(Examples(crashed).all_rows()))
    assert rows == ["make install", "make lint", "make test"]
    retain(paths, b.NOW_MS + b.DAY_MS // 2)
    crashed.settle()
    after = crashed.dump()
    crashed.rebuild()
    assert crashed.dump() == after
    assert b"secret output" not in all_bytes(root)
    crashed.close()


def test_a_daemon_that_lives_on_gives_up_its_own_old_segments(root: Path, daemon_at: Callable[..., Daemon]) -> None:
    daemon = daemon_at(root)
    index = b.index_of(root)
    sealed = []
    for records in (OLD, [b.suggested(b.DAY_MS - 1, "g0"), *NEW], [b.ran(b.DAY_MS + 2, "make all")]):
        for record in records:
            daemon.log.append(record, firm=False)
        daemon.turn()
        sealed.append(daemon.log.seal().result())
    index.settle()
    assert not retain(index.paths, b.NOW_MS + b.DAY_MS)
    assert not retain(index.paths, b.NOW_MS + b.DAY_MS, Own(daemon.epoch, 1))
    assert retain(index.paths, b.NOW_MS + b.DAY_MS, Own(daemon.epoch, sealed[-1]))
    assert [one.number for one in segments(index.paths) if one.owner == daemon.epoch] == [2, 3]
    assert b"secret output" not in all_bytes(root)
    assert b"new output" in all_bytes(root)
    index.settle()
    kept = ["EXECUTED", "LEARNED", "FORGOTTEN", "PINNED", "EDITED"]
    assert types(index) == [*kept, "SUGGESTED", "SUGGESTED", "EXECUTED", "EXECUTED"]
    after = index.dump()
    index.rebuild()
    assert index.dump() == after
    index.close()
