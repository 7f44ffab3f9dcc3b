"""What is stored of an example for ranking is what reading it anew gives."""

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.examples import Above, Example, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory import features
from ghostcells.memory.adapt import adapt
from ghostcells.memory.features import Signals
from ghostcells.memory.model import ranker
from ghostcells.memory.notes import (
    EDITION,
    command_of,
    lesson_of,
    note,
    notes_of,
    pattern_of,
    program_of,
    read_command,
    values_of,
)
from ghostcells.memory.profiles import Reader
from ghostcells.memory.weighing import Hit, Weighing
from tests.memory.builders import ELSEWHERE, example, ran, situation

WORDS = (
    *("pods", "of", "the", "logs", "payments", "*.txt", "/var/log", "10MB", "01HZ0W9XABCDEFGHJKMNPQRSTV", "'my file'"),
    *(
        "`kubectl`",
        "Größe",
        "a.b-c_d",
        "2024-01-02",
        "- item",
        "[a](b)",
        "sudo",
        "FOO=1",
        "x. Then",
        "\n\n",
        "\x00",
        "İ",
    ),
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=40)
CELLS = st.builds(Above, st.sampled_from(CellKind), st.just("shellscript"), TEXTS, TEXTS)
SITUATIONS = st.builds(
    Situation,
    st.sampled_from(["file:///home/user/a/b.md", "file:///home/user/c.md", "untitled:1"]),
    TEXTS,
    TEXTS,
    st.lists(CELLS, max_size=4).map(tuple),
    st.just("shellscript"),
)
READER = Reader(ranker())


@given(SITUATIONS, TEXTS)
def test_what_is_stored_is_what_is_read(where: Situation, text: str) -> None:
    stored = notes_of(example(where, text, notes=note(where, text)))
    command = command_of(stored)
    assert stored.lesson == lesson_of(where)
    assert command == read_command(where, text)
    assert (command.program, command.pattern, command.values) == (program_of(text), pattern_of(text), values_of(text))


@given(SITUATIONS, st.lists(st.tuples(SITUATIONS, TEXTS), min_size=1, max_size=4))
def test_what_is_stored_makes_no_difference_to_the_numbers(
    asked: Situation, taught: list[tuple[Situation, str]]
) -> None:
    examples = [example(where, text, id=str(place)) for place, (where, text) in enumerate(taught)]

    def weighed(found: list[Example]) -> list[tuple[float, ...]]:
        hits = [Hit(one, Signals(1.0, 2.0, place), place) for place, one in enumerate(found)]
        return [entry.vector for entry in Weighing(asked, READER).assemble(hits, ranker().lexical)]

    stored = [msgspec.structs.replace(one, notes=note(one.situation, one.text)) for one in examples]
    assert weighed(stored) == weighed(examples)


@given(SITUATIONS, SITUATIONS, TEXTS)
def test_what_is_stored_makes_no_difference_to_what_is_put_in(then: Situation, now: Situation, text: str) -> None:
    old = example(then, text)
    assert adapt(old, now, read_command(then, text).told) == adapt(old, now)


def test_what_a_set_weighs_does_not_depend_on_its_order() -> None:
    terms = [f"word{number}" for number in range(40)] + list(ranker().weights)[:40]
    assert len({READER.mass(order) for order in (terms, terms[::-1], sorted(terms), set(terms))}) == 1


def test_how_alike_situations_are_does_not_depend_on_who_reads() -> None:
    where = situation("Show the logs of payments", ran("kubectl get pods"), notebook=ELSEWHERE, heading="Look")
    known = example(where, "kubectl logs payments")
    query = READER.profile(where)
    alike = features.likeness(query, known, lesson_of(where), READER)
    assert alike[: features.NAMES.index("same key")] == [1.0, 1.0, 1.0, 1.0, 1.0]


def test_what_is_noted_differently_has_another_edition() -> None:
    """Indexes hold what was noted when they were made: whoever changes this digest raises `EDITION`."""
    where = situation(
        "Delete all *.txt files over 10MB below '/var/my log'. Then show the `pods` of payments-7f9c:",
        Above(CellKind.MARKUP, "markdown", "First of all, log in as root."),
        ran("sudo kubectl get pods -n payments-7f9c", "NAME READY"),
        ran("export REGION=eu-1"),
        heading="Clean up",
    )
    made = note(where, "find '/var/my log' -name '*.txt' -size +10M -delete; kubectl get pods -n payments-7f9c")
    assert (EDITION, hashlib.sha256(made).hexdigest()[:12]) == (2, "8d65d0a11fce")
