"""How a model's words become ghosts, and what becomes of memory's."""

import pytest

from ghostcells.domain.events import Accepted, Suggested, Superseded, Traced
from ghostcells.domain.ghosts import Caution
from ghostcells.domain.notebook import CellKind
from ghostcells.engine import effects as out
from ghostcells.engine import inputs as into

from .play import NB, assisted, candidate, code, piece, prose, started


def test_without_a_model_nothing_is_asked():
    play = started().type("show the pods").wait(100)
    play.answer()
    assert not play.of(out.Complete)
    assert not play.pending


def test_a_model_is_asked_after_memory_and_a_longer_rest():
    play = assisted().type("show the pods").wait(100)
    play.answer(candidate("kubectl get pods", 0.6))
    assert play.shown()
    assert not play.of(out.Complete)
    play.wait(49)
    assert not play.of(out.Complete)
    play.wait(1)
    (order,) = play.of(out.Complete)
    assert order.page.before[-1].text == "show the pods"
    assert [one.text for one in order.candidates] == ["kubectl get pods"]
    assert (order.sure, order.rested_ms, order.asked) == (0.6, 150, False)


def test_a_slow_typist_is_given_a_longer_rest():
    play = assisted()
    for length in range(1, 10):
        play.type("show the pods"[:length]).wait(140)
    play.type("show the p").wait(160)
    if play.pending:
        play.answer()
    play.wait(180)
    assert not play.writing
    play.wait(30)
    assert play.writing


def test_what_stands_below_and_what_was_run_is_shown_to_the_model():
    play = assisted(prose(), code("make build"), prose("then", uri="p2"))
    play.run("c1", outputs=(into.Output("text/plain", "x" * 900),))
    play.focus("p1")
    order = play.ask_model()
    assert [one.uri for one in order.page.after] == ["c1", "p2"]
    assert order.ran == ("make build",)
    assert order.page.language == "shellscript"


def test_moving_to_a_cell_asks_memory_alone():
    play = assisted(prose("hello"), prose("show the pods", uri="p2"))
    play.focus("p2")
    play.wait(1000)
    play.answer()
    assert not play.pending


def test_a_ghost_grows_under_one_id():
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    first = play.published[-1]
    assert (first.final, first.after, first.ghosts[0].source, first.ghosts[0].confidence) == (
        False,
        "p1",
        "model",
        None,
    )
    play.wait(60).write(piece("cd app\nmake"))
    play.finish(piece("cd app\nmake\nmake test"))
    last = play.published[-1]
    assert (last.final, last.ghosts[0].id, last.ghosts[0].text) == (True, first.ghosts[0].id, "cd app\nmake\nmake test")


def test_at_most_twenty_publishes_a_second_the_first_and_the_last_at_once():
    play = assisted()
    play.ask_model()
    before = len(play.published)
    for number in range(100):
        play.write(piece("\n".join(["ls"] * (number + 1)))).wait(5)
    assert len(play.published) - before <= 11
    assert len(play.published[-1].ghosts[0].text.splitlines()) > 85
    count = len(play.published)
    play.finish(piece("ls"))
    assert len(play.published) == count + 1


def test_a_growing_ghost_is_suggested_in_the_log_once_its_text_is_known():
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    assert not play.logged(Suggested)
    play.finish(piece("cd app\nmake"))
    (record,) = play.logged(Suggested)
    assert (record.cells, record.source) == (play.published[-1].ghosts, "model")


def test_accepting_a_growing_ghost_takes_what_is_there_and_closes_the_completion():
    play = assisted()
    order = play.ask_model()
    play.write(piece("cd app"), piece("Why.", CellKind.MARKUP, "markdown"))
    play.write(piece("cd app\nmake"), piece("Why.", CellKind.MARKUP, "markdown"))
    uri = play.materialise()[0]
    result = play.focus(uri)
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]
    assert [type(one) for one in play.logged(Suggested, Accepted)] == [Suggested, Accepted]
    assert play.logged(Suggested)[0].cells[0].text == play.logged(Accepted)[0].text == "cd app"
    assert (play.published[-1].final, play.published[-1].accepted) == (True, result.accepted)
    assert [one.text for one in play.shown()] == ["Why."]
    count = len(play.published)
    play.finish(piece("cd app\nrm -r app"), suggestion=order.suggestion)
    assert len(play.published) == count


def test_a_memory_ghost_stays_while_the_model_agrees():
    play = assisted()
    play.ask_model(candidate("cd app\nmake", 0.6))
    (ghost,) = play.shown()
    count = len(play.published)
    play.write(piece("cd app"))
    play.finish(piece("cd app\nmake\n"))
    assert play.shown() == [ghost]
    assert len(play.published) == count


def test_a_memory_ghost_gives_way_when_the_models_first_line_differs():
    play = assisted()
    play.ask_model(candidate("cd app\nmake", 0.6))
    (ghost,) = play.shown()
    play.write(piece("cd lib"))
    assert [one.text for one in play.shown()] == ["cd lib"]
    assert [(one.cell, one.reason) for one in play.logged(Superseded)] == [(ghost.id, "newer")]
    play.finish(piece("cd lib\nmake"))
    assert play.published[-1].candidates.count == 2
    play.ask(into.CandidateCycled, notebook=NB, step=1)
    assert [one.text for one in play.shown()] == ["cd app\nmake"]


def test_a_model_that_stops_earlier_than_memory_differs():
    play = assisted()
    play.ask_model(candidate("cd app\nmake", 0.6))
    play.write(piece("cd app"))
    play.finish(piece("cd app"))
    assert [one.text for one in play.shown()] == ["cd app"]


def test_a_stream_that_fails_withdraws_its_ghosts():
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    play.fail()
    assert (play.published[-1].ghosts, play.published[-1].final) == ((), True)
    assert [one.reason for one in play.logged(Superseded)] == ["failed"]
    assert [type(one) for one in play.logged(Suggested, Superseded)] == [Suggested, Superseded]


def test_a_stream_that_fails_falls_back_to_memory():
    play = assisted()
    play.ask_model(candidate("kubectl get pods", 0.6))
    play.write(piece("cd app"))
    play.fail()
    assert [one.text for one in play.shown()] == ["kubectl get pods"]
    assert play.published[-1].final


def test_an_answer_that_its_checks_silence_leaves_what_memory_shows():
    play = assisted()
    play.ask_model(candidate("kubectl get pods", 0.6))
    play.finish()
    assert [one.text for one in play.shown()] == ["kubectl get pods"]


def test_typing_closes_the_completion_and_takes_back_what_grew():
    play = assisted()
    order = play.ask_model()
    play.write(piece("cd app"))
    play.type("show the pods of payments")
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]
    assert [one.reason for one in play.logged(Superseded)] == ["stale"]
    assert not play.shown()


def test_white_space_does_not_disturb_a_stream():
    play = assisted()
    play.ask_model()
    play.type("show the pods ")
    assert not play.of(out.Cancel)
    assert play.writing


def test_a_model_that_is_not_worth_asking_yet_is_asked_after_a_long_rest():
    play = assisted()
    play.type("show the pods").wait(100)
    play.answer()
    play.wait(50)
    play.decline(again_ms=1500)
    play.wait(1340)
    assert not play.writing
    play.wait(20)
    (order,) = play.of(out.Complete)
    assert order.rested_ms == 1500


def test_a_models_ghost_stays_while_hardly_anything_is_new():
    play = assisted()
    play.ask_model()
    play.finish(piece("cd app"))
    (ghost,) = play.shown()
    play.ask_model(candidate("kubectl get pods", 0.6), text="show the pods.")
    play.decline(unchanged=True)
    assert play.shown() == [ghost]


def test_a_models_ghost_gives_way_to_memory_where_no_model_is_asked():
    play = assisted()
    play.ask_model()
    play.finish(piece("cd app"))
    play.ask_model(candidate("kubectl get pods", 0.6), text="something else entirely")
    play.decline()
    assert [one.text for one in play.shown()] == ["kubectl get pods"]


@pytest.mark.parametrize("end", ["decline", "decline until a longer rest", "fail"])
def test_who_asks_by_hand_is_not_put_off_by_a_request_that_nobody_had_asked_for(end):
    """It is joined while it may be answered. Not worth its cost, or sent to a server that is left alone, is said of it only."""
    play = assisted()
    first = play.ask_model()
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    assert play.writing == [first.suggestion]
    if end == "fail":
        play.fail()
    else:
        play.decline(again_ms=9000 if end != "decline" else None)
    assert not any(publish.final for publish in play.published)
    play.answer()
    assert play.of(out.Complete)[-1].asked
    play.finish(piece("kubectl get pods"))
    assert (play.published[-1].session, play.published[-1].final) == (result.session, True)
    assert [one.text for one in play.shown()] == ["kubectl get pods"]


def test_who_asks_by_hand_is_told_of_a_failure_once():
    play = assisted()
    play.ask_model()
    play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.fail()
    play.answer()
    play.fail()
    assert not play.writing
    assert (play.published[-1].ghosts, play.published[-1].final) == ((), True)


def test_what_grows_on_after_the_focus_has_left_is_final_only_once_it_is_whole():
    play = assisted().type("show the pods").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.answer()
    play.write(piece("kubectl get"))
    play.focus(None)
    assert not any(publish.final for publish in play.published)
    play.finish(piece("kubectl get pods"))
    finals = [publish for publish in play.published if publish.final]
    assert [(one.session, one.ghosts[0].text) for one in finals] == [(result.session, "kubectl get pods")]


def test_what_grows_is_final_when_it_is_left_for_another_cell():
    play = assisted(prose(), prose("hello", uri="p2")).type("show the pods").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.answer()
    play.write(piece("kubectl get"))
    play.focus("p2")
    finals = [publish for publish in play.published if publish.final]
    assert [(one.session, one.ghosts) for one in finals] == [(result.session, ())]


def test_an_answer_that_comes_is_enough_for_who_has_asked_by_hand_meanwhile():
    play = assisted()
    play.ask_model()
    play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.finish(piece("kubectl get pods"))
    assert not play.pending
    assert not play.writing
    assert play.published[-1].final


def test_who_asks_by_hand_waits_for_the_model_where_memory_is_silent():
    play = assisted().type("what").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.answer()
    (order,) = play.of(out.Complete)
    assert order.asked
    assert not play.published
    play.finish(piece("date"))
    assert (play.published[-1].session, play.published[-1].final) == (result.session, True)


@pytest.mark.parametrize("end", ["finish", "fail", "decline"])
def test_who_asks_is_answered_by_a_final_publish_however_it_ends(end):
    play = assisted().type("what").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.answer()
    getattr(play, end)()
    assert [(one.session, one.ghosts, one.final) for one in play.published] == [(result.session, (), True)]


def test_who_asks_while_a_ghost_grows_gets_that_one():
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    assert not play.of(out.Recall)
    play.finish(piece("cd app"))
    assert (play.published[-1].session, play.published[-1].final) == (result.session, True)


def test_dismissing_a_growing_ghost_closes_its_completion():
    play = assisted()
    order = play.ask_model()
    play.write(piece("cd app"))
    play.ask(into.GhostsDismissed, notebook=NB)
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]
    assert not play.shown()


def test_losing_the_focus_lets_ghosts_grow_and_closes_what_shows_nothing_yet():
    play = assisted()
    order = play.ask_model()
    play.focus(None)
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    play.focus(None)
    play.finish(piece("cd app\nmake"))
    assert [one.text for one in play.shown()] == ["cd app\nmake"]


def test_closing_the_notebook_closes_the_completion():
    play = assisted()
    order = play.ask_model()
    play.send(into.Closed, notebook=NB)
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]


def test_a_model_that_is_switched_off_is_closed():
    play = assisted()
    order = play.ask_model()
    play.send(into.PolicyChanged, policy=into.Policy())
    assert [one.suggestion for one in play.of(out.Cancel)] == [order.suggestion]


def test_a_third_completion_closes_the_oldest():
    play = assisted(prose(uri="p1"), prose(uri="p2"))
    first = play.ask_model()
    play.ask_model(text="show the nodes")
    assert first.suggestion in play.closed
    assert len(play.writing) == 1


def test_warnings_of_a_models_command_are_published():
    play = assisted()
    play.ask_model()
    warning = Caution("destructive-command", "`rm` deletes")
    play.finish(piece("rm -r app", warnings=(warning,)))
    assert play.published[-1].ghosts[0].warnings == (warning,)


def test_what_memory_had_to_say_is_traced_once():
    """By the engine where no model was asked, by who asked it otherwise: a cancelled answer costs, too."""
    play = assisted()
    play.type("show the pods").wait(100)
    play.answer(candidate("kubectl get pods", 0.6))
    play.type("show the pods of payments")
    assert len([one for one in play.records if isinstance(one, Traced)]) == 1
    play = assisted()
    order = play.ask_model(candidate("kubectl get pods", 0.6))
    play.finish()
    assert not [one for one in play.records if isinstance(one, Traced)]
    assert order.trace.candidates[0].text == "kubectl get pods"


def test_a_request_that_cannot_be_written_leaves_a_growing_ghost_as_it_was_shown():
    play = assisted()
    play.ask_model()
    play.write(piece("cd app"))
    before = play.state.core
    uri = play.materialise()[0]
    play.focus(uri)
    play.send(into.NotWritten, requests=(play.requests,), core=before, why="disk full")
    assert [one.text for one in play.shown()] == ["cd app"]
    assert play.published[-1].final
    assert len(play.logged(Suggested)) == 1


def test_a_models_ghost_says_who_wrote_it():
    play = assisted()
    play.send(into.PolicyChanged, policy=into.Policy(model=True, writer="small-1"))
    play.ask_model()
    play.finish(piece("make deploy"))
    assert play.shown()[0].label == "written by small-1"
