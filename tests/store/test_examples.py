"""What memory asks of the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ghostcells.store import examples as examples_module
from ghostcells.store.examples import Examples

from . import builders as b

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ghostcells.store.index import Index


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    index = b.index_of(
        root,
        b.ran(1, "kubectl get pods", intent="List the pods"),
        b.ran(2, "kubectl logs web", intent="Look at the logs of the web pods", above=["kubectl get pods"]),
        b.ran(3, "git push --force-with-lease", intent="Push it", above=["kubectl get pods", "git commit"]),
        b.ran(4, "ls", intent="List the files"),
    )
    yield index
    index.close()


def texts(examples: Examples, rows: list[int]) -> list[str]:
    return [one.text for one in examples.load(rows)]


def test_the_rarest_words_tell_the_most(index: Index) -> None:
    examples = Examples(index)
    found = examples.match(["the", "list", "files"], 10)
    assert texts(examples, [row for row, _ in found])[0] == "ls"
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert len(found) == 3


@pytest.mark.parametrize("term", ["--force-with-lease", "it", "kubectl"])
def test_terms_are_taken_whole(index: Index, term: str) -> None:
    assert Examples(index).match([term], 10)


@pytest.mark.parametrize("term", ["force", "lease", 'quo"te', "'", "*", "", "nothing"])
def test_terms_that_nothing_has(index: Index, term: str) -> None:
    assert Examples(index).match([term], 10) == []


def test_a_search_reads_no_more_than_it_may(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples_module, "POSTINGS", 2)
    examples = Examples(index)
    assert texts(examples, [row for row, _ in examples.match(["the"], 10)]) == ["ls", "kubectl logs web"]
    assert texts(examples, [row for row, _ in examples.match(["the", "files"], 10)]) == ["ls"]


def test_following_goes_by_the_nearest_command_above(index: Index) -> None:
    examples = Examples(index)
    assert texts(examples, examples.following("kubectl get pods", "shellscript", 5)) == ["kubectl logs web"]
    assert texts(examples, examples.following("git commit\n", "shellscript", 5)) == ["git push --force-with-lease"]
    assert examples.following("git commit", "python", 5) == []


def test_recent_and_answering_are_newest_first(index: Index) -> None:
    examples = Examples(index)
    assert texts(examples, examples.recent(b.NOTEBOOK, 2)) == ["ls", "git push --force-with-lease"]
    assert texts(examples, examples.answering("push it", 5)) == ["git push --force-with-lease"]


def test_rows_that_are_gone_are_left_out(index: Index) -> None:
    examples = Examples(index)
    assert texts(examples, [3, 99, 1]) == ["git push --force-with-lease", "kubectl get pods"]
    index.fold([b.forgotten(9, b.example_id("Push it", "git push --force-with-lease"))])
    assert texts(examples, [3, 1]) == ["kubectl get pods"]
    assert examples.count() == 3
    assert examples.match(["--force-with-lease"], 5) == []
    index.fold([b.ran(10, "new", intent="Another")])
    assert 3 not in examples.all_rows()
    assert examples.load([3]) == []


def test_counts_grow_with_what_happens(index: Index) -> None:
    examples = Examples(index)
    index.fold([b.ran(11), b.ran(12, success=False), b.pinned(13, b.example_id())])
    found = examples.by_id(b.example_id())
    assert found is not None
    assert (found.runs, found.failures, found.pinned) == (2, 1, True)
    assert examples.by_id("nobody") is None
