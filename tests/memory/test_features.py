"""The numbers that a candidate is judged by, where they are more than a count."""

import msgspec
import pytest

from ghostcells.domain.examples import Example, Situation
from ghostcells.memory.adapt import Adapted
from ghostcells.memory.features import LIKENESS, NAMES, Signals, Turn, turn_of
from ghostcells.memory.model import Calibration, Judge, Trees
from ghostcells.memory.model import ranker as shipped
from ghostcells.memory.profiles import Reader
from ghostcells.memory.weighing import Entry, Hit, Weighing
from tests.memory.builders import NOW_MS, example, ran, situation

_FLAT = Calibration((0.0,), (0.5,))
JUDGE = Judge(Trees(0.0, (), (), (), ()), _FLAT, (0.0,) * (LIKENESS + 3), 0.3, _FLAT, _FLAT)
"""It finds all alike, so that every hit is weighed."""


def weighed(asked: Situation, *known: Example) -> list[Entry]:
    hits = [
        Hit(msgspec.structs.replace(one, row=row, last_ms=NOW_MS + row), Signals()) for row, one in enumerate(known)
    ]
    return Weighing(asked, Reader(shipped())).assemble(hits, JUDGE)


def of(entry: Entry, name: str) -> float:
    return entry.vector[NAMES.index(name)]


@pytest.mark.parametrize(
    ("changed", "turn"),
    [
        pytest.param((), Turn(), id="nothing"),
        pytest.param((("orders", "billing"),), Turn(plain=1), id="a word for a word"),
        pytest.param((("10M", "20M"), ("a.txt", "b.txt")), Turn(), id="values by their kind"),
        pytest.param((("10M", "/var/log"),), Turn(unlike=1), id="a size by a path"),
        pytest.param((("orders", "/var/log"),), Turn(plain=1, unlike=1), id="a word by a path"),
    ],
)
def test_what_an_adaptation_turns_into_what(changed: tuple[tuple[str, str], ...], turn: Turn) -> None:
    assert turn_of(Adapted("", changed)) == turn


def test_what_was_left_as_it_was_counts_the_same_changes_as_not_done() -> None:
    known = example("List the files in `orders`", "ls orders")
    entries = weighed(situation("List the files in `billing`"), known)
    assert [(one.adapted.text, one.raw) for one in entries] == [("ls billing", False), ("ls orders", True)]
    assert [of(one, "plain changes") for one in entries] == [1, -1]


def test_the_language_of_the_cells_above_is_compared() -> None:
    shell, python = example("Say hello", "echo hello"), example("Say hello", "print('hello')", language="python")
    below = situation("Say hello", ran("ls"))
    told = {one.example.language: of(one, "same language") for one in weighed(below, shell, python)}
    assert told == {"shellscript": 1, "python": 0}
    alone = msgspec.structs.replace(below, above=(), language="")
    assert {of(one, "same language") for one in weighed(alone, shell, python)} == {-1}


def test_a_command_that_was_found_under_several_intents_is_counted() -> None:
    twice = [example(intent, "git status") for intent in ("What has changed?", "Which files are new?")]
    told = {
        one.adapted.text: (of(one, "found again"), of(one, "found again to most"))
        for one in weighed(situation("See what is new"), *twice, example("Which commits are new?", "git log"))
    }
    assert told == {"git status": (2, 1), "git log": (1, 0.5)}


def test_nothing_is_newer_than_the_only_one() -> None:
    (only,) = weighed(situation("List the files"), example("List all files", "ls -la"))
    assert of(only, "newer share") == 1
