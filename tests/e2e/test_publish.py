"""What is published, when, and in which pieces."""

from __future__ import annotations

import itertools

import pytest

from .cells import CODE, Cell, md
from .client import TIMEOUT, Client
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .lessons import BACKUP, RESTART
from .model import Model, answer_with
from .shapes import PUBLISH
from .steps import ask_model, command_ghost, end_event, ends_of


def model_failed(client: Client) -> None:
    """The failure is a state, and is said once."""
    client.take("ghostcells/status", lambda p: p["state"] == "degraded")
    client.take("window/showMessage")


def test_a_suggestion_from_memory_has_the_published_shape(nb: Notebook, prose: Cell) -> None:
    nb.set_text(prose, RESTART[0])
    publish = nb.until(lambda p: bool(p["final"] and p["ghosts"]))
    PUBLISH(publish, "publish")
    assert publish["after"] == prose.uri
    assert publish["accepted"] == []
    assert publish["candidates"]["count"] >= 1
    ghost = publish["ghosts"][-1]
    assert (ghost["kind"], ghost["languageId"]) == (CODE, "shellscript")
    assert ghost["source"] == "memory"
    assert ghost["text"] == RESTART[1]


def test_a_ghost_of_the_memory_says_why_and_how_likely(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    assert ghost["label"]
    assert 0 < ghost["confidence"] <= 1


def test_revisions_go_on_over_closing_and_opening(nb: Notebook, prose: Cell) -> None:
    """An editor keeps the last revision that it applied to a notebook: a smaller one would never be drawn."""
    command_ghost(nb, prose)
    nb.close()
    assert nb.applied is not None
    epoch, revision = nb.applied
    nb.cells = [cell for cell in nb.cells if not cell.is_ghost]
    nb.open()
    nb.focus(prose)
    nb.set_text(prose, BACKUP[0])
    publish = nb.until(lambda p: bool(p["ghosts"]))
    assert publish["epoch"] == epoch
    assert publish["revision"] > revision


def test_each_start_of_a_daemon_is_an_epoch(daemons: Daemons, taught: Home) -> None:
    epochs = []
    for name in ("first.md", "second.md"):
        client = daemons.start(taught)
        notebook = open_notebook(client, name, md())
        notebook.focus(notebook.cells[0])
        notebook.set_text(notebook.cells[0], RESTART[0])
        epochs.append(notebook.until(lambda p: bool(p["ghosts"]))["epoch"])
        daemons.finish(client)
    assert epochs[0] < epochs[1]


def test_ghosts_follow_their_anchor_when_cells_are_inserted_above(nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.insert(0, md("A new first cell"))
    nb.settle()
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


def test_typing_is_never_suggested_for_before_it_rests(client: Client, nb: Notebook, prose: Cell) -> None:
    nb.type_text(prose, RESTART[0])
    nb.shown()
    suggestions = [e for e in client.all_events() if e["type"] == "SUGGESTED" and e["notebook"] == nb.uri]
    assert len(suggestions) <= 2


def test_a_suggestion_grows_under_one_id(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log\n")
    first = notebook.until(lambda p: bool(p["ghosts"]))
    assert first["final"] is False
    ghost = first["ghosts"][-1]
    assert ghost["source"] == "model"
    answer.say("ls -l access.log.gz\n```\n").end()
    last = notebook.until(lambda p: p["final"])
    assert last["ghosts"][-1]["id"] == ghost["id"]
    assert last["ghosts"][-1]["text"].splitlines() == ["gzip access.log", "ls -l access.log.gz"]
    assert notebook.cell_of(ghost["id"]).text == last["ghosts"][-1]["text"]


def test_an_unfinished_line_of_code_is_held_back(assisted: Client, model: Model) -> None:
    """Half a command may be a harmful command."""
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log\nrm -rf /")
    seen = [notebook.until(lambda p: bool(p["ghosts"]))]
    answer.say("tmp/scratch")
    assisted.ping()
    answer.say("\n```\n").end()
    while not seen[-1]["final"]:
        seen.append(notebook.pull())
    lines = {line for p in seen for g in p["ghosts"] if g["kind"] == CODE for line in g["text"].splitlines()}
    assert lines == {"gzip access.log", "rm -rf /tmp/scratch"}


def test_the_last_line_of_a_stream_needs_no_newline(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log")
    answer.end()
    publish = notebook.until(lambda p: p["final"])
    assert publish["ghosts"][-1]["text"].rstrip("\n") == "gzip access.log"


def test_a_stream_publishes_at_most_twenty_times_a_second(assisted: Client, model: Model) -> None:
    lines = [f"gzip access-{number}.log\n" for number in range(300)]
    notebook, _, answer = ask_model(assisted, model, "```bash\n")
    for line in lines:
        answer.say(line)
    answer.say("```\n").end()
    last = notebook.until(lambda p: p["final"])
    assert last["ghosts"][-1]["text"].splitlines() == [line.strip() for line in lines]
    times = [entry.at for entry in assisted.received if entry.method == "ghostcells/publishGhosts"]
    crowded = [t for t in times if sum(t <= other < t + 1 for other in times) > 22]
    assert not crowded, f"{len(times)} publishes in {times[-1] - times[0]:.2f} s"


def test_accepting_a_growing_ghost_takes_what_the_cell_holds(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log\n")
    ghost = notebook.until(lambda p: bool(p["ghosts"]))["ghosts"][-1]
    notebook.accept(ghost["id"])
    answer.say("rm access.log\n```\n").end()
    notebook.settle()
    assert notebook.cell_of(ghost["id"]).text.strip() == "gzip access.log"
    logged = assisted.request("ghostcells/cellLog", {"id": ghost["id"]})
    assert logged["accepted"].strip() == "gzip access.log"
    later = notebook.pending()
    assert not [g for p in later for g in p["ghosts"] if "rm access.log" in g["text"]]


def test_a_suggestion_for_a_text_that_has_changed_is_dropped(assisted: Client, model: Model) -> None:
    notebook, cell, first = ask_model(assisted, model)
    model.next_request()
    second = model.will_say("```bash\nzstd access.log\n```\n").end()
    notebook.set_text(cell, "Compress the access log with zstd")
    assert "zstd" in model.next_request()
    first.say("```bash\ngzip access.log\n```\n").end()
    publishes = [notebook.until(lambda p: bool(p["final"] and p["ghosts"]))]
    publishes += notebook.settle()
    texts = {g["text"].strip() for p in publishes for g in p["ghosts"]}
    assert texts == {"zstd access.log"}
    assert second is not first


def test_a_stream_that_breaks_withdraws_its_ghosts(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log\n")
    ghost = notebook.until(lambda p: bool(p["ghosts"]))["ghosts"][-1]
    answer.break_off()
    publish = notebook.until(lambda p: p["final"], 2 * TIMEOUT)
    assert ghost["id"] not in [g["id"] for g in publish["ghosts"]]
    event = end_event(assisted, ghost["id"])
    assert (event["type"], event["reason"]) == ("SUPERSEDED", "failed")
    model_failed(assisted)


@pytest.mark.parametrize("status", [401, 500])
def test_a_failing_provider_degrades_and_memory_goes_on(
    daemons: Daemons, taught: Home, model: Model, status: int
) -> None:
    for _ in range(20):
        model.will_fail(status)
    taught.configure({**BEST_THERE_IS, "model": model.settings(taught.root)})
    client = daemons.start(taught)
    notebook = open_notebook(client, "today.md", md())
    cell = notebook.cells[0]
    notebook.focus(cell)
    notebook.set_text(cell, "Compress the access log of yesterday")
    model_failed(client)
    notebook.set_text(cell, RESTART[0])
    publish = notebook.until(lambda p: any(g["text"] == RESTART[1] for g in p["ghosts"]))
    assert {g["source"] for g in publish["ghosts"]} == {"memory"}
    notebook.focus(None)
    client.ping()
    messages = [e for e in client.received if e.method == "window/showMessage"]
    assert len(messages) == 1


def test_the_status_names_provider_and_model(assisted: Client, model: Model) -> None:
    _, _, answer = ask_model(assisted, model)
    thinking = assisted.take("ghostcells/status", lambda p: p["state"] == "thinking")
    assert (thinking["provider"], thinking["model"]) == ("openai", "gpt-4o-mini")
    answer.say(answer_with("Use gzip.", "gzip access.log")).end()
    ready = assisted.take("ghostcells/status", lambda p: p["state"] == "ready" and "session" in p)
    assert ready["session"]["inputTokens"] > 0


def test_the_status_is_told_on_every_change_and_only_then(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, answer_with("Use gzip.", "gzip access.log"))
    answer.end()
    notebook.shown()
    assisted.ping()
    told = [e.params for e in assisted.received if e.method == "ghostcells/status"]
    assert all(one != other for one, other in itertools.pairwise(told)), told


def test_a_publish_for_a_closed_notebook_never_comes(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model)
    model.next_request()
    notebook.close()
    answer.say("```bash\ngzip access.log\n```\n").end()
    assisted.ping()
    assert not [p for p in notebook.pending() if p["ghosts"]]


def test_ghosts_are_not_ended_by_saving(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.save()
    client.ping()
    assert ends_of(client, ghost["id"]) == []
