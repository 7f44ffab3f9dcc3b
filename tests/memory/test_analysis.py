"""Situations as words."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.examples import ANSWERED_BY
from ghostcells.memory import analysis
from ghostcells.memory.literals import kind_of
from tests.memory.builders import ran, situation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "Get the log for block 01HZ0W9XABCDEFGHJKMNPQRSTV",
            "Get the logs for block 01J00000000000000000000000.",
            id="ids-and-plurals",
        ),
        pytest.param("Wait 30 seconds", "wait 5 seconds", id="numbers"),
        pytest.param("Open https://a.example/x", "Open https://b.example/y?z=1", id="urls"),
        pytest.param("Find files named 'a.txt'", 'Find files named "b c"', id="quoted"),
        pytest.param("Check out commit 3f2a91c", "Check out commit 99bd01e", id="hashes"),
        pytest.param("Backup of 2024-05-01", "Backup of 2025-12-31", id="dates"),
    ],
)
def test_situations_that_differ_in_values_only_have_one_key(one: str, other: str) -> None:
    assert analysis.intent_key(situation(one)) == analysis.intent_key(situation(other))


def test_other_words_make_another_key() -> None:
    assert analysis.intent_key(situation("Delete block 7")) != analysis.intent_key(situation("Get block 7"))


@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=80))
def test_the_index_only_sees_lower_case_letters_and_digits(intent: str, heading: str, command: str) -> None:
    """So that any full-text tokenizer keeps each term whole."""
    asked = situation(intent, ran(command), heading=heading)
    for term in (*analysis.analyse(asked, command).split(), *analysis.query_terms(asked)):
        assert re.fullmatch(r"[a-z0-9]+", term)


def test_a_question_finds_what_was_stored_under_the_same_words() -> None:
    asked = situation("List the pods of payments-api", ran("kubectl config current-context"), heading="Checks")
    stored = set(analysis.analyse(asked, "kubectl get pods").split())
    assert {"pod", "paymentsapi", "xhcheck", "xbkubectl"} <= stored & set(analysis.query_terms(asked))


def test_words_of_the_prose_may_name_the_command() -> None:
    stored = analysis.analyse(situation("Have a look"), "terraform plan").split()
    assert set(stored) & set(analysis.query_terms(situation("terraform plan for staging")))


def test_of_an_example_the_beginning_of_its_command_is_embedded_too() -> None:
    asked = situation("Commit it", heading="Release")
    prose, command = analysis.example_text(asked, "git commit -m " + "x" * 500).split(ANSWERED_BY)
    assert prose == analysis.embedding_text(asked)
    assert command.startswith("git commit -m xxx")
    assert len(command) < 200


def test_where_there_is_no_prose_the_command_before_is_embedded() -> None:
    assert "git add ." in analysis.embedding_text(situation("", ran("git add .")))
    assert analysis.embedding_text(situation("Commit it", heading="Release")) == "Release\nCommit it"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("grep -n 'a b' x.txt", ("grep", "-n", "a b", "x.txt"), id="single-quotes"),
        pytest.param('echo "a \\"b\\"" c\\ d', ("echo", 'a \\"b\\"', "c d"), id="escapes"),
        pytest.param("ls # all of it\npwd", ("ls", "pwd"), id="comment"),
        pytest.param("echo 'open", ("echo", "'open"), id="unclosed"),
        pytest.param("", (), id="empty"),
    ],
)
def test_commands_are_split_nearly_as_a_shell_does(command: str, expected: tuple[str, ...]) -> None:
    assert analysis.split(command) == expected


@given(st.text(max_size=300))
def test_splitting_never_fails_and_loses_no_word_characters(command: str) -> None:
    kept = "".join(analysis.split(command))
    assert set(kept) <= set(command)


@pytest.mark.parametrize(
    "token", ["1.2" + "a" * 250 + "_", "1.2" + ".1" * 120 + "_", "a-" * 140 + "/", "x." * 140 + "!", "a" * 5000]
)
def test_no_token_is_so_odd_that_its_kind_takes_long(token: str) -> None:
    """Commands hold whatever people paste: a shape that backtracks without end would hold memory up for good."""
    begun = process_time()
    kind_of(token)
    assert process_time() - begun < 0.5
