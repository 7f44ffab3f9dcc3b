"""Each suggestion is judged once, by the run of the cell that follows it."""

import pytest

from ghostcells.domain.events import Executed, SessionEnded
from ghostcells.domain.feedback import Fate, Feedback
from ghostcells.domain.trace import Outcome
from ghostcells.engine import inputs as into
from ghostcells.engine import tracker

from .play import NB, Play, assisted, candidate, code, piece, prose, started

PODS, NODES = "kubectl get pods", "kubectl get nodes"


def said(play):
    """The verdicts of all runs so far: feedback and fate."""
    return [(one.feedback.feedback, one.feedback.fate) for one in play.logged(Executed)]


def clear():
    """One suggestion that led clearly."""
    play = started(prose("x"), prose("later", uri="p9"))
    play.suggest(candidate(PODS, 0.9, example="e1"), candidate(NODES, 0.6, example="e2"))
    return play


def close():
    """Two that were close."""
    play = started(prose("x"), prose("later", uri="p9"))
    play.suggest(candidate(PODS, 0.7, example="e1"), candidate(NODES, 0.65, example="e2"))
    return play


def accept(play):
    (uri,) = play.materialise()
    play.focus(uri)
    return uri


def write(play, text, uri="own"):
    """The user's own cell below the prose."""
    play.insert(code(text, uri=uri), 1)
    return uri


def test_what_was_recommended_and_ran_is_accepted():
    play = clear()
    play.run(accept(play))
    assert said(play) == [(Feedback.ACCEPTED, Fate.RAN)]


def test_an_accepted_cell_is_judged_when_its_notebook_is_opened_again():
    play = clear()
    uri = accept(play)
    kept = play.document.cell(uri)
    play.send(into.Closed, notebook=NB)
    play.open(prose("x"), kept)
    play.run(uri)
    assert said(play) == [(Feedback.ACCEPTED, Fate.RAN)]


def test_a_ghost_that_was_not_accepted_is_not_judged_after_its_notebook_was_closed():
    play = clear()
    play.send(into.Closed, notebook=NB)
    play.open(prose("x"), code(PODS, uri="own"))
    play.run("own")
    assert said(play) == [(Feedback.NONE, None)]


def test_what_was_recommended_and_edited_says_so():
    play = clear()
    play.run(accept(play), text=f"{PODS} -A")
    assert said(play) == [(Feedback.EDITED, Fate.EDITED)]


def test_typing_what_was_recommended_accepts_the_recommendation():
    play = clear()
    play.run(write(play, PODS))
    assert said(play) == [(Feedback.ACCEPTED, Fate.IGNORED)]


def test_taking_another_of_the_list_overrides_the_recommendation():
    play = clear()
    play.ask(into.CandidateCycled, notebook=NB, step=1)
    play.run(accept(play))
    assert said(play) == [(Feedback.OVERRODE_LISTED, Fate.RAN)]
    play = clear()
    play.run(accept(play), text=NODES)
    assert said(play) == [(Feedback.OVERRODE_LISTED, Fate.EDITED)]


def test_a_choice_among_close_ones_overrides_nothing():
    play = close()
    play.ask(into.CandidateCycled, notebook=NB, step=1)
    play.run(accept(play))
    assert said(play) == [(Feedback.RAN_LISTED, Fate.RAN)]


@pytest.mark.parametrize("make", [clear, close])
def test_running_what_was_never_on_the_list_overrides_all_of_it(make):
    play = make()
    play.run(write(play, "make deploy"))
    assert said(play) == [(Feedback.RAN_UNLISTED, Fate.IGNORED)]


def test_a_dismissed_suggestion_is_remembered_as_that():
    play = clear()
    play.ask(into.GhostsDismissed, notebook=NB)
    play.run(write(play, "make deploy"))
    assert said(play) == [(Feedback.RAN_UNLISTED, Fate.DISMISSED)]


def test_an_accepted_cell_that_was_deleted_is_remembered_as_that():
    play = clear()
    play.remove(accept(play)).wait(2100)
    play.run(write(play, "make deploy"))
    assert said(play) == [(Feedback.RAN_UNLISTED, Fate.DELETED)]


def test_a_run_without_a_suggestion_says_so():
    play = started(code("ls", uri="c1"))
    play.run("c1")
    assert said(play) == [(Feedback.NONE, None)]


def test_a_suggestion_is_judged_once():
    """The second run of the same cell is no second acceptance."""
    play = clear()
    uri = accept(play)
    play.run(uri)
    play.run(uri)
    assert [one for one, _ in said(play)] == [Feedback.ACCEPTED, Feedback.NONE]


def test_a_cell_elsewhere_does_not_judge_it():
    """Running the set-up at the top again says nothing of what was suggested below."""
    play = started(code("export A=1", uri="c0"), prose("x"))
    play.focus("p1")
    play.suggest(candidate(PODS, example="e1"))
    play.run("c0")
    assert said(play) == [(Feedback.NONE, None)]
    play.focus("p1")
    play.run(accept(play))
    assert said(play)[-1] == (Feedback.ACCEPTED, Fate.RAN)


def test_running_a_cell_again_does_not_judge_what_was_suggested_to_follow_it():
    play = started(code("make build", uri="c1"))
    play.run("c1")
    play.wait(200).answer(candidate("make deploy"))
    play.run("c1")
    assert said(play) == [(Feedback.NONE, None)] * 2


def test_a_command_written_below_its_comment_judges_what_was_suggested_there():
    play = started(code("# show the pods", uri="c1"))
    play.wait(200).answer(candidate(PODS))
    play.type("# show the pods\nkubectl get po", "c1")
    play.run("c1")
    assert said(play) == [(Feedback.RAN_UNLISTED, Fate.IGNORED)]


def test_what_a_newer_suggestion_replaced_is_not_judged():
    play = clear()
    play.suggest(candidate(NODES, 0.9, example="e2"), text="show the nodes")
    play.run(write(play, NODES))
    (run,) = play.logged(Executed)
    assert run.feedback.feedback is Feedback.ACCEPTED
    assert len(play.state.core.tracker.waiting) == 0


def test_a_suggestion_expires():
    play = clear()
    play.wait(tracker.EXPIRY_MS)
    play.run(write(play, "make deploy"))
    assert said(play) == [(Feedback.NONE, None)]


def test_the_tracker_is_bounded():
    play = Play()
    for number in range(tracker.MAX_TRACKED + 5):
        uri = f"file:///{number}.md"
        play.open(prose(uri="p1"), uri=uri)
        play.focus("p1", notebook=uri)
        play.type("show the pods", notebook=uri).wait(200)
        play.answer(candidate(PODS))
    assert len(play.state.core.tracker.waiting) == tracker.MAX_TRACKED


def test_what_was_read_and_passed_over_is_on_the_record():
    play = clear()
    play.wait(1000)
    play.run(write(play, "make deploy"))
    (run,) = play.logged(Executed)
    assert [(one.example, one.text) for one in run.feedback.passed] == [("e1", PODS)]
    assert run.feedback.passed[0].shown_ms >= 1000


def test_what_nobody_had_time_to_read_was_not_passed_over():
    play = clear()
    play.run(write(play, "make deploy"))
    assert play.logged(Executed)[0].feedback.passed == ()


def test_a_models_cell_is_judged_like_memorys():
    play = assisted(prose("x"), prose("later", uri="p9"))
    play.ask_model()
    play.finish(piece("make deploy"))
    play.run(accept(play))
    assert said(play) == [(Feedback.ACCEPTED, Fate.RAN)]


def test_a_run_that_could_not_be_written_has_judged_nothing():
    play = clear()
    uri = accept(play)
    before = play.state.core
    play.run(uri)
    play.send(into.NotWritten, requests=(play.requests,), core=before, why="disk full")
    play.records = [one for one in play.records if not isinstance(one, Executed)]
    play.send(into.Written)
    play.run(uri)
    assert said(play) == [(Feedback.ACCEPTED, Fate.RAN)]


# What came of searches


def test_a_close_race_is_offered_and_its_gap_is_on_the_trace():
    play = close()
    trace = play.records[-1].trace
    assert (trace.outcome, trace.gap) == (Outcome.OFFERED, 0.05)
    assert play.shown()[0].label == "1 of 2"
    assert clear().records[-1].trace.outcome is Outcome.RECOMMENDED


def test_no_more_than_three_are_offered():
    play = started()
    play.suggest(*(candidate(f"echo {n}", 0.7) for n in range(5)))
    assert play.published[-1].candidates.count == 3


def outcomes_of(**answer):
    play = started()
    play.type("show the pods").wait(200)
    if "why" in answer:
        play.send(into.RecallFailed, suggestion=play.pending[-1], **answer)
    else:
        play.send(into.Recalled, suggestion=play.pending[-1], threshold=0.5, **answer)
    play.focus(None)
    (end,) = play.logged(SessionEnded)
    return end.outcomes, end.failures


@pytest.mark.parametrize(
    ("answer", "outcome", "failures"),
    [
        pytest.param({"candidates": (candidate(),), "known": 3}, "recommended", {}, id="a clear leader"),
        pytest.param({"candidates": (candidate("a"), candidate("b"))}, "ask_user", {}, id="a close race"),
        pytest.param({"candidates": (candidate("a", 0.1),), "known": 3}, "no_matches", {}, id="nothing likely"),
        pytest.param({"candidates": (), "known": 0}, "no_examples", {}, id="nothing learned"),
        pytest.param(
            {"candidates": (candidate(),), "failed": ("words",)}, "ask_user", {"words": 1}, id="half a search"
        ),
        pytest.param({"why": "the index is broken"}, "ask_user", {"memory": 1}, id="no search"),
    ],
)
def test_what_came_of_a_search_is_told_when_the_session_ends(answer, outcome, failures):
    assert outcomes_of(**answer) == ({outcome: 1}, failures)
