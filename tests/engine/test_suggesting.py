"""When the engine thinks, what it shows and what it keeps to itself."""

import pytest

from ghostcells.engine import effects as out
from ghostcells.engine import inputs as into

from .play import NB, candidate, code, ghost_cell, prose, started


def test_an_intent_is_answered_after_a_rest_of_forty_milliseconds():
    play = started().type("show the pods")
    play.wait(39)
    assert not play.pending
    play.wait(1)
    (recall,) = play.of(out.Recall)
    assert recall.situation.intent == "show the pods"


def test_a_steady_typist_is_not_answered_between_keys():
    """The rest grows with the usual gap between keys, so that words are not interrupted."""
    play = started()
    for length in range(1, 10):
        play.type("show the pods"[:length]).wait(120)
    asked = len(play.records)
    play.type("show the p")
    play.wait(80)
    assert not play.of(out.Recall)
    assert len(play.records) == asked


def test_a_ghost_follows_the_cell_that_is_written_in():
    play = started()
    ghost = play.suggest(candidate("kubectl get pods", example="e1", label="you ran this"))
    publish = play.published[-1]
    assert (publish.after, publish.ghosts, publish.final) == ("p1", (ghost,), True)
    assert (ghost.text, ghost.source, ghost.label, ghost.language_id) == (
        "kubectl get pods",
        "memory",
        "you ran this",
        "shellscript",
    )


def test_an_answer_for_a_text_that_has_changed_is_dropped():
    play = started().type("show the pods").wait(200)
    play.type("show the pods of payments").answer(candidate())
    assert not play.published


@pytest.mark.parametrize("text", ["", "   \n"])
def test_nothing_is_suggested_for_an_empty_cell(text):
    play = started().type(text).wait(1000)
    assert not play.pending


def test_white_space_is_not_thought_about_again():
    play = started()
    play.suggest()
    play.type("show  the pods \n").wait(1000)
    assert not play.pending


def test_emptying_the_cell_withdraws_its_ghosts_at_once():
    play = started()
    ghost = play.suggest()
    play.type("")
    assert play.published[-1].ghosts == ()
    assert [(one.cell, one.reason) for one in play.logged()[-1:]] == [(ghost.id, "stale")]


def test_a_ghost_that_still_fits_is_kept():
    play = started()
    ghost = play.suggest(candidate("kubectl get pods"), candidate("kubectl get all", 0.7))
    before = len(play.published)
    play.type("show the pods now").wait(200).answer(
        candidate("kubectl get all", 0.85), candidate("kubectl get pods", 0.8)
    )
    assert play.shown() == [ghost]
    assert len(play.published) == before


def test_a_better_answer_supersedes_the_ghost():
    play = started()
    old = play.suggest()
    new = play.suggest(candidate("kubectl get nodes"), text="show the nodes")
    assert new.id != old.id
    assert [(one.cell, one.reason) for one in play.logged() if one.cell == old.id] == [(old.id, "newer")]


def test_memory_that_is_not_sure_stays_silent():
    play = started()
    assert play.suggest(candidate(confidence=0.4)) is None
    assert not play.published


def test_a_lower_threshold_shows_the_best_there_is():
    play = started().type("show the pods").wait(200).answer(candidate(confidence=0.01), threshold=0.0)
    assert len(play.shown()) == 1


def test_what_stands_below_already_is_not_suggested():
    play = started(prose(), code("kubectl get pods"))
    play.type("show the pods").wait(200)
    assert "kubectl get pods" in play.of(out.Recall)[0].present
    play.answer(candidate("kubectl get pods"))
    assert not play.shown()


def test_at_most_two_computations_run_and_the_oldest_is_closed_at_its_source():
    play = started(prose(uri="p1"), prose(uri="p2"), prose(uri="p3"))
    play.type("one", "p1").wait(200)
    first = play.pending[0]
    play.type("two", "p1").wait(200)
    assert [effect.suggestion for effect in play.of(out.Cancel)] == [first]
    assert len(play.pending) == 1


def test_focus_on_an_intent_that_was_written_before_suggests():
    play = started(prose("hello"), prose("show the pods", uri="p2"))
    play.focus("p2")
    play.wait(40)
    assert play.of(out.Recall)


def test_the_next_step_is_suggested_after_a_run():
    play = started(code("make build"))
    play.run("c1", outputs=(into.Output("text/plain", "built app:3"),))
    play.wait(40)
    (recall,) = play.of(out.Recall)
    assert recall.situation.intent == ""
    assert (recall.situation.above[-1].text, recall.situation.above[-1].output) == ("make build", "built app:3")
    play.answer(candidate("make deploy"))
    assert play.published[-1].after == "c1"


@pytest.mark.parametrize("first", ["run", "focus"])
def test_the_next_step_is_suggested_where_a_run_moves_on_to_an_empty_cell(first):
    """Shift+Enter runs a cell and goes on to the next; either may be heard of first."""
    play = started(code("make build"), code(uri="c2"))
    if first == "run":
        play.run("c1")
        play.focus("c2")
    else:
        play.focus("c2")
        play.run("c1")
    play.wait(40)
    (recall,) = play.of(out.Recall)
    assert recall.situation.above[-1].text == "make build"
    play.answer(candidate("make deploy"))
    assert play.published[-1].after == "c2"


@pytest.mark.parametrize("focused", ["c2", "c3"])
def test_an_empty_cell_that_no_run_has_led_to_gets_nothing(focused):
    play = started(code("make build"), code(uri="c2"), code("make test", uri="c4"), code(uri="c3"))
    play.run("c4" if focused == "c2" else "c1")
    play.focus(focused)
    play.wait(1000)
    assert not play.of(out.Recall)


def test_ghosts_are_never_context():
    play = started(prose(), prose("later", uri="p2"))
    play.suggest()
    play.materialise()
    play.focus("p2")
    play.type("show all", "p2").wait(200)
    (recall,) = play.of(out.Recall)
    assert "kubectl" not in str(recall.situation)


def test_a_leaked_ghost_is_never_context():
    from ghostcells.domain.ghosts import Ghost

    leak = ghost_cell(Ghost("01J00000000000000000000000", 2, "shellscript", "rm -rf build", "memory"), "leak")
    play = started(prose(), leak, prose("x", uri="p2"))
    play.focus("p2")
    play.type("clean up", "p2").wait(200)
    assert "rm -rf" not in str(play.of(out.Recall)[0].situation)


def test_manual_mode_waits_to_be_asked():
    play = started()
    play.send(into.PolicyChanged, policy=into.Policy(manual=True))
    play.type("show the pods").wait(1000)
    assert not play.pending
    play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    assert play.pending


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(into.Policy(enabled=False), id="everywhere"),
        pytest.param(into.Policy(off_languages=frozenset({"markdown"})), id="this language"),
        pytest.param(into.Policy(off_notebooks=("*/deploy.md",)), id="this notebook"),
    ],
)
def test_switched_off_is_off(policy):
    play = started()
    play.suggest()
    play.send(into.PolicyChanged, policy=policy)
    play.type("show the nodes").wait(1000)
    assert not play.pending


def test_switching_off_withdraws_what_shows():
    play = started()
    play.suggest()
    play.send(into.PolicyChanged, policy=into.Policy(enabled=False))
    assert play.published[-1].ghosts == ()
    assert play.of(out.Announce)[-1].off


def test_who_asks_is_answered_even_when_there_is_nothing():
    play = started().type("what").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    assert [type(one).__name__ for one in play.effects][:1] == ["Reply"]
    play.answer()
    publish = play.published[-1]
    assert (publish.session, publish.ghosts, publish.final) == (result.session, (), True)


def test_who_asks_is_answered_with_what_shows_already():
    play = started()
    ghost = play.suggest()
    count = len(play.published)
    play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.answer(candidate("kubectl get pods"))
    assert len(play.published) == count + 1
    assert play.published[-1].ghosts == (ghost,)


def test_an_ask_whose_text_changes_is_still_followed_by_a_final_publish():
    play = started().type("show").wait(10)
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.type("show the pods").wait(200)
    play.answer()
    assert [one.session for one in play.published if one.final] == [result.session]


def test_an_ask_is_followed_by_a_final_publish_when_the_focus_leaves():
    play = started(prose("show"), prose(uri="p2"))
    result = play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
    play.focus("p2")
    assert [one.session for one in play.published if one.final] == [result.session]


def test_asking_for_a_cell_without_the_focus_is_refused():
    play = started(prose("a"), prose("b", uri="p2"))
    with pytest.raises(Exception, match="does not have the focus"):
        play.ask(into.SuggestionAsked, notebook=NB, cell="p2")


def test_a_shell_ghost_takes_the_name_that_the_notebook_uses():
    play = started(prose(), code("ls", language="bash"))
    assert play.suggest().language_id == "bash"


def test_a_comment_in_an_empty_code_cell_is_an_intent():
    play = started(code(""))
    play.type("# show the pods", "c1").wait(200)
    assert play.of(out.Recall)[0].situation.intent == "# show the pods"


def test_memory_is_asked_ahead_so_that_its_answer_is_there_at_the_rest():
    """Thirty milliseconds before a rest of forty is over, about exactly what will be asked then."""
    play = started(prose(uri="p1"), code("make build", "c1")).type("show the pods")
    play.wait(9)
    assert not play.of(out.Prepare)
    play.wait(1)
    (ahead,) = play.of(out.Prepare)
    assert not play.pending
    play.wait(30)
    (recall,) = play.of(out.Recall)
    assert (ahead.situation, ahead.limit, ahead.present) == (recall.situation, recall.limit, recall.present)
    assert recall.present == ("make build",)


def test_who_types_on_is_not_thought_about_ahead():
    play = started()
    for length in range(1, 10):
        play.type("show the pods"[:length]).wait(9)
        assert not play.of(out.Prepare)


def test_what_was_answered_is_not_prepared_again():
    play = started()
    play.suggest()
    before = play.steps
    play.type("show  the pods \n")
    while play.now < 2_000_000 and play.state.wake_ms is not None:
        play.now = play.state.wake_ms
        play.send(into.TimeCame)
        assert not play.of(out.Prepare)
    assert play.steps > before + 2
