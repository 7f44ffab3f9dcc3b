"""Edits in UTF-16 positions, against the definition spelled out."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.server import text as text_module
from ghostcells.server.text import edit, offset
from ghostcells.server.wire import Position, Range, TextChange

LETTERS = "ab\n\r\u00e9\u2028\u0301\U0001f600\uffff\t"
TEXTS = st.text(LETTERS, max_size=30)
POSITIONS = st.builds(Position, st.integers(0, 8), st.integers(0, 12))


def lines(text: str) -> list[str]:
    """With their ends; what follows the last end is a line too."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]*\Z", text)[: len(re.findall(r"\r\n|\n|\r", text)) + 1]


def by_definition(text: str, position: Position) -> int:
    split = lines(text)
    if position.line >= len(split):
        return len(text)
    line = split[position.line].rstrip("\r\n")
    start = sum(len(one) for one in split[: position.line])
    index = units = 0
    for character in line:
        units += len(character.encode("utf-16-le")) // 2
        if units > position.character:
            break
        index += 1
    return start + index


@given(TEXTS, POSITIONS)
def test_positions_mean_what_lsp_says(text: str, position: Position) -> None:
    assert offset(text, position) == by_definition(text, position)


@given(TEXTS, POSITIONS, POSITIONS, TEXTS)
def test_an_edit_replaces_what_is_between(text: str, one: Position, other: Position, new: str) -> None:
    start, end = sorted([by_definition(text, one), by_definition(text, other)])
    assert edit(text, TextChange(new, Range(one, other))) == text[:start] + new + text[end:]


@given(st.text("abc \n", max_size=200), POSITIONS)
def test_the_quick_way_for_ascii_is_the_same(text: str, position: Position) -> None:
    assert offset(text, position) == by_definition(text, position)


@given(TEXTS, POSITIONS)
def test_the_quick_way_for_lines_far_down_is_the_same(text: str, position: Position) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_module, "_FEW_LINES", 1)
        assert offset(text, position) == by_definition(text, position)


@pytest.mark.parametrize(
    "line", ["word \u00e9\U0001f600 ", "a\nb \u00e9\n", "a\r\nb\r\n"], ids=["long-line", "lf", "crlf"]
)
def test_a_place_at_the_end_of_megabytes_is_found_as_quickly_as_they_are_copied(line: str) -> None:
    """A key in such a cell must not hold up the others: at least a loop over every character would."""
    text = line * (8_000_000 // len(line))
    end = Position(text.count("\n"), 2 * len(text))

    def looped() -> float:
        started = process_time()
        for _ in text:
            pass
        return process_time() - started

    started = process_time()
    assert offset(text, end) == len(text)
    assert process_time() - started < 5 * looped()


def test_without_a_range_the_text_is_replaced() -> None:
    assert edit("old", TextChange("new")) == "new"


@pytest.mark.parametrize(
    ("line", "character", "expected"),
    [
        pytest.param(0, 1, 0, id="inside-a-pair"),
        pytest.param(0, 2, 1, id="after-a-pair"),
        pytest.param(0, 99, 2, id="beyond-the-line"),
        pytest.param(1, 0, 4, id="after-crlf"),
        pytest.param(9, 9, 5, id="beyond-the-text"),
    ],
)
def test_positions_at_edges(line: int, character: int, expected: int) -> None:
    assert offset("\U0001f600b\r\nc", Position(line, character)) == expected
