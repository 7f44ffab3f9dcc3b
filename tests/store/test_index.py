"""The index is a function of the set of records: neither their order nor their number matters."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.store import index as index_module
from ghostcells.store.examples import Examples
from ghostcells.store.fold import Fold, Words
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.queries import Queries
from ghostcells.store.segment import encode

from . import builders as b

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from ghostcells.domain.examples import Evidence, Situation

TEXTS = ["kubectl get pods", "ls", "make install"]
INTENTS = ["List the pods", "", "Install it"]
CELLS = ["g1", "g2"]
OTHER = b.example_id(INTENTS[0], TEXTS[0])


def record_of(kind: int, at: int, writer: int, pick: int) -> AnyRecord:
    """A record of the kinds that hang together."""
    text, intent, cell = TEXTS[pick % 3], INTENTS[pick // 3 % 3], CELLS[pick % 2]
    example = b.example_id(intent, text)
    shown = (Shown(cell, text, example, "dismissed", 900),) if pick % 4 == 0 else ()
    match kind:
        case 0:
            feedback = Judgement(Feedback.RAN_UNLISTED, f"S{at}", passed=(Shown(cell, TEXTS[-1], OTHER),))
            above = TEXTS[: pick % 3]
            return b.ran(at, text, intent=intent, above=above, shown=shown, feedback=feedback, writer=writer)
        case 1:
            return b.ran(at, text, intent=intent, success=False, writer=writer)
        case 2:
            return b.forgotten(at, example, writer=writer)
        case 3:
            return b.pinned(at, example, on=pick % 2 == 0, writer=writer)
        case 4:
            return b.suggested(at, *CELLS[: 1 + pick % 2], text=text, example=example, writer=writer)
        case 5:
            return b.accepted(at, cell, text, writer=writer)
        case 6:
            return b.rejected(at, cell, writer=writer)
        case 7:
            return b.edited(at, example, TEXTS[(pick + 1) % 3], intent, writer=writer)
        case _:
            return b.restored(at, cell, writer=writer)


records = st.lists(
    st.builds(record_of, st.integers(0, 8), st.integers(0, 30), st.integers(0, 2), st.integers(0, 11)), max_size=25
).map(lambda found: list({record.id: record for record in found}.values()))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), found=records)
def test_any_order_gives_what_a_rebuild_gives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, found: list[AnyRecord]
) -> None:
    """Three daemons' records, arriving shuffled, in parts, and some of them twice."""
    root = tmp_path_factory.mktemp("any") / "data"
    paths = prepare(root)
    index = Index.open(paths, b.WORDS)
    shuffled = data.draw(st.permutations(found))
    cut = data.draw(st.integers(0, len(found)))
    index.fold(shuffled[:cut])
    index.fold(shuffled[cut:])
    index.fold(shuffled[cut // 2 : cut])
    for path in paths.forget.iterdir():
        path.unlink()
    arrived = index.dump()
    for number, owner in enumerate(("A", "B", "C")):
        b.write_segment(paths, sorted((r for r in found if hash(r.id) % 3 == number), key=lambda r: r.id), owner)
    index.rebuild()
    assert index.dump() == arrived
    index.close()


def test_catching_up_in_the_smallest_steps(root: Path) -> None:
    paths = prepare(root)
    found = [b.ran(n, f"echo {n}", intent=f"Say {n}") for n in range(60)]
    b.write_segment(paths, found[:30], "A")
    b.write_segment(paths, found[30:], "B")
    index = Index.open(paths, b.WORDS)
    steps = 0
    while index.catch_up(0.0):
        steps += 1
    assert steps > 3
    assert Examples(index).count() == 60
    stepped = index.dump()
    index.rebuild()
    assert index.dump() == stepped
    index.close()


def test_reading_goes_on_where_it_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = b.index_of(root, b.ran(1))
    index.close()
    paths = prepare(root)
    b.write_segment(paths, [b.ran(2, "ls")], number=2)
    decoded: list[bytes] = []
    monkeypatch.setattr(index_module, "decode", decoded.append)
    index = Index.open(paths, b.WORDS)
    index.settle()
    assert len(decoded) == 1
    index.close()


def test_a_torn_line_is_not_an_event(root: Path) -> None:
    paths = prepare(root)
    path = b.write_segment(paths, [b.ran(1)])
    path.write_bytes(path.read_bytes() + encode([b.ran(2)])[:-20])
    index = b.index_of(root)
    assert [row[0] for row in index.connection.execute("SELECT id FROM event")] == [b.ran(1).id]
    index.close()


def test_a_line_that_is_no_record_is_passed_over(root: Path) -> None:
    paths = prepare(root)
    path = b.write_segment(paths, [b.ran(1)])
    path.write_bytes(b'{"type":"NOT_YET"}\n' + b"\x00" * 40 + b"\n" + path.read_bytes())
    index = b.index_of(root)
    assert [row[0] for row in index.connection.execute("SELECT id FROM event")] == [b.ran(1).id]
    index.close()


def test_an_index_that_is_damaged_comes_back(root: Path) -> None:
    index = b.index_of(root, b.ran(1))
    whole = index.dump()
    index.close()
    index.path.write_bytes(b"SQLite format 3\0 not really" * 300)
    index = b.index_of(root)
    assert index.dump() == whole
    index.close()


def test_an_index_of_another_reading_is_made_anew(root: Path) -> None:
    b.index_of(root, b.ran(1)).close()
    paths = prepare(root)
    words = Words(b.teach, lambda _situation, _text: "other", b.WORDS.intent_key)
    index = Index.open(paths, words)
    index.settle()
    assert Examples(index).match(["other"], 5)
    index.close()


def test_other_notes_make_an_index_anew(root: Path) -> None:
    b.index_of(root, b.ran(1)).close()
    index = Index.open(prepare(root), msgspec.structs.replace(b.WORDS, note=lambda _situation, text: text[:7].encode()))
    index.settle()
    [example] = Examples(index).load(Examples(index).all_rows())
    assert example.notes == b"kubectl"
    index.close()


def test_what_cannot_be_noted_is_found_all_the_same(root: Path) -> None:
    def note(situation: Situation, text: str) -> bytes:
        if situation.intent == "List the pods":
            raise ValueError(text)
        return b.note(situation, text)

    b.write_segment(prepare(root), [b.ran(1), b.ran(2, "make", intent="Build it")])
    index = Index.open(prepare(root), msgspec.structs.replace(b.WORDS, note=note))
    index.settle()
    assert [bool(one.notes) for one in Examples(index).load(Examples(index).all_rows())] == [False, True]
    index.close()


def test_each_process_has_its_own_file(root: Path) -> None:
    """And a second one starts from what the first has read."""
    first = b.index_of(root, b.ran(1))
    second = Index.open(prepare(root), b.WORDS)
    assert first.path != second.path
    assert second.dump() == first.dump()
    assert second.identity != first.identity
    first.close()
    third = Index.open(prepare(root), b.WORDS)
    assert third.path == first.path
    second.close()
    third.close()


def test_what_is_taught_again_after_forgetting_is_there(root: Path) -> None:
    lesson = b.example_id()
    index = b.index_of(root, b.ran(1), b.pinned(2, lesson), b.forgotten(3, lesson, b.rid(1)), b.ran(4))
    [example] = Examples(index).load(Examples(index).all_rows())
    assert (example.runs, example.first_ms, example.pinned) == (1, b.NOW_MS + 4, False)
    index.close()


def test_notes_are_of_the_latest_lesson(root: Path) -> None:
    index = b.index_of(root, b.ran(1, above=["cd /tmp"]), b.ran(3, above=["ls"]), b.ran(2, above=["cd /"]))
    [example] = Examples(index).load(Examples(index).all_rows())
    assert example.notes == b.note(b.situation(above=["ls"]), "kubectl get pods")
    index.close()


def test_the_latest_lesson_gives_the_situation(root: Path) -> None:
    index = b.index_of(root, b.ran(2, above=["cd later"]), b.ran(1, above=["cd first"]))
    [example] = Examples(index).load(Examples(index).all_rows())
    assert example.situation.above[-1].text == "cd later"
    assert (example.runs, example.first_ms, example.last_ms) == (2, b.NOW_MS + 1, b.NOW_MS + 2)
    index.close()


def test_a_version_that_says_less_counts(root: Path) -> None:
    """Whichever of two versions of a record is read first, the scrubbed one is what the index holds."""
    full = b.ran(1, "export TOKEN=1")
    less = Executed(
        id=full.id, time_ms=full.time_ms, notebook=full.notebook, success=True, text="[forgotten]", language="shellscript",
        situation=b.situation(intent=""),
    )  # fmt: skip
    for order in ([full, less], [less, full]):
        index = b.index_of(root / order[0].text.strip("[]"))
        index.fold(order[:1])
        index.fold(order[1:])
        assert Examples(index).count() == 0
        assert "TOKEN" not in index.dump()
        index.close()


def test_a_record_that_cannot_be_read_keeps_no_other_out(root: Path) -> None:
    def teach(record: AnyRecord) -> tuple[Evidence, ...]:
        if getattr(record, "text", "") == "bad":
            raise ValueError("no")
        return b.teach(record)

    paths = prepare(root)
    b.write_segment(paths, [b.ran(1, "bad"), b.ran(2, "good")])
    index = Index.open(paths, Words(teach, b.analyse, b.WORDS.intent_key))
    index.settle()
    assert [one.text for one in Examples(index).load(Examples(index).all_rows())] == ["good"]
    index.close()


def test_an_index_that_cannot_be_written_says_so_and_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = b.index_of(root)
    b.write_segment(index.paths, [b.ran(1)])
    with monkeypatch.context() as patch:

        def full(*_: object, **__: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        patch.setattr(Fold, "record", full)
        index.settle()
    assert Examples(index).count() == 0
    index.settle()
    assert Examples(index).count() == 1
    index.close()


def test_a_directory_may_have_any_name(root: Path) -> None:
    index = b.index_of(root / "100% mine? #1 ä", b.ran(1))
    queries = Queries(index, index.settle)
    assert queries.stats().executed == 1
    second = Index.open(index.paths, b.WORDS)
    assert second.dump() == index.dump()
    queries.close()
    second.close()
    index.close()


def test_a_segment_that_grows_again_is_read_again(root: Path) -> None:
    """A daemon may lose its lock file to somebody's cleaning, and writes on."""
    paths = prepare(root)
    path = b.write_segment(paths, [b.ran(1)])
    index = Index.open(paths, b.WORDS)
    index.settle()
    path.write_bytes(path.read_bytes() + encode([b.ran(2, "ls")]))
    index.settle()
    assert Examples(index).count() == 2
    index.close()


def overridden(at: int, example: str) -> AnyRecord:
    passed = (Shown("g1", "kubectl get pods", example, "dismissed", 900),)
    feedback = Judgement(Feedback.RAN_UNLISTED, f"S{at}", passed=passed)
    return b.ran(at, f"echo {at}", intent=f"Say {at}", feedback=feedback)


def test_overrides_count_from_the_last_run_on(root: Path) -> None:
    """By the ids of the events: a run that arrives late counts from when it happened."""
    example = b.example_id()
    index = b.index_of(root, b.ran(1), *(overridden(at, example) for at in (2, 3, 5)))
    examples = Examples(index)
    found = examples.by_id(example)
    assert found is not None
    assert found.overrides == 3
    index.fold([b.ran(4)])
    found = examples.by_id(example)
    assert found is not None
    assert found.overrides == 1
    index.close()


def ids(index: Index) -> list[str]:
    return [found for (found,) in index.connection.execute("SELECT id FROM event ORDER BY id")]


def test_what_one_daemon_wrote_can_be_read_before_all_else(root: Path) -> None:
    index = b.index_of(root)
    try:
        b.write_segment(index.paths, [b.ran(3)], owner="OTHER")
        b.write_segment(index.paths, [b.ran(4)], owner="OWN")
        assert not index.catch_up(60_000.0, owner="OWN")
        assert ids(index) == [b.rid(4)]
        index.settle()
        assert ids(index) == [b.rid(3), b.rid(4)]
    finally:
        index.close()


def test_a_slice_allows_for_what_its_end_takes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the work on a record is done when the slice ends, and belongs to its time all the same."""
    index = b.index_of(root)
    b.write_segment(index.paths, [b.ran(number, f"echo {number}", intent=f"Say {number}") for number in range(1, 30)])
    parts: list[int] = []
    finish = Fold.finish

    def counted(fold: Fold) -> None:
        parts.append(fold.pending)
        finish(fold)

    monkeypatch.setattr(Fold, "finish", counted)
    monkeypatch.setattr(index_module, "_SMOOTHING", 0.0)
    monkeypatch.setattr(index_module.time, "monotonic", lambda: 0.0)
    index._finish_s = 0.001
    try:
        assert not index.catch_up(budget_ms=4.0)
        assert parts == [4] * 7 + [1]
    finally:
        index.close()


def test_an_edit_takes_the_place_of_its_example(root: Path) -> None:
    """What taught it until then counts no more; what teaches it afterwards does."""
    example = b.example_id()
    index = b.index_of(root, b.ran(1), b.edited(3, example, "kubectl get pods -A"))
    examples = Examples(index)
    assert [one.text for one in examples.load(examples.all_rows())] == ["kubectl get pods -A"]
    index.fold([b.ran(2)])
    assert examples.count() == 1
    index.fold([b.ran(4)])
    assert {one.text for one in examples.load(examples.all_rows())} == {"kubectl get pods", "kubectl get pods -A"}
    assert not list(index.paths.forget.iterdir())
    index.close()
