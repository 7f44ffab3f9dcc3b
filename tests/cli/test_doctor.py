"""`ghostcells doctor`: the truth about the installation, and the next step."""

import resource
import sqlite3

import pytest

from ghostcells.app.decisions import Decisions
from ghostcells.domain.decisions import Decision, Silence
from ghostcells.domain.ids import ulid
from ghostcells.runtime.status import StatusBoard
from ghostcells.store.migrations import migrate
from tests.runtime.fakes import FakeClient


def about(command, subject):
    return next(one for one in command("doctor", "--json").json if one["about"] == subject)


def test_a_new_installation_is_told_where_to_begin(command, alone):
    said = command("doctor")
    assert said.code == 0
    assert "ghostcells learn PATH" in said.out
    assert not (alone / "data").exists(), "to look changes nothing"


def test_problems_of_the_configuration_are_failures(command, alone):
    (alone / "config.toml").write_text("[suggest]\nmode = 'loud'\n")
    said = command("doctor")
    assert said.code == 1
    assert "suggest.mode: expected one of" in said.out


def test_a_directory_that_cannot_be_used_is_named(command, alone, monkeypatch):
    (alone / "file").write_text("")
    monkeypatch.setenv("GHOSTCELLS_DATA_DIR", str(alone / "file" / "data"))
    assert command("doctor").code == 1
    assert "--data-dir" in about(command, "data")["advice"]


def test_data_of_a_later_version_is_a_failure_and_stays_as_it_is(command, alone):
    (alone / "data").mkdir()
    (alone / "data" / "format.json").write_text('{"format": 99}')
    assert about(command, "log and index")["state"] == "bad"
    assert [path.name for path in (alone / "data").iterdir()] == ["format.json"]


@pytest.mark.parametrize(
    ("environ", "state", "said"),
    [
        ({}, "good", "suggestions come from memory"),
        ({"ANTHROPIC_API_KEY": "k"}, "good", "chosen because ANTHROPIC_API_KEY is set"),
        ({"GHOSTCELLS_MODEL_PROVIDER": "ollama"}, "good", "ollama"),
        ({"GHOSTCELLS_MODEL_PROVIDER": "openai"}, "bad", "openai has no key"),
        ({"GHOSTCELLS_MODEL_PROVIDER": "olama"}, "bad", "Did you mean ollama?"),
        ({"GHOSTCELLS_MODEL_PROVIDER": "azure"}, "bad", "name one"),
    ],
)
def test_the_model_that_would_be_asked_is_named(command, monkeypatch, environ, state, said):
    monkeypatch.setattr("ghostcells.providers.keys._import_keyring", lambda: None)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = about(command, "model")
    assert found["state"] == state
    assert said in found["text"]


def test_without_the_sentence_model_words_are_compared_and_the_next_step_is_told(command):
    found = about(command, "embedder")
    assert found["state"] == "lacking"
    assert "ghostcells models install" in found["advice"]


def test_what_is_asked_for_and_not_there_is_a_failure(command, monkeypatch):
    monkeypatch.setenv("GHOSTCELLS_MEMORY_EMBEDDER", "minilm")
    assert about(command, "embedder")["state"] == "bad"


def test_the_history_is_counted(command, history):
    assert about(command, "log and index")["text"] == "1 run, 1 suggestion"
    assert about(command, "memory")["text"] == "1 example"


def test_models_list_and_remove_without_any(command):
    assert "not installed" in command("models", "list").out
    assert command("models", "remove", "--json").json == {"model": "minilm", "removed": False}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(command, shell):
    pytest.importorskip("shtab", reason="the completion extra is not installed")
    said = command("completion", shell)
    assert said.code in (0, 1)
    assert "ghostcells" in said.out or "upgrade shtab" in said.err


def test_silence_is_explained_from_what_was_decided(command, alone):
    """Not from guesses: the daemon's last decision says why, with the next step."""
    kept = Decisions(alone / "data" / "logs", StatusBoard(FakeClient()), process=7)
    common = {"notebook": "file:///home/user/deploy.md", "cell": "c", "session": None, "trigger": "edit"}
    first, last = ulid(1_000, 0), ulid(2_000, 0)
    kept.add(Decision(time_ms=1_000, why="memory knows it", suggestion=first, **common))
    kept.add(
        Decision(time_ms=2_000, why="today has cost $1.00 of $1.00", silence=Silence.BUDGET, suggestion=last, **common)
    )
    kept.close()
    text = command("doctor").out
    assert "nothing was suggested (budget): today has cost $1.00 of $1.00" in text
    assert "raise budget.dayUsd" in text
    assert "the last 2: 1 budget, 1 suggested" in text
    said = command("trace").out
    assert said.startswith("budget: today has cost $1.00 of $1.00")
    assert "to do: raise budget.dayUsd" in said
    assert command("trace", "--json").json["silence"] == "budget"


def test_a_configuration_that_is_named_and_not_there_is_said_once(command, alone):
    (alone / "config.toml").unlink()
    found = [one for one in command("doctor", "--json").json if one["about"] == "configuration"]
    assert [one["state"] for one in found] == ["bad"]
    assert "no such file" in found[0]["text"]


@pytest.mark.usefixtures("history")
def test_a_full_disk_is_a_failure_and_what_was_learned_can_still_be_read(command, alone, monkeypatch):
    """SQLite writes beside an index to open it. That it cannot is no damage: the index stays, and a passing one is read."""
    index = alone / "data" / "index" / "0.sqlite"
    before = index.read_bytes()

    def full(connection: sqlite3.Connection) -> None:
        [(_, _, file)] = connection.execute("PRAGMA database_list")
        if file == str(index):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        migrate(connection)

    monkeypatch.setattr("ghostcells.store.index.migrate", full)
    assert "suggested   1 cell" in command("stats").out
    assert index.read_bytes() == before


def test_a_directory_without_room_is_a_failure(command, alone):
    (alone / "data").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        found = about(command, "data")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found["state"] == "bad"


def test_an_index_that_can_be_nowhere_is_said_in_one_line(command, alone, monkeypatch):
    def full(_: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("ghostcells.store.index.migrate", full)
    said = command("stats")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[-1] == "ghostcells: There is no room for an index: database or disk is full"
