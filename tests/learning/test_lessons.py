"""What a run teaches, what counts against an example, and what is no lesson."""

import pytest

from ghostcells.domain.events import Accepted, Executed, Learned
from ghostcells.domain.examples import Reason, Situation, Verdict
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.learning.lessons import FORGOTTEN, evidence_of, example_id, taught_by

HERE = Situation(notebook="file:///deploy.md", intent="show the pods")


def run(text="kubectl get pods", *, success=True, **more):
    return Executed(
        id="01J00000000000000000000001",
        time_ms=5,
        notebook=HERE.notebook,
        cell="c1",
        success=success,
        text=text,
        language="shellscript",
        situation=more.pop("situation", HERE),
        **more,
    )


def shown(text="kubectl get nodes", example="other", reason="moved", shown_ms=800):
    return Shown(cell="g1", text=text, example=example, reason=reason, shown_ms=shown_ms)


def verdicts(record):
    return {(one.example, one.verdict) for one in evidence_of(record)}


def test_a_successful_run_teaches_its_situation():
    (lesson,) = evidence_of(run())
    assert (lesson.verdict, lesson.situation, lesson.text) == (Verdict.RAN, HERE, "kubectl get pods")
    assert lesson.event == "01J00000000000000000000001"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({}, Reason.OWN, id="the user's own"),
        pytest.param({"suggestion": "s", "example": "e"}, Reason.AS_SUGGESTED, id="as suggested"),
        pytest.param({"suggestion": "s", "example": "e", "edited": True}, Reason.EDITED, id="edited"),
    ],
)
def test_a_lesson_remembers_how_it_was_taught(more, reason):
    assert taught_by(run(**more)).reason is reason


def test_newlines_in_commands_survive():
    text = "kubectl get pods\nkubectl get nodes"
    assert taught_by(run(text)).text == text


def test_a_failed_run_teaches_nothing_and_counts_against_its_example():
    record = run(success=False, suggestion="s", example="e")
    assert taught_by(record) is None
    assert ("e", Verdict.FAILED) in verdicts(record)


def test_what_ran_as_suggested_counts_for_its_example():
    assert ("e", Verdict.SHOWN_AND_RUN) in verdicts(run(suggestion="s", example="e"))
    assert ("e", Verdict.SHOWN_AND_RUN) not in verdicts(run(suggestion="s", example="e", edited=True))


def test_what_was_shown_and_then_run_counts_however_it_got_into_the_cell():
    record = run(shown=(shown("kubectl get pods", "e", "moved"),))
    assert ("e", Verdict.SHOWN_AND_RUN) in verdicts(record)


@pytest.mark.parametrize("reason", ["skipped", "moved", "inserted", "dismissed"])
def test_a_rejection_that_was_read_counts_when_the_next_run_differs(reason):
    assert ("other", Verdict.REJECTED) in verdicts(run(shown=(shown(reason=reason),)))


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(shown(shown_ms=749), id="not read"),
        pytest.param(shown(reason="newer"), id="superseded"),
        pytest.param(shown(reason="closed"), id="closed with the notebook"),
        pytest.param(shown(reason=""), id="still on show"),
        pytest.param(shown("kubectl get pods -w"), id="nearly what ran"),
    ],
)
def test_no_other_rejection_counts(one):
    command = "kubectl get pods" if one.text != "kubectl get pods -w" else "kubectl get pods -A"
    assert ("other", Verdict.REJECTED) not in verdicts(run(command, shown=(one,)))


def test_the_same_lesson_has_the_same_id_wherever_it_is_learned():
    elsewhere = Situation(notebook="file:///other.md", intent="Show  the pods\n")
    assert example_id(HERE, "shellscript", "ls") == example_id(elsewhere, "shellscript", "ls\n")
    assert example_id(HERE, "shellscript", "ls") != example_id(HERE, "shellscript", "ls -l")


def test_the_first_cell_of_a_notebook_teaches():
    assert taught_by(run(situation=Situation(notebook="file:///deploy.md"))) is not None


def test_what_was_read_teaches_as_read():
    record = Learned(
        id="01J00000000000000000000002",
        time_ms=1,
        notebook=HERE.notebook,
        example="e",
        reason=Reason.READ,
        situation=HERE,
        text="ls",
        language="shellscript",
    )
    assert [one.verdict for one in evidence_of(record)] == [Verdict.READ]


def test_that_something_was_learned_from_a_run_teaches_nothing_twice():
    record = Learned(
        id="01J00000000000000000000002", time_ms=1, notebook="n", example="e", reason=Reason.OWN, executed="x"
    )
    assert evidence_of(record) == ()


def test_a_forgotten_record_teaches_nothing():
    assert evidence_of(run(FORGOTTEN)) == ()


def test_other_records_teach_nothing():
    accepted = Accepted(id="1", time_ms=1, notebook="n", suggestion="s", shown_ms=1, text="ls")
    assert evidence_of(accepted) == ()


def judged(*passed):
    return Judgement(Feedback.RAN_UNLISTED, "s", passed=passed)


def test_what_was_passed_over_for_another_command_was_overridden():
    record = run("helm upgrade web", feedback=judged(shown("kubectl get nodes", "other")))
    assert ("other", Verdict.OVERRIDDEN) in verdicts(record)


def test_a_run_that_is_nearly_the_suggestion_does_not_override_it():
    """Another value in the same command is what adapting is there for."""
    record = run("kubectl get pods -n web -o wide", feedback=judged(shown("kubectl get pods -n shop -o wide", "other")))
    assert ("other", Verdict.OVERRIDDEN) not in verdicts(record)


def test_a_failed_run_overrides_nothing():
    record = run("helm upgrade web", success=False, feedback=judged(shown("kubectl get nodes", "other")))
    assert ("other", Verdict.OVERRIDDEN) not in verdicts(record)


def test_nothing_overrides_itself():
    own = example_id(HERE, "shellscript", "kubectl get pods")
    record = run(feedback=judged(shown("kubectl get nodes --all-namespaces", own)))
    assert (own, Verdict.OVERRIDDEN) not in verdicts(record)
