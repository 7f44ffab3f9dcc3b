"""Two cells are as far apart as what they would do, not as how they are spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.distance import argument_distance
from ghostcells.evaluation.distance import cell_distance, compare

SAME = [
    pytest.param("kubectl get pods -n web -o wide", "kubectl get pods --output=wide --namespace web", id="long and short"),
    pytest.param("kubectl get pods --namespace web", "kubectl --namespace=web get pods", id="an option has no place"),
    pytest.param("ls -la", "ls -a -l", id="letters together"),
    pytest.param("docker run -it --rm ubuntu", "docker run -t -i --rm ubuntu", id="letters in another order"),
    pytest.param("tail -n5 app.log", "tail --lines=5 app.log", id="a value without a blank"),
    pytest.param("head -5 app.log", "head -n 5 app.log", id="the old way to count"),
    pytest.param("git commit -am 'first try'", 'git commit --all --message "first try"', id="a value behind letters"),
    pytest.param("find . -name '*.py'", 'find . -name "*.py"', id="other quotes"),
    pytest.param("echo a\\ b", "echo 'a b'", id="an escape"),
    pytest.param("ls # all of them", "ls", id="a comment"),
    pytest.param("ls -l \\\n  /tmp", "ls -l /tmp", id="two lines of one command"),
    pytest.param("/usr/bin/ls", "ls", id="a program by its path"),
    pytest.param("cd a && ls", "cd a\nls", id="one line or two"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_command_is_at_no_distance_however_it_is_spelt(one, other):
    assert cell_distance(one, other) == 0
    assert argument_distance(one, other) >= 0


@pytest.mark.parametrize(
    ("suggested", "ran", "expected"),
    [
        pytest.param("kubectl get pods", "kubectl get svc", 1 / 3, id="one of three words"),
        pytest.param("kubectl get pods -n a", "kubectl get pods -n b", 1 / 4, id="another value of an option is one"),
        pytest.param("kubectl get pods", "kubectl get pods -n b", 1 / 4, id="a missing option is one"),
        pytest.param("ls", "ls && pwd", 1 / 2, id="a step too few"),
        pytest.param("ls | wc -l", "ls ; wc -l", 1 / 3, id="what feeds what is one"),
        pytest.param("cp a b", "cp b a", 2 / 3, id="arguments have an order"),
        pytest.param("echo a > x", "echo a > y", 1 / 3, id="where it is written to"),
        pytest.param("A=1 make", "A=2 make", 1 / 2, id="what is set for it"),
        pytest.param("ls", "git status", 1.0, id="nothing in common"),
        pytest.param("", "ls", 1.0, id="nothing suggested"),
    ],
)
def test_each_thing_that_differs_counts_once(suggested, ran, expected):
    assert cell_distance(suggested, ran) == pytest.approx(expected)


def test_unknown_programs_are_compared_by_their_words():
    """No table knows what `frob -n 5` means, so its spelling counts."""
    assert cell_distance("frob -n 5", "frob --number=5") > 0
    assert cell_distance("frob --number=5", "frob --number=6") == pytest.approx(1 / 2)


def test_the_steps_of_a_cell_are_counted_one_by_one():
    found = compare(
        "helm repo update\nhelm install web ./web", "helm repo update\nhelm install web ./web\nkubectl get pods"
    )
    assert (found.steps, found.steps_near) == (3, 2)
    assert found.program


def test_steps_are_aligned_where_one_was_left_out_in_the_middle():
    found = compare("cd web\nmake", "cd web\ngit pull --rebase origin main\nmake")
    assert found.steps_near == 2
    assert found.distance == pytest.approx(5 / 8)


def test_what_stands_in_a_substitution_counts_once():
    assert cell_distance("echo $(date)", "echo $(date)") == 0
    assert cell_distance("echo $(date)", "echo $(whoami)") == pytest.approx(1 / 2)


def test_a_script_is_compared_by_its_words_and_not_step_by_step():
    script = "\n".join(f"echo {number}" for number in range(200))
    assert compare(script, script).distance == 0
    assert compare(script, script).steps == 200


def test_other_languages_are_compared_by_words_within_lines():
    assert cell_distance("print(1)  # one", "print(1)  # one", "python") == 0
    assert cell_distance("import os\nprint(1)", "import os\nprint(2)", "python") == pytest.approx(1 / 3)


TEXT = st.text(alphabet="ls -ab|;&$(){}<>'\"\\\n#=/.", max_size=60)


@given(TEXT, TEXT)
def test_a_distance_is_symmetric_and_between_nothing_and_one(one, other):
    apart = cell_distance(one, other)
    assert 0 <= apart <= 1
    assert apart == pytest.approx(cell_distance(other, one))


@given(TEXT.filter(str.strip))
def test_a_command_is_at_no_distance_from_itself(text):
    assert cell_distance(text, text) == 0
