"""Focus accepts, everything else ends: each suggested cell once, with a reason."""

import pytest
from msgspec.structs import replace

from ghostcells.domain.errors import InvalidParams, RequestFailed
from ghostcells.domain.events import (
    Accepted,
    Deleted,
    Executed,
    Rejected,
    Restored,
    SessionEnded,
    SessionStarted,
    Superseded,
)
from ghostcells.domain.ghosts import Ghost, Origin
from ghostcells.domain.notebook import CellKind
from ghostcells.engine import inputs as into

from .play import NB, candidate, code, ghost_cell, prose, started


def two_ghosts():
    """Two ghosts below p1, as a suggestion of two cells will leave them, both inserted by the editor."""
    play = started(prose("x"), prose("later", uri="p9"))
    play.suggest(candidate("first"))
    core = play.state.core
    showing = core.notebooks[NB].showing
    one = showing.ghosts[0]
    other = replace(one, ghost=replace(one.ghost, id="01J00000000000000000000002", text="second"))
    state = replace(core.notebooks[NB], showing=replace(showing, ghosts=(one, other)))
    play.state = replace(play.state, core=replace(core, notebooks={NB: state}))
    return play, play.materialise()


def ends(play):
    return [(one.cell, one.reason) for one in play.logged(Accepted, Rejected, Superseded)]


def test_focus_on_a_ghost_accepts_it():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    result = play.focus(uri)
    assert (result.accepted, result.rejected) == ((ghost.id,), ())
    assert ends(play) == [(ghost.id, "focus")]
    publish = play.published[-1]
    assert (publish.accepted, publish.ghosts) == ((ghost.id,), ())


def test_focus_on_a_ghost_starts_the_session_of_the_accepted_cell():
    play = started()
    before = play.state.core.session
    play.suggest()
    (uri,) = play.materialise()
    result = play.focus(uri)
    assert play.logged(SessionEnded)[-1].session == before.id
    assert play.logged(SessionStarted)[-1].session == result.session != before.id


def test_focus_on_a_ghost_rejects_the_ghosts_it_skipped_and_keeps_those_after():
    play, (first, second) = two_ghosts()
    ids = [one.id for one in play.shown()]
    result = play.focus(second)
    assert (result.accepted, result.rejected) == ((ids[1],), (ids[0],))
    assert ends(play) == [(ids[0], "skipped"), (ids[1], "focus")]
    play, (first, second) = two_ghosts()
    play.focus(first)
    assert [one.id for one in play.shown()] == [ids[1]]
    assert play.published[-1].after == first


def test_what_is_accepted_is_the_text_that_the_editors_cell_holds():
    play = started()
    ghost = play.suggest(candidate("kubectl get pods"))
    (uri,) = play.materialise()
    play.cells(*(replace(one, text="kubectl get po") if one.uri == uri else one for one in play.document.cells))
    play.focus(uri)
    assert play.logged(Accepted)[0].text == "kubectl get po"
    assert ghost.text == "kubectl get pods"


def test_to_repeat_focus_changes_nothing():
    play = started()
    session = play.state.core.session.id
    play.suggest()
    count = len(play.records)
    assert play.focus("p1").session == session
    assert len(play.records) == count
    assert play.shown()


def test_focus_elsewhere_rejects_what_shows():
    play = started(prose(), prose("other", uri="p2"))
    ghost = play.suggest()
    result = play.focus("p2")
    assert result.rejected == (ghost.id,)
    assert ends(play) == [(ghost.id, "moved")]
    assert play.published[-1].ghosts == ()


def test_losing_the_focus_keeps_the_ghosts_and_coming_back_adopts_them():
    play = started()
    ghost = play.suggest()
    assert play.focus(None).session is None
    session = play.focus("p1").session
    assert play.shown() == [ghost]
    assert play.state.core.notebooks[NB].showing.session == session
    assert ends(play) == []


def test_focus_in_another_notebook_rejects_what_shows_here():
    play = started()
    ghost = play.suggest()
    other = "file:///runbooks/other.md"
    play.open(prose("hi", uri="q1"), uri=other)
    result = play.focus("q1", other)
    assert result.rejected == (ghost.id,)


def test_a_cell_inserted_among_the_ghosts_rejects_them():
    play = started()
    ghost = play.suggest()
    play.materialise()
    play.insert(code("mine", uri="mine"), 1)
    assert ends(play) == [(ghost.id, "inserted")]


def test_a_cell_inserted_elsewhere_rejects_nothing():
    play = started(prose(), prose("later", uri="p9"))
    play.suggest()
    play.materialise()
    play.insert(code("mine", uri="mine"), 3)
    play.insert(code("mine", uri="top"), 0)
    assert ends(play) == []


def test_dismissing_rejects_and_the_same_text_stays_unanswered():
    play = started()
    ghost = play.suggest()
    assert play.ask(into.GhostsDismissed, notebook=NB).rejected == (ghost.id,)
    assert ends(play) == [(ghost.id, "dismissed")]
    play.type("show the  pods").wait(1000)
    assert not play.pending


def test_closing_the_notebook_rejects_and_ends_the_session():
    play = started()
    ghost = play.suggest()
    play.send(into.Closed, notebook=NB)
    assert ends(play) == [(ghost.id, "closed")]
    assert play.logged(SessionEnded)
    assert NB not in play.state.core.notebooks


def test_a_ghost_whose_cell_disappears_is_deleted_after_two_seconds():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    play.remove(uri).wait(1999)
    assert ends(play) == []
    play.wait(1)
    assert ends(play) == [(ghost.id, "deleted")]


def test_a_ghost_that_returns_within_two_seconds_was_never_removed():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    play.remove(uri).wait(1500)
    play.insert(ghost_cell(ghost, "elsewhere"), 1).wait(5000)
    assert ends(play) == []


def test_ghosts_whose_anchor_is_gone_are_superseded():
    play = started(prose(), prose("later", uri="p9"))
    ghost = play.suggest()
    play.remove("p1").wait(2000)
    assert ends(play) == [(ghost.id, "anchor-gone")]


def test_ghosts_that_the_editor_withdraws_are_superseded():
    play = started()
    ghost = play.suggest()
    play.ask(into.GhostsWithdrawn, notebook=NB, ids=(ghost.id, "unknown"), reason="saved")
    assert ends(play) == [(ghost.id, "withdrawn")]
    assert not play.shown()


def test_an_accepted_cell_that_is_removed_is_deleted():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    play.focus(uri)
    play.remove(uri).wait(2000)
    assert [one.cell for one in play.logged(Deleted)] == [ghost.id]


def test_changing_the_language_of_an_accepted_cell_removes_nothing():
    """An editor expresses it as the cell's removal and, later, an addition with the same URI."""
    play = started()
    play.suggest()
    (uri,) = play.materialise()
    session = play.focus(uri).session
    accepted = replace(play.document.cell(uri), language="shellscript", flagged=False)
    play.remove(uri).wait(300).insert(accepted, 1).wait(5000)
    assert not play.logged(Deleted)
    assert play.focus(uri).session == session


def test_an_accepted_cell_that_is_replaced_keeps_its_session():
    """The replacement has a new URI and the same id."""
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    session = play.focus(uri).session
    new = replace(ghost_cell(ghost, "new-uri"), language="shellscript", flagged=False)
    play.cells(play.document.cells[0], new).wait(5000)
    assert play.focus("new-uri").session == session
    assert not play.logged(Deleted)
    assert ends(play) == [(ghost.id, "focus")]


def test_an_old_flag_never_unaccepts():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    play.focus(uri)
    play.cells(*(replace(one, flagged=True) for one in play.document.cells))
    play.run(uri)
    assert play.logged(Executed)[0].suggestion is not None
    assert play.logged(Executed)[0].language == "shellscript"
    assert ends(play) == [(ghost.id, "focus")]


def test_an_ended_ghost_that_comes_back_is_restored_by_focus():
    play = started(prose(), prose("later", uri="p2"))
    ghost = play.suggest()
    play.ask(into.GhostsDismissed, notebook=NB)
    play.insert(ghost_cell(ghost, "back"), 1)
    result = play.focus("back")
    assert result.accepted == (ghost.id,)
    assert [type(one) for one in play.logged() if one.cell == ghost.id] == [
        Rejected,
        Restored,
        Accepted,
        SessionStarted,
    ]


def test_an_ended_ghost_of_an_earlier_daemon_is_restored_by_focus():
    play = started()
    ghost = Ghost("01J00000000000000000000009", CellKind.CODE, "shellscript", "ls", "memory")
    origin = Origin(ghost, "01J00000000000000000000008", accepted=False, text="ls")
    leak = prose("ls", uri="leak", own_id=ghost.id, claim=ghost.id, flagged=True)
    play.cells(*play.document.cells, replace(leak, kind=2), origins=(origin,))
    assert play.focus("leak").accepted == (ghost.id,)


def test_a_cell_that_claims_to_be_a_ghost_it_never_was_is_the_users_once_focused():
    play = started()
    fake = code(
        "echo hi", uri="fake", own_id="01J00000000000000000000009", claim="01J00000000000000000000009", flagged=True
    )
    play.insert(fake, 1)
    with pytest.raises(InvalidParams):
        play.run("fake")
    assert play.focus("fake").accepted == ()
    play.run("fake")
    assert not play.logged(Accepted, Restored)


def test_restoring_undoes_an_acceptance():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    play.focus(uri)
    assert play.ask(into.AcceptanceUndone, notebook=NB, id=ghost.id).restored
    assert [one.id for one in play.shown()] == [ghost.id]
    assert play.published[-1].ghosts == (ghost,)
    assert play.focus(uri).accepted == (ghost.id,)
    assert [type(one) for one in play.logged() if one.cell == ghost.id] == [
        Accepted,
        SessionStarted,
        Restored,
        SessionEnded,
        Accepted,
        SessionStarted,
    ]


def test_restoring_what_was_not_accepted_restores_nothing():
    play = started()
    ghost = play.suggest()
    assert not play.ask(into.AcceptanceUndone, notebook=NB, id=ghost.id).restored
    assert not play.ask(into.AcceptanceUndone, notebook=NB, id="nonsense").restored


def test_cycling_shows_another_candidate_under_a_fresh_id():
    play = started()
    first = play.suggest(candidate("a", 0.9), candidate("b", 0.8))
    assert play.ask(into.CandidateCycled, notebook=NB, step=-1).index == 1
    (second,) = play.shown()
    assert (second.text, ends(play)) == ("b", [(first.id, "cycled")])
    assert second.id != first.id
    assert play.published[-1].candidates.count == 2
    assert play.ask(into.CandidateCycled, notebook=NB, step=1).index == 0


def test_cycling_nothing_is_nothing():
    play = started()
    result = play.ask(into.CandidateCycled, notebook=NB, step=1)
    assert (result.index, result.count) == (0, 0)
    with pytest.raises(InvalidParams, match="step"):
        play.ask(into.CandidateCycled, notebook=NB, step=2)


def test_time_in_view_counts_from_publish_until_an_editor_says_more():
    play = started()
    play.suggest()
    play.wait(800).focus(None)
    play.ask(into.GhostsDismissed, notebook=NB)
    assert play.logged(Rejected)[0].shown_ms == 800


def test_time_in_view_is_what_the_editor_says_it_is():
    play = started()
    ghost = play.suggest()
    play.wait(500).send(into.VisibilityChanged, notebook=NB, ids=(ghost.id,), form=into.Form.CELL)
    play.wait(300).send(into.VisibilityChanged, notebook=NB, ids=(), form=into.Form.CELL)
    play.wait(900).ask(into.GhostsDismissed, notebook=NB)
    assert play.logged(Rejected)[0].shown_ms == 300


def test_a_run_remembers_what_was_shown_and_how_it_ended():
    play = started(prose(), code("", uri="c1"))
    ghost = play.suggest(candidate("kubectl get pods", example="e1"))
    play.wait(1000)
    play.focus("c1")
    play.type("kubectl get nodes", "c1")
    play.run("c1")
    (run,) = play.logged(Executed)
    assert [(one.cell, one.example, one.reason, one.shown_ms) for one in run.shown] == [(ghost.id, "e1", "moved", 1000)]
    assert run.situation.intent == "show the pods"
    assert run.suggestion is None


def test_a_run_of_an_accepted_cell_says_whether_it_was_edited():
    play = started()
    play.suggest(candidate("kubectl get pods", example="e1"))
    (uri,) = play.materialise()
    play.focus(uri)
    play.run(uri)
    play.run(uri, text="kubectl get pods -A")
    assert [(one.edited, one.example) for one in play.logged(Executed)] == [(False, "e1"), (True, "e1")]


def test_a_ghost_does_not_run():
    play = started()
    play.suggest()
    (uri,) = play.materialise()
    with pytest.raises(InvalidParams, match="not accepted"):
        play.run(uri)
    assert not play.logged(Executed)


def test_out_of_step_refuses_until_opened_again():
    play = started()
    ghost = play.suggest()
    play.send(into.FellOutOfStep, notebook=NB)
    assert ends(play) == [(ghost.id, "stale")]
    with pytest.raises(RequestFailed) as refusal:
        play.focus("p1")
    assert refusal.value.reason == "out-of-step"
    play.send(into.Closed, notebook=NB).open(prose("x"))
    assert play.focus("p1").session


def test_what_could_not_be_written_did_not_happen():
    play = started()
    ghost = play.suggest()
    (uri,) = play.materialise()
    before = play.state.core
    play.focus(uri)
    play.send(into.NotWritten, requests=(99,), core=before, why="disk full")
    assert play.refusals[99].reason == "not-durable"
    assert [one.id for one in play.shown()] == [ghost.id]
    assert play.published[-1].ghosts == (ghost,)
    assert play.focus(uri).accepted == (ghost.id,)
