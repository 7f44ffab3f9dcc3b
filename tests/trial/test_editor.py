"""The terminal notebook as an editor: it reports facts in order and shows exactly what was published."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.editor import Editor

from .recorder import Recorder

URI = "file:///demo.md"


def ghost(name, text="ls"):
    return {"id": name, "kind": 2, "languageId": "shellscript", "text": text, "source": "memory"}


def publish(revision, *ghosts, after=None, accepted=(), epoch="E", uri=URI):
    return {
        "epoch": epoch,
        "notebook": {"uri": uri, "version": 1},
        "session": "S",
        "revision": revision,
        "after": after,
        "ghosts": list(ghosts),
        "accepted": list(accepted),
        "final": True,
        "candidates": {"index": 0, "count": len(ghosts)},
    }


def opened():
    client = Recorder()
    editor = Editor(client, URI)
    editor.open("# Top", "Do it")
    return editor, client


def show(editor, *args, **more):
    editor.notified("ghostcells/publishGhosts", publish(*args, **more))


def test_ghosts_stand_below_the_cell_that_they_follow():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"), ghost("B", "two"), after=editor.cells[0].uri)
    assert client.shown == ["# Top", "one", "two", "Do it"]
    assert [cell["metadata"].get("ghostcells") for cell in client.cells] == [
        None,
        {"id": "A", "ghost": True},
        {"id": "B", "ghost": True},
        None,
    ]


def test_at_the_top_where_they_follow_nothing():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"))
    assert client.shown[0] == "one"


def test_a_publish_that_is_not_newer_is_not_applied():
    editor, client = opened()
    show(editor, 5, ghost("A", "one"))
    show(editor, 5)
    show(editor, 4, ghost("B", "two"))
    assert client.shown == ["one", "# Top", "Do it"]
    show(editor, 1, epoch="F")
    assert client.shown == ["# Top", "Do it"]


def test_publishes_for_other_notebooks_are_nothing_to_this_one():
    editor, client = opened()
    show(editor, 1, ghost("A"), uri="file:///other.md")
    assert client.shown == ["# Top", "Do it"]


def test_a_ghost_that_grows_is_changed_in_place():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"), after=editor.cells[0].uri)
    cell = editor.ghosts[0]
    show(editor, 2, ghost("A", "one more"), after=editor.cells[0].uri)
    assert editor.ghosts == [cell]
    assert client.shown == ["# Top", "one more", "Do it"]


def test_to_move_into_a_ghost_accepts_it_after_it_was_introduced_and_before_it_is_altered():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"), after=editor.cells[0].uri)
    client.answers["ghostcells/focus"] = {"session": "S", "accepted": ["A"], "rejected": []}
    cell = editor.ghosts[0]
    assert asyncio.run(editor.focus(cell)) == ["A"]
    assert [method.partition("/")[2] for method, _ in client.sent] == ["didOpen", "didChange", "focus", "didChange"]
    assert client.cells[1]["metadata"] == {"ghostcells": {"id": "A"}}
    assert (cell.is_ghost, cell.id) == (False, "A")


def test_what_was_accepted_stays_when_ghosts_go():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"), ghost("B", "two"), after=editor.cells[0].uri)
    show(editor, 2, after=editor.cells[0].uri, accepted=["A"])
    assert client.shown == ["# Top", "one", "Do it"]
    assert editor.ghosts == []


def test_ghosts_are_not_typed_into():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"))
    editor.write(editor.ghosts[0], "rm -r .")
    assert "rm -r ." not in client.shown


def test_a_cell_that_refuses_to_be_accepted_stays_a_ghost():
    editor, client = opened()
    show(editor, 1, ghost("A", "one"))
    client.answers["ghostcells/focus"] = {"session": "S", "accepted": [], "rejected": []}
    assert asyncio.run(editor.focus(editor.ghosts[0])) == []
    assert editor.ghosts


def test_what_ran_is_reported_with_its_output():
    editor, client = opened()
    client.answers["ghostcells/executed"] = {"event": "E"}
    cell = editor.add(CellKind.CODE)
    editor.write(cell, "ls")
    assert asyncio.run(editor.executed(cell, output="a\n", exit_code=2, duration_ms=7)) == "E"
    _, params = client.sent[-1]
    assert (params["success"], params["exitCode"], params["durationMs"]) == (False, 2, 7)
    assert params["outputs"] == [{"mime": "text/plain", "text": "a\n"}]


@pytest.mark.parametrize("method", ["window/showMessage"])
def test_messages_and_status_are_kept_for_the_screen(method):
    editor, _ = opened()
    editor.notified(method, {"type": 3, "message": "hello"})
    editor.notified("ghostcells/status", {"state": "ready", "provider": "none", "model": ""})
    assert editor.messages == ["hello"]
    assert editor.status["state"] == "ready"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.lists(st.sampled_from("ABC"), unique=True), st.integers(-1, 3)),
        st.tuples(st.just("add"), st.integers(-1, 3)),
        st.tuples(st.just("write"), st.integers(0, 5), st.text(max_size=3)),
    ),
    max_size=12,
)


@given(steps)
def test_daemon_and_editor_always_agree_on_the_notebook(given_steps):
    """The messages, applied in order, give the notebook that is on the screen, and it has just the ghosts published."""
    editor, client = opened()
    wanted: list[str] = []
    for number, (what, *values) in enumerate(given_steps, 1):
        own = [cell for cell in editor.cells if not cell.is_ghost]
        if what == "publish":
            names, after = values
            wanted = names
            show(
                editor,
                number,
                *(ghost(name) for name in names),
                after=own[after % len(own)].uri if after >= 0 else None,
            )
        elif what == "add":
            editor.add(CellKind.CODE, None if values[0] < 0 else own[values[0] % len(own)])
        else:
            editor.write(editor.cells[values[0] % len(editor.cells)], values[1])
        assert client.shown == [cell.text for cell in editor.cells]
        assert [cell["document"] for cell in client.cells] == [cell.uri for cell in editor.cells]
        assert [cell.id for cell in editor.ghosts] == wanted
