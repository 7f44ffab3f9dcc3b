"""suggest and cycle: what the user asks for with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import Cell, md
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .lessons import DISK, DISK_TOO, RESTART
from .steps import command_ghost, ends_of, suggested, traced

if TYPE_CHECKING:
    from .client import Client, Json


def two_candidates(nb: Notebook, prose: Cell) -> Json:
    """The same intent was answered by two commands: there is a choice."""
    nb.set_text(prose, DISK[0])
    publish = nb.until(lambda p: bool(p["final"] and p["ghosts"]))
    assert publish["candidates"]["count"] >= 2
    return publish


def test_suggest_keeps_the_session_and_is_followed_by_a_final_publish(nb: Notebook, prose: Cell) -> None:
    session = nb.focus(prose)["session"]
    nb.set_text(prose, RESTART[0])
    assert nb.suggest(prose) == session
    publish = nb.until(lambda p: bool(p["final"] and p["ghosts"]))
    assert publish["session"] == session
    assert publish["ghosts"][-1]["text"] == RESTART[1]


def test_the_publish_comes_after_the_answer(client: Client, nb: Notebook, prose: Cell) -> None:
    nb.set_text(prose, RESTART[0])
    identity = client.post("ghostcells/suggest", {"notebook": {"uri": nb.uri}, "cell": prose.uri})
    session = client.answer(identity)["session"]
    answered = next(e.number for e in client.received if e.message.get("id") == identity)

    def followed() -> bool | None:
        later = client.received[answered + 1 :]
        publishes = [e.params for e in later if e.method == "ghostcells/publishGhosts"]
        return any(p["final"] and p["session"] == session for p in publishes) or None

    assert client.wait_for(followed, "a final publish after the answer to suggest")


def test_suggest_says_so_where_there_is_nothing(daemons: Daemons, home: Home) -> None:
    client = daemons.start(home)
    notebook = open_notebook(client, "empty.md", md("Nothing was ever run by this user"))
    session = notebook.focus(notebook.cells[0])["session"]
    assert notebook.suggest(notebook.cells[0]) == session
    publish = notebook.until(lambda p: p["final"] and p["session"] == session)
    assert publish["ghosts"] == []


def test_suggest_twice_gets_two_answers_and_a_final_publish(nb: Notebook, prose: Cell) -> None:
    nb.set_text(prose, RESTART[0])
    nb.suggest(prose)
    nb.suggest(prose)
    assert nb.until(lambda p: bool(p["final"] and p["ghosts"]))["ghosts"][-1]["text"] == RESTART[1]


def test_suggest_on_another_cell_is_refused(client: Client, nb: Notebook) -> None:
    params = {"notebook": {"uri": nb.uri}, "cell": nb.cells[1].uri}
    assert client.refused("ghostcells/suggest", params).code == -32602
    nb.focus(None)
    assert client.refused("ghostcells/suggest", params).code == -32602


def test_cycling_shows_another_candidate_under_fresh_ids(client: Client, nb: Notebook, prose: Cell) -> None:
    first = two_candidates(nb, prose)
    place = nb.cycle(1)
    assert place == {"index": 1, "count": first["candidates"]["count"]}
    second = nb.until(lambda p: p["candidates"]["index"] == 1)
    old, new = first["ghosts"][-1], second["ghosts"][-1]
    assert {old["text"], new["text"]} == {DISK[1], DISK_TOO[1]}
    assert new["id"] != old["id"]
    assert ends_of(client, old["id"]) == [("SUPERSEDED", "cycled")]
    assert nb.accept(new["id"])["accepted"] == [new["id"]]


def test_cycling_goes_round(nb: Notebook, prose: Cell) -> None:
    first = two_candidates(nb, prose)
    count = first["candidates"]["count"]
    indices = [nb.cycle(1)["index"] for _ in range(count)]
    assert indices == [*range(1, count), 0]
    assert nb.cycle(-1) == {"index": count - 1, "count": count}
    last = nb.until(lambda p: p["candidates"]["index"] == count - 1 and p["revision"] > count)
    assert len(last["ghosts"]) >= 1


def test_what_is_cycled_back_to_has_a_fresh_id_too(nb: Notebook, prose: Cell) -> None:
    first = two_candidates(nb, prose)
    nb.cycle(1)
    nb.cycle(-1)
    back = nb.settle()[-1]
    assert [g["text"] for g in back["ghosts"]] == [g["text"] for g in first["ghosts"]]
    assert not {g["id"] for g in back["ghosts"]} & {g["id"] for g in first["ghosts"]}


def test_the_trace_links_what_was_cycled(client: Client, nb: Notebook, prose: Cell) -> None:
    first = two_candidates(nb, prose)
    nb.cycle(1)
    second = nb.settle()[-1]
    traces = [traced(client, p["ghosts"][-1]["id"]) for p in (first, second)]
    texts = [{c["text"] for c in trace["candidates"]} for trace in traces]
    assert all({DISK[1], DISK_TOO[1]} <= found for found in texts)


def test_candidates_that_were_never_shown_have_no_events(client: Client, nb: Notebook, prose: Cell) -> None:
    suggested(client, two_candidates(nb, prose)["ghosts"][-1]["id"])
    found = [e for e in client.all_events() if e["type"] == "SUGGESTED" and e["notebook"] == nb.uri]
    texts = [ghost["text"] for event in found for ghost in event["cells"]]
    assert len([text for text in texts if text in {DISK[1], DISK_TOO[1]}]) == 1


def test_there_may_be_nothing_to_cycle(nb: Notebook) -> None:
    assert nb.cycle(1) == {"index": 0, "count": 0}
    assert nb.cycle(-1) == {"index": 0, "count": 0}


def test_manual_mode_suggests_only_when_asked(daemons: Daemons, taught: Home) -> None:
    client = daemons.start(taught, settings={**BEST_THERE_IS, "suggest": {"mode": "manual"}})
    notebook = open_notebook(client, "manual.md", md())
    cell = notebook.cells[0]
    notebook.focus(cell)
    notebook.set_text(cell, RESTART[0])
    notebook.suggest(cell)
    assert command(notebook) == RESTART[1]
    notebook.dismiss()
    notebook.set_text(cell, DISK[0])
    notebook.settle()
    found = [e for e in client.all_events() if e["type"] == "SUGGESTED" and e["notebook"] == notebook.uri]
    assert len(found) == 1


def command(notebook: Notebook) -> str:
    text: str = notebook.shown()[-1]["text"]
    return text


def test_accepting_after_cycling_ends_the_hidden_ones_once(client: Client, nb: Notebook, prose: Cell) -> None:
    two_candidates(nb, prose)
    nb.cycle(1)
    ghosts = nb.settle()[-1]["ghosts"]
    nb.accept(ghosts[-1]["id"])
    assert ends_of(client, ghosts[-1]["id"]) == [("ACCEPTED", "focus")]


def test_a_ghost_that_was_asked_for_is_like_any_other(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.suggest(prose)
    nb.until(lambda p: p["final"])
    nb.settle()
    live = [cell.id for cell in nb.ghosts]
    assert ghost["id"] in live or ends_of(client, ghost["id"])
