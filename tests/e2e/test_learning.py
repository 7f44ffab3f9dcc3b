"""The story that the product is about: what was run once is suggested the next time."""

from __future__ import annotations

import pytest

from .cells import CODE, Cell, md, sh
from .client import Client, elapse, eventually
from .daemon import OFFLINE, Daemons, Home
from .editor import Notebook, open_notebook
from .lessons import DISK, DISK_TOO, PROCEDURE, RESTART, learned, run, teach
from .steps import command_ghost, ends_of, traced

ONE, TWO, THREE = "01J6X2M9Q4T8RZ5V7BKDN3HWYA", "01J73F0C8GJ2SPEXQ6MT4RN9VD", "01J7Z8WB5K1HY3DQVA9T2MG6XC"


def log_of(block: str) -> tuple[str, str]:
    return f"Get the log for block {block}", f"curl http://localhost:8080/api/blocklogs/{block} | jq ."


@pytest.fixture
def beginner(home: Home, daemons: Daemons) -> Client:
    """A new user with the settings that everyone has, but for the model."""
    home.configure(OFFLINE)
    return daemons.start(home)


def write(client: Client, name: str, text: str) -> tuple[Notebook, Cell]:
    notebook = open_notebook(client, name, md())
    notebook.focus(notebook.cells[0])
    notebook.type_text(notebook.cells[0], text)
    return notebook, notebook.cells[0]


def offered(client: Client, name: str, text: str) -> tuple[Notebook, dict[str, str]]:
    notebook, _ = write(client, name, text)
    return notebook, next(ghost for ghost in notebook.shown() if ghost["kind"] == CODE)


def test_the_second_time_the_command_is_there(beginner: Client) -> None:
    teach(beginner, "first.md", log_of(ONE))
    notebook, ghost = offered(beginner, "second.md", log_of(TWO)[0])
    assert ghost["text"] == log_of(TWO)[1]
    assert ghost["source"] == "memory"
    notebook.accept(ghost["id"])
    event = run(notebook, notebook.cell_of(ghost["id"]))
    assert learned(beginner, ghost["id"], event)["reason"] == "as-suggested"
    _, again = offered(beginner, "third.md", log_of(THREE)[0])
    assert again["text"] == log_of(THREE)[1]


def test_what_the_user_edits_is_learned_as_edited(beginner: Client) -> None:
    teach(beginner, "first.md", log_of(ONE))
    notebook, ghost = offered(beginner, "second.md", log_of(TWO)[0])
    notebook.accept(ghost["id"])
    cell = notebook.cell_of(ghost["id"])
    notebook.set_text(cell, f"{ghost['text']}genTraceId")
    event = run(notebook, cell)
    logged = beginner.eventually(lambda e: e["id"] == event)
    assert logged["edited"] is True
    assert logged["text"].endswith("jq .genTraceId")
    assert learned(beginner, ghost["id"], event)["reason"] == "edited"


def test_what_the_user_writes_is_learned_as_their_own(beginner: Client) -> None:
    notebook = open_notebook(beginner, "own.md", md(log_of(ONE)[0]), sh())
    cell = notebook.cells[1]
    notebook.focus(cell)
    notebook.type_text(cell, log_of(ONE)[1])
    event = notebook.executed(cell, exitCode=0)["event"]
    lesson = beginner.eventually(lambda e: e["type"] == "LEARNED" and e["id"] > event)
    assert lesson["reason"] == "own"
    assert beginner.request("ghostcells/stats", {})["examples"] == 1


def test_what_failed_is_not_learned(beginner: Client) -> None:
    notebook = open_notebook(beginner, "failed.md", md(log_of(ONE)[0]), sh("crul http://localhost"))
    notebook.focus(notebook.cells[1])
    notebook.executed(notebook.cells[1], success=False, exitCode=127)
    teach(beginner, "other.md", RESTART)
    assert [e["type"] for e in beginner.all_events()].count("LEARNED") == 1


def test_a_stranger_to_the_memory_gets_nothing(beginner: Client) -> None:
    """With the default settings, a bad guess is worse than silence."""
    teach(beginner, "first.md", log_of(ONE))
    notebook, cell = write(beginner, "poem.md", "Die Sonne tönt nach alter Weise in Brudersphären Wettgesang")
    notebook.suggest(cell)
    assert notebook.until(lambda p: p["final"])["ghosts"] == []


def test_after_a_step_of_a_procedure_comes_the_next_one(beginner: Client) -> None:
    teach(beginner, "node.md", *PROCEDURE)
    notebook = open_notebook(beginner, "again.md", md(PROCEDURE[0][0]), sh(PROCEDURE[0][1]))
    run(notebook, notebook.cells[1])
    ghosts = notebook.shown()
    assert PROCEDURE[1][1] in [ghost["text"] for ghost in ghosts]


def test_an_accepted_step_leads_to_the_next_one(beginner: Client) -> None:
    teach(beginner, "node.md", *PROCEDURE)
    notebook, ghost = offered(beginner, "again.md", PROCEDURE[0][0])
    assert ghost["text"] == PROCEDURE[0][1]
    notebook.accept(ghost["id"])
    run(notebook, notebook.cell_of(ghost["id"]))
    following = notebook.until(lambda p: any(g["text"] == PROCEDURE[1][1] for g in p["ghosts"]))
    assert following["after"] == notebook.cell_of(ghost["id"]).uri


def test_what_is_learned_survives_a_restart(daemons: Daemons, home: Home, beginner: Client) -> None:
    teach(beginner, "first.md", log_of(ONE))
    daemons.finish(beginner)
    _, ghost = offered(daemons.start(home), "second.md", log_of(TWO)[0])
    assert ghost["text"] == log_of(TWO)[1]


def test_what_one_daemon_learns_another_suggests(daemons: Daemons, home: Home, beginner: Client) -> None:
    other = daemons.start(home)
    teach(beginner, "first.md", log_of(ONE))
    other.eventually(lambda e: e["type"] == "LEARNED", 4)
    eventually(lambda: other.request("ghostcells/stats", {})["examples"] or None, "the example in the other daemon")
    _, ghost = offered(other, "second.md", log_of(TWO)[0])
    assert ghost["text"] == log_of(TWO)[1]


def test_forgetting_hides_at_once_and_removes_the_bytes(home: Home, beginner: Client) -> None:
    marker = "frobnicate-quux"
    intent = "Frobnicate the quux of the plant"
    teach(beginner, "first.md", (intent, f"plantctl {marker} --now"))
    assert marker in offered(beginner, "before.md", intent)[1]["text"]
    example = beginner.eventually(lambda e: e["type"] == "LEARNED")["example"]
    done = home.run("examples", "forget", "--yes", example)
    assert done.returncode == 0, done.stderr
    notebook, cell = write(beginner, "second.md", intent)
    notebook.suggest(cell)
    assert notebook.until(lambda p: p["final"])["ghosts"] == []
    beginner.eventually(lambda e: e["type"] == "FORGOTTEN" and e.get("example") == example)

    def gone() -> bool | None:
        holding = [p for p in home.data.rglob("*") if p.is_file() and marker.encode() in p.read_bytes()]
        return None if holding else True

    assert eventually(gone, "the bytes gone from the data directory", 6)


def test_forgetting_what_is_not_there_is_an_error(home: Home, beginner: Client) -> None:
    assert home.run("examples", "forget", "--yes", ONE).returncode != 0
    beginner.ping()


def test_an_edited_run_of_an_own_command_is_learned_anew(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    nb.accept(ghost["id"])
    cell = nb.cell_of(ghost["id"])
    first = run(nb, cell)
    learned(client, ghost["id"], first)
    nb.set_text(cell, f"{ghost['text']} --timeout=1m")
    second = run(nb, cell)
    assert client.eventually(lambda e: e["id"] == second)["edited"] is True
    assert ends_of(client, ghost["id"]) == [("ACCEPTED", "focus")]


def test_the_status_says_why_nothing_is_suggested(beginner: Client) -> None:
    """From the decision itself: nothing is remembered yet, so there is nothing to be sure of."""
    write(beginner, "first.md", log_of(ONE)[0])
    beginner.take("ghostcells/status", lambda status: "nothing remembered is like this" in status.get("message", ""))


def passed_over(client: Client, name: str) -> None:
    """The ghost of `DISK` is up long enough to be read, and the user runs the cell below it instead."""
    notebook = open_notebook(client, name, md(), sh(DISK_TOO[1]))
    notebook.focus(notebook.cells[0])
    notebook.set_text(notebook.cells[0], DISK[0])
    assert command_ghost_of(notebook) == DISK[1]
    elapse(0.8)
    event = notebook.executed(notebook.cells[-1], exitCode=0)["event"]
    verdict = client.eventually(lambda e: e["id"] == event)["verdict"]
    assert (verdict["feedback"], verdict["fate"]) == ("ran_unlisted", "ignored")
    client.eventually(lambda e: e["type"] == "LEARNED" and e["id"] > event)
    notebook.close()


def command_ghost_of(notebook: Notebook) -> str:
    text: str = notebook.until(lambda p: bool(p["final"] and p["ghosts"]))["ghosts"][-1]["text"]
    return text


def test_what_was_passed_over_three_times_is_not_suggested_any_more(client: Client) -> None:
    """Not even among the candidates, until it runs again."""
    teach(client, "disk.md", DISK)
    for number in range(3):
        passed_over(client, f"other-{number}.md")
    notebook, ghost = offered(client, "today.md", DISK[0])
    assert ghost["text"] == DISK_TOO[1]
    candidates = [one["text"] for one in traced(client, ghost["id"])["candidates"]]
    assert DISK[1] not in candidates
    notebook.close()
    teach(client, "again.md", DISK)
    notebook, ghost = offered(client, "tomorrow.md", DISK[0])
    candidates = [one["text"] for one in traced(client, ghost["id"])["candidates"]]
    assert DISK[1] in candidates


def test_the_first_lesson_is_announced_once(beginner: Client) -> None:
    teach(beginner, "first.md", DISK)
    teach(beginner, "second.md", RESTART)
    said = [e.params for e in beginner.received if e.method == "window/showMessage"]
    assert len(said) == 1
    assert said[0]["type"] == 3  # MessageType.Info
    assert DISK[1] in said[0]["message"]
    assert "ghostcells examples" in said[0]["message"]
