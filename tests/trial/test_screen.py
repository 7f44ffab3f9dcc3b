"""The notebook in the terminal, driven by keys, against the real daemon."""

import asyncio
from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Static

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.screen import TrialApp
from ghostcells.trial.widgets import CellBox, Ghost, Input

ASKED = "How many orders failed today?"


async def until(pilot, condition: Callable[[], bool]) -> None:
    """Let the application work until something holds; after a while it never will."""
    for _ in range(1_500):
        if condition():
            return
        await pilot.pause(0.01)
    app = pilot.app
    told = [app._exception, app.focused, app.return_value, app.editor.status, app.editor.messages, app.editor.cells]
    raise AssertionError("\n".join(map(str, told)))


def app_of(daemon, folder) -> TrialApp:
    return TrialApp(daemon, folder, "# Orders on call")


def ghosts(app) -> list[str]:
    return [str(ghost.render()) for ghost in app.query(Ghost)]


async def typed(pilot, text=ASKED, *, by_key=False) -> None:
    await until(pilot, lambda: pilot.app._editor is not None and isinstance(pilot.app.focused, Input))
    if by_key:
        for key in text:
            await pilot.press({" ": "space", "?": "question_mark"}.get(key, key))
    else:
        pilot.app.focused.insert(text)
    await until(pilot, lambda: bool(ghosts(pilot.app)))


def drive(daemon, folder, story, settings=None) -> None:
    async def run() -> None:
        app = TrialApp(daemon, folder, "# Orders on call", settings)
        async with app.run_test(size=(100, 40)) as pilot:
            await story(pilot, app)

    asyncio.run(run())


def test_a_ghost_appears_in_grey_below_what_was_typed(daemon, folder):
    async def story(pilot, app):
        await typed(pilot, by_key=True)
        assert ghosts(app) == ["grep -c FAILED orders.log"]
        boxes = list(app.query(CellBox))
        assert [box.look_of(box.cell) for box in boxes] == ["prose", "prose", "ghost"]
        assert "on-call.md" in str(boxes[-1].query_one(".label").render())

    drive(daemon, folder, story)


def test_the_arrow_takes_it_and_only_the_run_key_runs_it(daemon, folder):
    async def story(pilot, app):
        await typed(pilot)
        await pilot.press("down")
        await until(pilot, lambda: not ghosts(app))
        code = app.editor.cells[2]
        assert (code.text, code.is_ghost, code.succeeded) == ("grep -c FAILED orders.log", False, None)
        assert app.editor.focused is code
        await pilot.press("ctrl+r")
        await until(pilot, lambda: code.succeeded is True and len(app.editor.cells) > 3)
        assert code.output == "6\n"
        await until(pilot, lambda: app.editor.focused is not code)
        assert app.editor.focused.text == ""

    drive(daemon, folder, story)


def test_escape_sends_it_away(daemon, folder):
    async def story(pilot, app):
        await typed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not ghosts(app))
        assert [cell.text for cell in app.editor.cells][-1] == ASKED
        events = await app.editor.client.request("ghostcells/events", {})
        assert [one["reason"] for one in events if one["type"] == "REJECTED"] == ["dismissed"]

    drive(daemon, folder, story)


def test_prose_is_not_run(daemon, folder):
    async def story(pilot, app):
        await typed(pilot)
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert all(cell.succeeded is None for cell in app.editor.cells)
        assert "only a command can be run" in str(app.query_one("#status").render())

    drive(daemon, folder, story)


def test_what_was_edited_and_run_is_the_next_suggestion(daemon, folder):
    async def story(pilot, app):
        await typed(pilot)
        await pilot.press("down")
        await until(pilot, lambda: not ghosts(app))
        app.query(Input).last().text = "grep FAILED orders.log | grep -vc ' test '"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app.editor.cells) > 3 and app.editor.focused is app.editor.cells[-1])
        learned: list[dict] = []
        while not learned:
            events = await app.editor.client.request("ghostcells/events", {})
            learned = [one for one in events if one["type"] == "LEARNED" and one["reason"] == "edited"]
        await typed(pilot, "How many failed orders are there today?")
        assert ghosts(app) == ["grep FAILED orders.log | grep -vc ' test '"]

    drive(daemon, folder, story)


def test_a_daemon_that_cannot_start_is_told(folder):
    async def run() -> None:
        app = app_of(["false"], folder)
        async with app.run_test() as pilot:
            await until(pilot, lambda: app.return_code == 1)

    asyncio.run(run())


@pytest.mark.parametrize("key", ["ctrl+n", "ctrl+g", "escape"])
def test_keys_with_nothing_to_do_do_nothing(daemon, folder, key):
    async def story(pilot, app):
        await until(pilot, lambda: app._editor is not None and isinstance(app.focused, Input))
        await pilot.press(key)
        await pilot.pause()
        assert app.editor.messages == []

    drive(daemon, folder, story)


def test_what_is_typed_at_once_stands_in_the_cell_that_was_just_made(daemon, folder):
    """Keys wait while the daemon is told of the new cell; they are for that one."""

    async def story(pilot, app):
        await until(pilot, lambda: app._editor is not None and isinstance(app.focused, Input))
        for key in ("ctrl+o", "l", "s"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.editor.cells[-1].text == "ls")
        assert [cell.kind for cell in app.editor.cells] == [CellKind.MARKUP, CellKind.MARKUP, CellKind.CODE]
        assert app.editor.cells[1].text == ""

    drive(daemon, folder, story)


def test_a_command_of_ones_own_is_learned_where_nothing_was_suggested(daemon, folder):
    """Without a way to write one there would be nothing to learn from that was not suggested before."""
    asked, own = "Which release is out there now?", "echo v4.2"

    async def story(pilot, app):
        await until(pilot, lambda: app._editor is not None and isinstance(app.focused, Input))
        app.focused.insert(asked)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.editor.focused is app.editor.cells[2] and isinstance(app.focused, Input))
        assert app.editor.cells[2].kind is CellKind.CODE
        app.focused.insert(own)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.editor.cells[2].output == "v4.2\n")
        await until(pilot, lambda: app.editor.focused is app.editor.cells[-1] and isinstance(app.focused, Input))
        app.focused.insert(asked)
        await until(pilot, lambda: ghosts(app) == [own])

    drive(daemon, folder, story, {"memory": {"minConfidence": 0}})


@pytest.mark.parametrize("width", [80, 120])
def test_the_welcome_and_the_keys_fit_the_terminal(daemon, folder, width):
    async def run() -> None:
        app = app_of(daemon, folder)
        async with app.run_test(size=(width, 24)) as pilot:
            await until(pilot, lambda: isinstance(app.focused, Input))
            welcome = app.query_one("#welcome", Static)
            assert welcome.size.height == 1 + str(welcome.render()).count("\n")
            keys = list(app.query("FooterKey"))
            assert len(keys) == len(app.BINDINGS)
            assert keys[-1].region.right <= width

    asyncio.run(run())
