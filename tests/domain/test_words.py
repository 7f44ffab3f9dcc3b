"""Ids sort by time, distances are distances, situations are cut alike for storing and for asking, and words for people."""

import time

from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.distance import argument_distance, word_distance
from ghostcells.domain.examples import situation_at
from ghostcells.domain.ids import STRIDE_BITS, Stamp, is_ulid, time_of, ulid
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.domain.words import day_name, moment, one_line, short_name

TIMES = st.integers(0, 2**47)
ENTROPY = st.integers(0, 2**80 - 2**STRIDE_BITS)
WORDS = st.lists(st.sampled_from(["kubectl", "get", "pods", "-n", "x"]), max_size=6)


@given(TIMES, ENTROPY)
def test_a_ulid_tells_its_time(time_ms, entropy):
    identifier = ulid(time_ms, entropy)
    assert is_ulid(identifier)
    assert time_of(identifier) == time_ms


@given(TIMES, ENTROPY, st.integers(0, 2**STRIDE_BITS - 2))
def test_ids_of_one_stamp_rise(time_ms, entropy, number):
    stamp = Stamp(time_ms, entropy)
    assert stamp.id(number) < stamp.id(number + 1) < ulid(time_ms + 1, 0)


@given(WORDS, WORDS, WORDS)
def test_word_distance_is_a_distance(one, two, three):
    assert word_distance(one, two) == word_distance(two, one)
    assert (word_distance(one, two) == 0) == (one == two)
    longest = max(map(len, (one, two, three)), default=0)
    edits = [word_distance(a, b) * max(len(a), len(b)) for a, b in ((one, three), (one, two), (two, three))]
    assert edits[0] <= edits[1] + edits[2] + 1e-9 * longest


def test_quoting_is_no_difference_in_words_but_arguments_are():
    assert argument_distance("grep 'x' f", "grep x f") == 0
    assert argument_distance("grep x f", "grep y f") == 1 / 3
    assert argument_distance("echo 'unbalanced", "echo 'unbalanced") == 0


def cell(text, kind=CellKind.MARKUP, uri=""):
    language = "markdown" if kind is CellKind.MARKUP else "shellscript"
    return Cell(uri=uri or text, kind=kind, language=language, text=text)


def test_the_intent_is_the_run_of_prose_before_the_command():
    cells = [cell("# Deploy"), cell("make", CellKind.CODE), cell("Then wait."), cell("Show the pods")]
    situation = situation_at(cells, 4, "n", {"make": "ok"})
    assert situation.intent == "Then wait.\n\nShow the pods"
    assert situation.heading == "Deploy"
    assert [(one.text, one.output) for one in situation.above] == [("# Deploy", ""), ("make", "ok")]
    assert situation.language == "shellscript"


def test_directly_below_a_command_there_is_no_intent():
    assert situation_at([cell("prose"), cell("make", CellKind.CODE)], 2, "n").intent == ""


def test_what_is_asked_is_what_will_be_stored():
    """The query after typing an intent equals the situation of the command then written below it."""
    before = [cell("# Deploy"), cell("Show the pods")]
    asked = situation_at(before, 2, "n")
    stored = situation_at([*before, cell("kubectl get pods", CellKind.CODE)], 2, "n")
    assert asked == stored


def test_a_notebook_goes_by_its_file_name():
    assert short_name("file:///runbooks/My%20notes%3F.md#cell-1") == "My notes?.md"
    assert short_name("untitled:Untitled-1") == "Untitled-1"
    assert short_name("") == ""


def test_what_is_left_out_of_a_line_shows():
    assert one_line(" ls\n") == "ls"
    assert one_line("ls\npwd") == "ls…"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"
    assert one_line(None) == ""


def test_times_and_days_are_those_of_the_clock(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert moment(1_700_000_000_999) == "2023-11-15 03:43:20"
        assert moment(None) == ""
        assert day_name(1_700_000_000 // 86_400) == "2023-11-14"
    finally:
        monkeypatch.undo()
        time.tzset()
