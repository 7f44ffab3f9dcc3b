"""What is forgotten is nowhere in the data directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from ghostcells.domain.examples import Above, Example
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import CellKind
from ghostcells.learning.pool import Rules, renewed
from ghostcells.store.examples import Examples
from ghostcells.store.forgetting import Forgetter
from ghostcells.store.index import Index
from ghostcells.store.paths import Paths, prepare
from ghostcells.store.pools import PoolFile
from ghostcells.store.scrub import Forgetting, Scrubber
from ghostcells.store.segment import encode

from . import builders as b

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ghostcells.domain.events import AnyRecord

    from .conftest import Daemon

    Make = Callable[..., Daemon]

COMMAND = "vault login -method=userpass username=alice"
INTENT = "Log in to Alice's vault before the audit"
LESSON = b.example_id(INTENT, COMMAND)


def holding(root: Path, *texts: str) -> list[str]:
    """The files that have any of these texts in their bytes, as such or as JSON writes them."""
    wanted = [form for text in texts for form in (text.encode(), msgspec.json.encode(text)[1:-1])]
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]


def full_life(writer: int = 0) -> list[AnyRecord]:
    """The command suggested, run, seen above another one, and in a prompt."""
    later = b.ran(
        40, "vault kv list", intent="See what is there", above=[COMMAND], output=f"$ {COMMAND}\nok", writer=writer
    )
    prose = (Above(CellKind.MARKUP, "markdown", INTENT), *later.situation.above)
    passed = Judgement(Feedback.RAN_UNLISTED, "S1", passed=(Shown("g1", COMMAND, LESSON, "dismissed", 900),))
    return [
        b.suggested(10, "g1", text=COMMAND, example=LESSON, writer=writer),
        b.traced(11, "S10", b.rid(0), prompt=f"Complete:\n{INTENT}\n", text=COMMAND),
        b.accepted(20, "g1", COMMAND, writer=writer),
        b.ran(30, COMMAND, intent=INTENT, writer=writer),
        b.ran(35, "ls", intent="Look", feedback=passed, writer=writer),
        msgspec.structs.replace(later, situation=msgspec.structs.replace(later.situation, above=prose)),
    ]


def test_its_bytes_are_gone_from_every_file(root: Path, daemon_at: Make) -> None:
    """From our active segment, a dead daemon's, our index, and the index of somebody who has left."""
    paths = prepare(root)
    b.write_segment(paths, full_life(writer=1))
    gone, index = Index.open(paths, b.WORDS), Index.open(paths, b.WORDS)
    gone.settle()
    gone.close()
    daemon = daemon_at(root)
    for record in full_life():
        daemon.log.append(record, firm=True)
    assert daemon.barrier() is None
    index.settle()
    runs = Examples(index).ran_since(0)
    pool = PoolFile(paths, ["file:///runbooks"])
    lock = pool.lock()
    assert lock is not None
    with lock:
        pool.write(renewed(None, [*runs, *runs], ["file:///runbooks"], b.NOW_MS + 45, Rules()))
    assert "pools" in {name.partition("/")[0] for name in holding(root, COMMAND, INTENT)}
    daemon.log.append(b.forgotten(50, LESSON, *index.teachers(LESSON)), firm=True)
    assert daemon.barrier() is None
    index.settle()
    assert {example.text for example in all_of(index)} == {"vault kv list", "ls"}
    forgetter = Forgetter(paths, daemon.epoch, seal=daemon.log.seal, clean=index.clean)
    while forgetter.pending():
        forgetter.work()
    assert holding(root, COMMAND, INTENT) == []
    assert not list(paths.forget.iterdir())
    cleaned = index.dump()
    index.rebuild()
    assert index.dump() == cleaned
    index.close()
    assert holding(root, COMMAND, INTENT) == []
    daemon.log.append(b.ran(60, COMMAND, intent=INTENT), firm=True)
    assert daemon.barrier() is None


def all_of(index: Index) -> list[Example]:
    examples = Examples(index)
    return examples.load(examples.all_rows())


def test_every_living_daemon_clears_its_own(root: Path, daemon_at: Make) -> None:
    """A job stays until all have done their part, and what a daemon leaves undone when it dies is done by another."""
    one, other, third = daemon_at(root), daemon_at(root), daemon_at(root)
    paths = Paths(root)
    for writer, daemon in enumerate((one, other, third)):
        daemon.log.append(b.ran(30, COMMAND, intent=INTENT, writer=writer), firm=True)
        assert daemon.barrier() is None
    mine, theirs = Index.open(paths, b.WORDS), Index.open(paths, b.WORDS)
    mine.settle()
    theirs.settle()
    one.log.append(b.forgotten(50, LESSON, *mine.teachers(LESSON)), firm=True)
    assert one.barrier() is None
    mine.settle()
    first = Forgetter(paths, one.epoch, seal=one.log.seal, clean=mine.clean)
    second = Forgetter(paths, other.epoch, seal=other.log.seal, clean=theirs.clean)
    assert second.pending()
    first.work()
    assert first.pending()
    second.work()
    assert first.pending()
    third.log.close()
    for _ in range(3):
        first.work()
        second.work()
    assert not first.pending()
    assert holding(root, COMMAND, INTENT) == []
    assert mine.dump() == theirs.dump()
    mine.close()
    theirs.close()


def test_a_crash_before_the_clearing_is_made_good(root: Path) -> None:
    """Nothing but the log says that there is something to clear: an index that reads it finds out."""
    paths = prepare(root)
    b.write_segment(paths, [b.forgotten(50, LESSON, b.rid(30))], "A")
    b.write_segment(paths, [b.ran(30, COMMAND, intent=INTENT)], "B")
    index = Index.open(paths, b.WORDS)
    index.settle()
    forgetter = Forgetter(paths, ulid(1, 1), seal=None, clean=index.clean)
    assert forgetter.pending()
    while forgetter.pending():
        forgetter.work()
    assert holding(root, COMMAND, INTENT) == []
    index.close()


def test_other_wordings_of_the_same_lesson_go_as_well(root: Path) -> None:
    paths = prepare(root)
    records = [b.ran(20, COMMAND, intent=INTENT.upper()), b.ran(30, COMMAND, intent=INTENT)]
    b.write_segment(paths, [*records, b.forgotten(50, LESSON)])
    index = Index.open(paths, b.WORDS)
    index.settle()
    forgetter = Forgetter(paths, ulid(1, 1), seal=None, clean=index.clean)
    while forgetter.pending():
        forgetter.work()
    assert holding(root, COMMAND, INTENT, INTENT.upper()) == []
    index.close()


JOB = Forgetting(b.rid(100), "ex-ls", (b.rid(5),), ("ls",), ("Look around in here",))


@pytest.mark.parametrize(
    ("record", "text"),
    [
        pytest.param(b.ran(5, "ls", intent="Look around in here"), "[forgotten]", id="the run that taught it"),
        pytest.param(b.ran(6, "ls -l", intent="Other"), "ls -l", id="a short command is not searched for"),
        pytest.param(b.ran(7, "ls", intent="Other"), "ls", id="nor taken where it taught something else"),
        pytest.param(b.ran(8, "echo Look around in here"), "[forgotten]", id="a text that contains the intent"),
        pytest.param(b.ran(200, "echo Look around in here"), "echo Look around in here", id="what came later"),
    ],
)
def test_what_is_scrubbed(record: AnyRecord, text: str) -> None:
    line = encode([record])[:-1]
    assert msgspec.json.decode(Scrubber(JOB).scrubbed(line))["text"] == text


def test_a_ghost_of_a_short_command_is_scrubbed_where_it_came_from_the_example() -> None:
    scrubber = Scrubber(JOB)
    ours, others = (encode([b.suggested(6, "g", text="ls", example=one)])[:-1] for one in ("ex-ls", "ex-other"))
    assert msgspec.json.decode(scrubber.scrubbed(ours))["cells"][0]["text"] == "[forgotten]"
    assert scrubber.scrubbed(others) is others


def test_ids_and_addresses_are_left() -> None:
    job = Forgetting(b.rid(100), "x", (), ("deploy.md",), ())
    line = encode([b.ran(5, "cat deploy.md")])[:-1]
    found = msgspec.json.decode(Scrubber(job).scrubbed(line))
    assert (found["text"], found["notebook"]) == ("[forgotten]", b.NOTEBOOK)
