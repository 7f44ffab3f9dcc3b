"""The report needs nothing else, shows everything as text, and says why something was bad."""

import re
from html.parser import HTMLParser

import pytest

from ghostcells.evaluation.experiment import Experiment
from ghostcells.evaluation.metrics import figures
from ghostcells.evaluation.report.page import Measured, learns, page
from ghostcells.evaluation.report.tags import page_of, tag
from ghostcells.evaluation.report.worst import marked, why, worst
from ghostcells.evaluation.results import Batch
from tests.evaluation.conftest import result

ABOUT = {
    "ordered": True, "memory": "on", "rankers": "", "data": "abc",
    "settings": {"model": {"provider": "none"}, "memory": {"embedder": "lexical", "minConfidence": None}},
}  # fmt: skip


def measured(found, variant="memory", former=None):
    return Measured(Batch("id", variant, "data", ABOUT, 0), found, figures(found), None, former)


def report(*variants):
    return page(list(variants), Experiment(data=("x",)), 0)


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.addresses = [], "", []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.addresses += [value for key, value in attributes if key in {"src", "href", "action", "data", "srcset"}]

    def handle_data(self, data):
        self.text += data


def many(**more):
    return [
        result(number, word=(number % 5) / 4, confidence=(number % 7) / 7, shown=number % 3 == 0, **more)
        for number in range(90)
    ]


def test_the_page_loads_nothing_and_runs_nothing():
    text = report(measured(many()), measured(many(), "another"))
    read = Reader(text)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(read.tags)
    assert read.addresses == []
    assert not re.search(r"url\(|@import|https?://", text)


def test_what_was_run_is_text_whatever_it_holds():
    evil = "echo '</style></main><script>alert(1)</script>' & \x00\x1b[31m \ud800"
    text = report(
        measured(
            many(answer=evil, text="<img src=x onerror=alert(1)>", intent="<b>bold</b>", repo="<i>", heading="<u>")
        )
    )
    read = Reader(text)
    assert not {"script", "img", "b", "u"} & (set(read.tags) - {"b"})
    assert "<script>alert(1)" in read.text
    assert "<b>bold</b>" in read.text
    assert "\x00" not in text
    text.encode("utf-8")


def test_every_part_is_there():
    read = Reader(report(measured(many()), measured(many(), "another", former=many())))
    for said in (
        "All figures", "If only the surest were shown", "The worst cases", "By what was known", "Time and cost",
        "How this was measured", "another, compared with memory", "another, compared with another, the former run",
    ):  # fmt: skip
        assert said in read.text
    assert read.tags.count("svg") == 3


def test_a_flat_curve_is_called_flat():
    assert learns([result(number, word=float(number % 2)) for number in range(200)]).startswith(
        "The learning curve is flat"
    )
    assert learns([result(number, word=float(number < 100)) for number in range(200)]).startswith("It gets better")
    assert learns([result(number, word=float(number >= 100)) for number in range(200)]).startswith("It gets worse")


def test_what_was_made_of_ghosts_at_the_time_is_told_where_the_log_has_it():
    found = [
        result(number, feedback="accepted_recommendation" if number < 3 else "ran_unlisted") for number in range(12)
    ]
    text = Reader(report(measured(found))).text
    assert "a recommendation was accepted and run325.0 %" in text
    assert "something else was run975.0 %" in text
    assert "ghosts of that time" not in Reader(report(measured(many()))).text


def test_doubts_are_said_first():
    read = Reader(report(measured([result(0, repeated=True, known=True), result(1, failed="ZeroDivisionError: x")])))
    assert "exact contamination" in read.text
    assert "1 questions failed" in read.text
    assert "2 questions are few" in read.text


@pytest.mark.parametrize(
    ("suggested", "ran", "said"),
    [
        pytest.param("ls", "git status", "Another program: ls where git ran.", id="program"),
        pytest.param("git status", "git log", "another first argument: log ran", id="subcommand"),
        pytest.param("ls a.txt", "ls b.txt", "other values: b.txt stands nowhere", id="value from nowhere"),
        pytest.param("ls a.txt", "ls b7", "other values: b7 stands in the prose", id="value in the prose"),
        pytest.param("ls", "ls --all", "Without --all.", id="option missing"),
        pytest.param("ls --all", "ls", "With --all, which did not run.", id="option too much"),
        pytest.param("head -n 5 x", "head -n 7 x", "Another value of --lines: 7 ran.", id="value of an option"),
        pytest.param("ls", "ls\npwd", "1 steps where 2 ran, 1 of them the same from the top.", id="steps"),
        pytest.param("cd x\nls", "cd x\npwd", "In a later step another program: ls where pwd ran.", id="later step"),
    ],
)
def test_why_a_suggestion_was_bad(suggested, ran, said):
    assert said in why(result(0, text=suggested, answer=ran, intent="Look at b7"))


def test_why_says_whether_it_could_be_known():
    assert "never run" in why(result(0))
    assert "under other words" in why(result(0, known=True))
    assert "the ranking chose another" in why(result(0, known=True, repeated=True))
    assert why(result(0, offers=())) == "Nothing that was remembered was like this."


def test_the_worst_is_the_surest_that_is_furthest_off():
    found = [
        result(0, confidence=0.9, word=0.2, shown=True),
        result(1, confidence=0.8, word=1.0, shown=True, text="a"),
        result(2, confidence=0.5, word=1.0, shown=True, text="b"),
        result(3, confidence=0.99, word=0.0, shown=True, text="c"),
        result(4, confidence=0.99, word=1.0, shown=False, text="d"),
        result(5, confidence=0.8, word=1.0, shown=True, text="a"),
    ]
    assert [one.number for one in worst(found)] == [1, 2, 0]


def test_only_what_differs_is_marked():
    assert marked("kubectl get pods", "kubectl get svc") == [("kubectl get ", False), ("pods", True)]
    assert "".join(part for part, _ in marked("a  b\nc", "x")) == "a  b\nc"


def test_texts_are_escaped_by_construction():
    assert page_of(tag("p", "<&>", title='"<')) == '<!DOCTYPE html>\n<p title="&quot;<">&lt;&amp;&gt;</p>\n'
