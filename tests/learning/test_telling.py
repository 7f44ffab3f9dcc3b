"""What was learned, in sentences."""

import pytest

from ghostcells.domain.examples import Example, Reason, Situation
from ghostcells.learning.telling import Correction, Span, sentences

DEPLOY, NOTES = "file:///deploy.md", "file:///notes.md"
NAMES = {DEPLOY: "deploy.md", NOTES: "notes.md"}


def example(text, notebook=DEPLOY, runs=1, last_ms=0):
    return Example(text, 1, Situation(notebook), "shellscript", text, Reason.OWN, runs, 0, 0, 0, 0, 0, last_ms)


def told(**span):
    return sentences(Span(**span), "this week", NAMES)


def test_nothing_is_told_as_nothing():
    (one,) = told()
    assert one.startswith("Nothing was learned this week")


def test_new_commands_are_counted_by_notebook_and_the_latest_named():
    fresh = (example("make", last_ms=1), example("ls", last_ms=3), example("pwd", NOTES, last_ms=2))
    assert told(fresh=fresh) == [
        "It learned 3 new commands this week: 2 in deploy.md and 1 in notes.md.",
        "The latest: `ls`, `pwd` and `make`.",
    ]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        pytest.param(
            {"again": (example("make", runs=5),)},
            "It saw 1 command again that it knew, such as `make` (5 runs).",
            id="again",
        ),
        pytest.param(
            {"corrections": (Correction("make test", "make check"),)},
            "You corrected it: `make check` instead of `make test`.",
            id="corrected",
        ),
        pytest.param(
            {"feedback": {"accepted_recommendation": 3, "edited_recommendation": 1, "ran_unlisted": 2}},
            "Where it suggested something you ran 3 as suggested, changed 1 first and ran something else 2 times.",
            id="feedback",
        ),
        pytest.param(
            {"hidden": tuple(example(f"echo {n}") for n in range(5))},
            "It no longer suggests `echo 0`, `echo 1` and `echo 2` and 2 more: you ran something else each time. "
            "Running it brings it back.",
            id="hidden",
        ),
        pytest.param(
            {"read": (example("make", NOTES, runs=0),)},
            "It read 1 command in notes.md that you have not run yet.",
            id="read",
        ),
        pytest.param({"forgotten": 2}, "You had it forget 2 commands.", id="forgotten"),
    ],
)
def test_each_thing_has_its_sentence(span, said):
    assert told(**span) == [said]


def test_runs_without_a_suggestion_are_no_news():
    assert told(feedback={"no_recent_suggestion": 7})[0].startswith("Nothing")
