"""The data directory, its version, its locks, and the tables of the index."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from ghostcells.domain.errors import NewerData
from ghostcells.store.examples import Examples
from ghostcells.store.index import Index
from ghostcells.store.locks import FileLock, is_held
from ghostcells.store.migrations import MIGRATIONS, UnknownMigrationError, migrate
from ghostcells.store.paths import prepare, replace_file
from ghostcells.store.presence import CELLS, Presence, durable_end, living, position
from ghostcells.store.segment import Segment

from . import builders as b

DATABASES = Path(__file__).parents[2] / "fixtures" / "databases"


def test_a_directory_says_which_format_it_has(root: Path) -> None:
    prepare(root)
    assert json.loads((root / "format.json").read_text()) == {"format": 1}
    prepare(root)


@pytest.mark.parametrize("content", ['{"format": 2}', "not json"])
def test_what_is_newer_is_not_touched(root: Path, content: str) -> None:
    root.mkdir()
    (root / "format.json").write_text(content)
    with pytest.raises(NewerData, match="--data-dir"):
        prepare(root)
    assert [path.name for path in root.iterdir()] == ["format.json"]


def test_a_file_is_replaced_whole(root: Path) -> None:
    paths = prepare(root)
    replace_file(paths.format, b"new")
    assert paths.format.read_bytes() == b"new"
    assert not list(root.glob("*.tmp"))


def test_a_lock_is_one_holders(root: Path) -> None:
    path = prepare(root).recovery_lock
    lock = FileLock.take(path)
    assert lock is not None
    assert is_held(path)
    assert FileLock.take(path) is None
    lock.release()
    with FileLock.wait(path):
        assert is_held(path)
    assert not is_held(path)


def test_the_living_are_seen_with_their_numbers(root: Path) -> None:
    paths = prepare(root)
    presence = Presence(paths.log, "E")
    presence.cells[0] = 77
    assert living(paths) == {"E": (77, *[0] * (CELLS - 1))}
    presence.leave()
    assert living(paths) == {}


def test_how_far_a_segment_may_be_read() -> None:
    cell = position(3, 1_000)
    assert [durable_end(cell, number) for number in (2, 3, 4)] == [None, 1_000, 0]


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("01ABC-000001.jsonl", Segment("01ABC", 1)),
        ("base-1763820000000.2.jsonl", Segment("base", 1763820000000, 2)),
        ("01ABC-x.jsonl", None),
        ("notes.jsonl", None),
    ],
)
def test_the_names_of_segments(name: str, segment: Segment | None) -> None:
    assert Segment.parse(name) == segment
    assert segment is None or segment.name == name


def test_names_of_migrations_are_given_once() -> None:
    names = [name for name, _ in MIGRATIONS]
    assert names == sorted(set(names))


def test_a_migration_and_its_record_come_together() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    steps = (("1", "CREATE TABLE one (x)"), ("2", "CREATE TABLE two (x); CREATE TABLE one (x)"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, steps)
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT name FROM migration").fetchall() == [("1",)]
    assert migrate(connection, (steps[0], ("2", "CREATE TABLE two (x)"))) == ["2"]
    with pytest.raises(UnknownMigrationError, match="2"):
        migrate(connection, steps[:1])
    connection.close()


@pytest.mark.parametrize("fixture", sorted(DATABASES.glob("*.sqlite")), ids=lambda path: path.stem)
def test_every_released_schema_is_brought_up_to_date(
    fixture: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each database stands beside the log that it was made from, and is what a rebuild of that log gives."""
    paths = prepare(root)
    (paths.log / "DEAD-000001.jsonl").write_bytes(fixture.with_suffix(".jsonl").read_bytes())
    (paths.index / "0.sqlite").write_bytes(fixture.read_bytes())
    monkeypatch.setattr(Index, "_fingerprint", lambda _: "fixture")
    # What is noted depends on the reading, as the terms do: where that is another, an index is made anew, not migrated.
    index = Index.open(paths, msgspec.structs.replace(b.WORDS, note=lambda *_: b""))
    index.settle()
    assert index.generation == 0
    migrated = index.dump()
    assert len(Examples(index).match(["pods"], 5)) == 1
    index.rebuild()
    assert index.dump() == migrated
    index.close()
