"""Acknowledged means on disk; what could not be written did not happen, or is kept."""

from __future__ import annotations

import errno
import json
import os
import resource
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from ghostcells.domain.errors import NewerData, NotDurable
from ghostcells.store import segment as segment_module
from ghostcells.store.presence import living
from ghostcells.store.segment import decode, read_all

from .builders import ran, suggested

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ghostcells.domain.events import AnyRecord

    from .conftest import Daemon

    Make = Callable[..., Daemon]


def on_disk(root: Path) -> list[AnyRecord]:
    lines = [line for path in sorted((root / "log").glob("*.jsonl")) for line in read_all(path)]
    return [record for line in lines if (record := decode(line))]


def test_what_the_barrier_has_acknowledged_is_on_disk(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.log.append(suggested(2, "g1"), firm=False)
    assert daemon.barrier() is None
    assert [record.id for record in on_disk(root)] == [ran(1).id, suggested(2, "g1").id]
    assert [record.id for record in daemon.written()] == [ran(1).id, suggested(2, "g1").id]


def test_a_barrier_without_records_is_released(root: Path, daemon_at: Make) -> None:
    assert daemon_at(root).barrier() is None
    assert on_disk(root) == []


def test_lines_are_json_that_other_tools_read(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1, "echo 'ä'\n\r\u2028"), firm=True)
    daemon.barrier()
    [path] = (root / "log").glob("*.jsonl")
    [line] = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert json.loads(line)["text"] == "echo 'ä'\n\r\u2028"


def test_half_a_surrogate_pair_does_not_stop_the_log(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1, "echo \ud83d"), firm=True)
    assert daemon.barrier() is None
    [record] = on_disk(root)
    assert getattr(record, "text", "") == "echo ?"


def test_files_are_private(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()
    assert {path.stat().st_mode & 0o777 for path in (root, root / "log", root / "index")} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in (root / "log").iterdir()} == {0o600}


def test_segments_are_rotated(root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghostcells.store.chain.SEGMENT_BYTES", 1_000)
    daemon = daemon_at(root)
    for number in range(10):
        daemon.log.append(ran(number), firm=True)
        assert daemon.barrier() is None
    assert len(list((root / "log").glob("*.jsonl"))) > 2
    assert [record.id for record in on_disk(root)] == [ran(number).id for number in range(10)]


def test_redaction_comes_before_the_disk(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root, redact=lambda record: msgspec.structs.replace(record, text="redacted"))
    daemon.log.append(ran(1, "export TOKEN=hunter2"), firm=True)
    daemon.barrier()
    assert all(b"hunter2" not in path.read_bytes() for path in (root / "log").iterdir())
    assert [getattr(record, "text", "") for record in daemon.written()] == ["redacted"]


def test_what_cannot_be_redacted_is_not_written(root: Path, daemon_at: Make) -> None:
    """A firm record fails its request; one that nobody waits for must not fail for ever."""

    def redact(record: AnyRecord) -> AnyRecord:
        if getattr(record, "text", "") == "bad":
            raise ValueError("no")
        return record

    daemon = daemon_at(root, redact=redact)
    daemon.log.append(ran(1, "bad"), firm=False)
    daemon.log.append(ran(2, "good"), firm=True)
    assert daemon.barrier() is None
    daemon.log.append(ran(3, "bad"), firm=True)
    assert isinstance(daemon.barrier(), NotDurable)
    daemon.log.append(ran(4, "good"), firm=True)
    assert daemon.barrier() is None
    assert [record.id for record in on_disk(root)] == [ran(2).id, ran(4).id]


def test_a_file_in_place_of_the_directory(root: Path, daemon_at: Make) -> None:
    """Requests are refused until the file is gone, and then work at once; what was not firm comes then, in order."""
    root.write_text("in the way")
    daemon = daemon_at(root)
    stamp = daemon.opening()
    daemon.log.append(suggested(1, "soft-1"), firm=False)
    daemon.log.append(ran(2), firm=True)
    daemon.log.append(suggested(3, "soft-2"), firm=False)
    assert isinstance(daemon.barrier(), NotDurable)
    assert len(daemon.trouble) == 1
    root.unlink()
    later = daemon.opening()
    record = msgspec.structs.replace(ran(4), id=later.id(0))
    daemon.log.append(record, firm=True)
    assert daemon.barrier() is None
    assert daemon.trouble[-1] is None
    found = on_disk(root)
    assert [one.cells[0].id for one in found if hasattr(one, "cells")] == ["soft-1", "soft-2"]
    ids = [one.id for one in found]
    assert ids == sorted(ids)
    assert ids[0] > stamp.id(0)
    assert ids[-1] == record.id


def test_all_that_was_decided_before_the_failure_was_heard_of_fails(
    root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    assert daemon.barrier() is None
    heard: list[Exception | None] = []
    failing = [True]

    def sync(handle: int) -> None:
        if failing:
            failing.clear()
            raise OSError(5, "Input/output error")
        os.fsync(handle)

    monkeypatch.setattr(segment_module, "sync", sync)
    for number in (2, 3):
        daemon.log.append(ran(number), firm=True)
        daemon.log.barrier(heard.append)
        # The second is queued before the loop has heard that the first failed; the disk is well again for it.
        assert heard == []
        daemon.queued()
    daemon.turn()
    assert [type(error) for error in heard] == [NotDurable, NotDurable]
    daemon.log.append(ran(4), firm=True)
    assert daemon.barrier() is None
    assert [record.id for record in on_disk(root)] == [ran(1).id, ran(4).id]


def test_what_arrives_at_once_is_synced_once(root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(segment_module, "sync", synced.append)
    daemon = daemon_at(root)
    for number in range(100):
        daemon.log.append(ran(number), firm=True)
    assert daemon.barrier() is None
    assert len(synced) == 1


def test_after_a_failed_sync_a_new_segment_is_begun(
    root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()
    with monkeypatch.context() as patch:

        def fail(_: int) -> None:
            raise OSError(5, "Input/output error")

        patch.setattr(segment_module, "sync", fail)
        daemon.log.append(ran(2), firm=True)
        assert isinstance(daemon.barrier(), NotDurable)
    daemon.log.append(ran(3), firm=True)
    assert daemon.barrier() is None
    names = sorted(path.name for path in (root / "log").glob("*.jsonl"))
    assert names == [f"{daemon.epoch}-000001.jsonl", f"{daemon.epoch}-000002.jsonl"]
    assert [record.id for record in on_disk(root)] == [ran(1).id, ran(3).id]


def test_a_full_disk(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    [path] = (root / "log").glob("*.jsonl")
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, before[1]))
    try:
        daemon.log.append(ran(2), firm=True)
        assert isinstance(daemon.barrier(), NotDurable)
        daemon.log.append(ran(3, "x" * 2_000), firm=True)
        assert isinstance(daemon.barrier(), NotDurable)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    daemon.log.append(ran(4), firm=True)
    assert daemon.barrier() is None
    assert [record.id for record in on_disk(root)] == [ran(1).id, ran(4).id]
    assert all(path.read_bytes().endswith(b"\n") for path in (root / "log").glob("*.jsonl"))


def test_what_is_kept_is_bounded(root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghostcells.store.log.KEPT_RECORDS", 10)
    root.write_text("in the way")
    daemon = daemon_at(root)
    for number in range(30):
        daemon.log.append(suggested(number, f"g{number}"), firm=False)
    assert isinstance(daemon.barrier(), NotDurable)
    root.unlink()
    daemon.opening()
    assert daemon.barrier() is None
    assert [one.cells[0].id for one in on_disk(root) if hasattr(one, "cells")] == [f"g{n}" for n in range(20, 30)]


def test_a_directory_that_somebody_removes_is_made_again(root: Path, daemon_at: Make) -> None:
    import shutil

    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()
    shutil.rmtree(root)
    daemon.log.append(ran(2), firm=True)
    assert daemon.barrier() is None
    assert [record.id for record in on_disk(root)] == [ran(2).id]
    # Whoever hears that the record is on disk finds the daemon in sight of the others with its next input.
    daemon.opening()
    from ghostcells.store.paths import Paths

    assert daemon.epoch in living(Paths(root))


def test_closing_writes_what_is_queued(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    for number in range(100):
        daemon.log.append(ran(number), firm=False)
    daemon.log.close()
    daemon.log.close()
    assert len(on_disk(root)) == 100
    assert not list((root / "log").glob("*.lock"))


def test_a_newer_directory_is_not_touched(root: Path, daemon_at: Make) -> None:
    root.mkdir()
    (root / "format.json").write_text('{"format": 99}')
    with pytest.raises(NewerData, match="Upgrade ghostcells"):
        daemon_at(root)
    assert [path.name for path in root.iterdir()] == ["format.json"]


def test_a_callback_that_fails_does_not_end_the_log(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)

    def bad(_: object) -> None:
        raise RuntimeError("theirs")

    daemon.log.append(ran(1), firm=True)
    daemon.log.barrier(bad)
    assert daemon.barrier() is None


def test_those_who_wait_for_a_batch_are_told_together_and_then_those_who_follow(root: Path, daemon_at: Make) -> None:
    told: list[str] = []
    daemon = daemon_at(root, told=told)
    daemon.log.append(ran(1), firm=True)
    daemon.log.barrier(lambda _: told.append("first"))
    daemon.log.barrier(lambda _: told.append("second"))
    daemon.written()
    assert told == ["begin", "first", "second", "end", "followed"]


def test_who_waits_alone_hears_early_once_it_is_on_disk(root: Path, daemon_at: Make) -> None:
    """By the writer's thread, and what the loop is told is there by then: a next input comes after what follows from this."""
    told: list[object] = []
    daemon = daemon_at(root, told=told)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()  # the first of a segment: the loop has to show the daemon to others before anybody hears of it
    del told[:]

    def early() -> None:
        told.append([record.id for record in _on_disk(root)][-1])
        told.append(threading.current_thread().name)

    daemon.log.append(ran(2), firm=True)
    daemon.log.barrier(lambda _: told.append("done"), early)
    daemon.queued()
    assert told == [ran(2).id, "ghostcells-log"]
    daemon.opening()
    assert told[2:] == ["begin", "done", "end", "followed"]


def test_nobody_hears_early_of_what_others_wait_for_too_or_what_is_not_written(
    root: Path, daemon_at: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    early: list[int] = []
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.log.barrier(lambda _: None, lambda: early.append(1))  # the first of a segment
    daemon.written()
    daemon.log.append(ran(2), firm=True)
    daemon.log.barrier(lambda _: None, lambda: early.append(2))
    daemon.log.barrier(lambda _: None, lambda: early.append(3))
    daemon.written()
    monkeypatch.setattr(segment_module, "sync", _full)
    daemon.log.append(ran(4), firm=True)
    daemon.log.barrier(lambda _: None, lambda: early.append(4))
    daemon.written()
    assert early == []


def test_a_mistake_of_who_hears_early_does_not_end_the_log(root: Path, daemon_at: Make) -> None:
    daemon = daemon_at(root)
    daemon.log.append(ran(1), firm=True)
    daemon.barrier()
    daemon.log.append(ran(2), firm=True)
    daemon.log.barrier(lambda _: None, lambda: 1 // 0)
    assert daemon.barrier() is None
    daemon.log.append(ran(3), firm=True)
    assert daemon.barrier() is None


def _on_disk(root: Path) -> list[AnyRecord]:
    lines = [line for path in sorted((root / "log").glob("*.jsonl")) for line in read_all(path)]
    return [record for line in lines if (record := decode(line)) is not None]


def _full(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
