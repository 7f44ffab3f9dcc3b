"""Why nothing was suggested: said by the engine itself, for every rest, once."""

import pytest

from ghostcells.domain.decisions import ADVICE, Silence
from ghostcells.domain.ids import is_ulid
from ghostcells.engine import effects as out
from ghostcells.engine import inputs as into

from .play import NB, candidate, prose, started


class Watched:
    """A play whose decisions are kept."""

    def __init__(self, *cells, **policy):
        self.decisions = []
        self.play = started(*cells)
        if policy:
            self.play.send(into.PolicyChanged, policy=into.Policy(**policy))
        send = self.play.send

        def watched(kind, **fields):
            result = send(kind, **fields)
            self.decisions += [one.decision for one in self.play.of(out.Decide)]
            return result

        self.play.send = watched  # type: ignore[method-assign]

    @property
    def last(self):
        return self.decisions[-1]


def test_what_is_shown_says_why_and_from_what():
    watched = Watched()
    watched.play.suggest(candidate("ls", confidence=0.9, example="e1"))
    (decision,) = watched.decisions
    assert decision.silence is None
    assert decision.why == "confidence 0.90 is at least 0.50"
    assert [one.example for one in decision.candidates] == ["e1"]
    assert decision.suggestion == watched.play.state.core.notebooks[NB].showing.suggestion


@pytest.mark.parametrize(
    ("candidates", "silence", "why"),
    [
        pytest.param((), Silence.UNKNOWN, "nothing remembered", id="nothing-is-remembered"),
        pytest.param((candidate(confidence=0.2),), Silence.ABSTAINED, "0.20, is below 0.50", id="not-sure-enough"),
    ],
)
def test_silence_of_memory_has_its_reason(candidates, silence, why):
    watched = Watched()
    watched.play.type("show the pods").wait(200)
    watched.play.answer(*candidates)
    assert watched.last.silence is silence
    assert why in watched.last.why


def test_an_answer_that_comes_too_late_was_debounced():
    watched = Watched()
    watched.play.type("show the pods").wait(200)
    watched.play.type("show the pods of payments").answer(candidate())
    assert watched.last.silence is Silence.DEBOUNCED


@pytest.mark.parametrize(
    ("policy", "silence"),
    [
        pytest.param({"enabled": False}, Silence.OFF, id="everywhere"),
        pytest.param({"off_notebooks": ("*deploy*",)}, Silence.OFF, id="in-this-notebook"),
        pytest.param({"manual": True}, Silence.MANUAL, id="only-by-hand"),
    ],
)
def test_what_is_switched_off_is_said_once_and_not_with_every_key(policy, silence):
    watched = Watched(**policy)
    for text in ("s", "sh", "show"):
        watched.play.type(text).wait(300)
    assert [one.silence for one in watched.decisions] == [silence]


def test_what_is_not_even_thought_about_has_an_id_to_ask_for():
    watched = Watched(manual=True)
    watched.play.type("show the pods")
    watched.play.send(into.PolicyChanged, policy=into.Policy(enabled=False))
    watched.play.type("show the nodes")
    ids = [one.suggestion for one in watched.decisions]
    assert [one.silence for one in watched.decisions] == [Silence.MANUAL, Silence.OFF]
    assert all(map(is_ulid, ids))
    assert len(set(ids)) == len(ids)


def test_a_model_that_may_not_be_asked_says_which_rule_forbids_it():
    watched = Watched(model=True)
    watched.play.type("show the pods").wait(60).answer()
    watched.play.wait(700)
    (order,) = watched.play.ordered
    watched.play.send(
        into.CompletionDeclined, suggestion=order, why="today has cost $1.00 of $1.00", silence=Silence.BUDGET
    )
    assert watched.last.silence is Silence.BUDGET
    assert "today has cost" in watched.last.why
    assert "nothing remembered is like this" in watched.last.why


def test_a_model_that_fails_is_the_reason_only_where_memory_has_nothing_either():
    for candidates, silence in (((), Silence.PROVIDER_DOWN), ((candidate(),), None)):
        watched = Watched(model=True)
        watched.play.type("show the pods").wait(60).answer(*candidates)
        watched.play.wait(700)
        (order,) = watched.play.ordered
        watched.play.send(into.CompletionFailed, suggestion=order, why="503")
        assert watched.last.silence is silence


def test_a_model_without_an_answer_is_told_apart_from_one_whose_answer_did_not_pass():
    for why, said in (("the model had nothing to suggest", "had nothing"), ("", "did not pass its checks")):
        watched = Watched(model=True)
        watched.play.type("show the pods").wait(60).answer()
        watched.play.wait(700)
        (order,) = watched.play.ordered
        watched.play.send(into.Finished, suggestion=order, pieces=(), why=why)
        assert watched.last.silence is Silence.CHECKED
        assert said in watched.last.why


def test_a_notebook_that_is_out_of_step_says_so():
    watched = Watched()
    watched.play.type("show the pods").wait(200).answer()
    watched.play.send(into.FellOutOfStep, notebook=NB)
    assert watched.last.silence is Silence.OUT_OF_STEP


def test_a_text_that_had_its_suggestion_is_not_answered_again():
    watched = Watched()
    watched.play.suggest()
    watched.play.ask(into.GhostsDismissed, notebook=NB)
    watched.play.type("show the pods ").wait(300)
    assert watched.last.silence is Silence.UNCHANGED


def test_no_decision_holds_text_of_a_cell():
    watched = Watched(prose("the secret plan"))
    watched.play.type("show the secret pods").wait(200)
    watched.play.answer(candidate("kubectl get secret-pods", confidence=0.3))
    assert "secret" not in repr(watched.decisions)


def test_each_reason_has_its_advice():
    assert set(ADVICE) == set(Silence)
