"""The recorded session, played against the real daemon: it fails if the product does not do what it is there for."""

import asyncio
import json

import pytest

from ghostcells.cli import run
from ghostcells.trial import play as playing
from ghostcells.trial.play import NoGhost, Scene, play, recorded


def played(daemon, folder, scenes):
    told = []
    asyncio.run(play(daemon, folder, "# Orders on call", scenes, lambda what, text: told.append((what, text))))
    return told


def test_the_packaged_session_shows_a_ghost_learns_and_gets_better(daemon, folder):
    told = played(daemon, folder, recorded())
    ghosts = [text for what, text in told if what == "ghost"]
    assert ghosts[0] != ghosts[1] == recorded()[0].runs
    assert [text.split("(")[1] for what, text in told if what == "learned"] == ["edited)", "as-suggested)"]


def test_it_fails_where_no_ghost_appears(daemon, folder, monkeypatch):
    monkeypatch.setattr(playing, "GHOST_SECONDS", 0.3)
    with pytest.raises(NoGhost, match="no ghost appeared"):
        played(daemon, folder, [Scene("xyzzy plugh", (), "true")])


def test_it_fails_where_the_second_is_no_better(daemon, folder):
    keys = "How many orders failed today?"
    with pytest.raises(NoGhost, match="no better"):
        played(daemon, folder, [Scene(keys, (), "grep -c FAILED orders.log")] * 2)


def test_what_was_taken_back_is_not_suggested_for(daemon, folder, pytestconfig):
    told = played(daemon, folder, recorded(pytestconfig.rootpath / "fixtures/traces/rewritten.json"))
    assert next(text for what, text in told if what == "typed") == "How many orders failed today?"
    assert next(text for what, text in told if what == "ghost") == "grep -c FAILED orders.log"


def test_without_a_terminal_the_command_plays_it(capsys):
    """`ghostcells try | cat`, and continuous integration."""
    assert run(["try", "--json"]) == 0
    steps = [one["step"] for one in json.loads(capsys.readouterr().out)]
    assert steps[-1] == "better"
