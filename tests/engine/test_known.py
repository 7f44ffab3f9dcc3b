"""What the engine keeps of suggested cells that have ended: what late messages need, and no history beside it."""

from msgspec.structs import replace

from ghostcells.domain.events import Executed
from ghostcells.domain.ghosts import Origin
from ghostcells.domain.notebook import Output
from ghostcells.engine import inputs as into
from ghostcells.engine import policy

from .play import NB, assisted, candidate, code, piece, prose, started

OTHER = "file:///runbooks/other.md"
MOST = policy.KEPT_KNOWN + policy.SWEEP


def suggest_often(play, times):
    """So many suggestions, each of which the next one replaces."""
    for number in range(times):
        play.suggest(candidate(f"kubectl get pods -n shop-{number}"), text=f"show the pods of shop {number}")


def accept(play):
    ghost = play.suggest(candidate("df -h"), text="how full are the disks")
    (uri,) = play.materialise()
    play.focus(uri)
    return ghost, uri


def test_no_more_is_kept_however_many_end():
    play = started()
    suggest_often(play, 3 * MOST)
    assert policy.KEPT_KNOWN <= len(play.state.core.known) < MOST
    assert len(play.logged()) > 3 * MOST


def test_an_accepted_cell_stays_known_while_it_stands():
    play = started()
    ghost, uri = accept(play)
    play.focus("p1")
    suggest_often(play, 2 * MOST)
    play.run(uri, text="df -h /")
    ran = play.logged(Executed)[-1]
    assert (ran.accepted_text, ran.edited) == ("df -h", True)
    assert ghost.id in play.state.core.known


def test_an_accepted_cell_that_goes_for_a_moment_stays_known():
    play = started()
    ghost, uri = accept(play)
    play.focus("p1")
    cell = play.document.cell(uri)
    play.remove(uri)
    for number in range(2 * MOST):
        # No time passes: keys and answers come as fast as they can.
        play.send(into.GhostsDismissed, notebook=NB, request=10_000 + number)
        play.ask(into.SuggestionAsked, notebook=NB, cell="p1")
        play.answer(candidate(f"ls {number}"))
    play.insert(cell, 1)
    play.run(uri)
    assert play.logged(Executed)[-1].suggestion == play.state.core.known[ghost.id].suggestion


def test_the_cells_of_a_closed_notebook_make_room():
    play = started()
    ghost, _ = accept(play)
    play.open(replace(play.document.cells[0], text=""), uri=OTHER)
    play.send(into.Closed, notebook=NB)
    play.focus("p1", OTHER)
    for number in range(2 * MOST):
        play.type(f"show the pods of shop {number}", notebook=OTHER).wait(200)
        play.answer(candidate(f"kubectl get pods -n shop-{number}"))
    assert ghost.id not in play.state.core.known


def test_what_the_log_says_of_a_ghost_that_shows_does_not_end_it():
    """The log cannot tell one that shows from one that has ended; where a write fails it has to be there again."""
    play = assisted()
    play.ask_model()
    play.finish(piece("ls"), piece("pwd"))
    first, second = play.shown()
    play.materialise()
    origins = tuple(Origin(one, "S", accepted=False, text=one.text) for one in (first, second))
    play.cells(*play.document.cells, origins=origins)
    before = play.state.core
    play.focus(play.document.cells[1].uri)
    play.send(into.NotWritten, requests=(play.requests,), core=before, why="disk full")
    assert [one.id for one in play.shown()] == [first.id, second.id]


def test_the_outputs_of_cells_that_are_gone_go_with_them():
    play = started(prose(), code("date", uri="kept"))
    play.run("kept", outputs=(Output("text/plain", "today"),))
    for number in range(3 * policy.MAX_RAN):
        play.insert(code("ls", uri=f"c{number}"), 1)
        play.run(f"c{number}", outputs=(Output("text/plain", "a"),))
        play.remove(f"c{number}").wait(policy.GRACE_MS)
    outputs = play.state.core.notebooks[NB].outputs
    assert len(outputs) <= len(play.document.cells) + policy.MAX_RAN
    assert outputs["kept"] == "today"
