"""Suggestions of a language model: streamed, held back, dropped, failed; and what is told of them."""

from __future__ import annotations

import itertools

import pytest

from .cells import CODE, md
from .client import TIMEOUT, Client
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import open_notebook
from .lessons import RESTART, learned, run
from .model import Model, answer_with
from .shapes import TRACE
from .steps import ask_model, end_event, traced


def model_failed(client: Client) -> None:
    """The failure is a state, and is said once."""
    client.take("ghostcells/status", lambda p: p["state"] == "degraded")
    client.take("window/showMessage")


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


def test_the_trace_tells_what_the_model_was_asked_and_what_it_cost(assisted: Client, model: Model) -> None:
    notebook, cell, answer = ask_model(assisted, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    ghost = notebook.shown()[-1]
    trace = traced(assisted, ghost["id"])
    TRACE(trace, "trace")
    told = trace["model"]
    assert (told["provider"], told["name"]) == ("openai", "gpt-4o-mini")
    assert (told["inputTokens"], told["outputTokens"], told["estimated"]) == (100, 10, False)
    assert cell.text in told["prompt"]
    assert "gzip access.log" in told["answer"]
    stats = assisted.request("ghostcells/stats", {})
    assert (stats["inputTokens"], stats["outputTokens"]) == (100, 10)
    assert stats["costUsd"] > 0
    [session] = [s for s in assisted.request("ghostcells/sessions", {}) if s["id"] == trace["session"]]
    assert (session["inputTokens"], session["outputTokens"]) == (100, 10)
    assert session["completions"] == 1


def test_a_command_of_the_model_is_learned_when_it_ran(assisted: Client, model: Model) -> None:
    notebook, _, answer = ask_model(assisted, model, "```bash\ngzip access.log\n```\n")
    answer.end()
    ghost = notebook.shown()[-1]
    notebook.accept(ghost["id"])
    event = run(notebook, notebook.cell_of(ghost["id"]))
    assert learned(assisted, ghost["id"], event)["reason"] == "as-suggested"
