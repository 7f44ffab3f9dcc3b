"""`ghostcells learn`: runbooks become examples, once."""

import io
from pathlib import Path

import pytest

from ghostcells.cli import INTERRUPTED
from ghostcells.commands import learn
from ghostcells.reading.material import lessons_in

NOTEBOOKS = Path(__file__).parents[2] / "fixtures/notebooks"


def test_what_stands_below_prose_is_learned_and_marked_as_read(command):
    said = command("learn", NOTEBOOKS, "--json")
    assert said.code == 0
    assert said.json == {
        "files": 3,
        "lessons": 6,
        "learned": 6,
        "known": 0,
        "problems": [],
        "interrupted": False,
        "dryRun": False,
    }
    found = command("examples", "list", "--json").json
    assert {one["reason"] for one in found} == {"read"}
    assert all((one["reads"], one["runs"]) == (1, 0) for one in found)
    commands = {one["text"] for one in found}
    assert "kubectl rollout status deployment/web -n shop" in commands
    assert not any("sorted(totals)" in text or "replicas" in text for text in commands)


def test_to_read_again_adds_nothing(command):
    command("learn", NOTEBOOKS)
    again = command("learn", NOTEBOOKS, "--json").json
    assert (again["learned"], again["known"]) == (0, 6)
    assert len(command("examples", "list", "--json").json) == 6


def test_a_dry_run_changes_nothing(command):
    said = command("learn", "--dry-run", NOTEBOOKS)
    assert said.out.endswith("\n3 files: 6 examples would be learned\n")
    assert "kubectl rollout status deployment/web -n shop" in said.out
    assert command("examples", "list", "--json").json == []


def test_one_bad_file_does_not_stop_the_others(command, tmp_path):
    (tmp_path / "bad.ipynb").write_text("{")
    (tmp_path / "good.md").write_text("Say hello.\n\n```sh\necho hello\n```\n")
    said = command("learn", tmp_path, tmp_path / "missing.md")
    assert said.code == 1
    assert "1 file: 1 example learned" in said.out
    assert f"{tmp_path}/bad.ipynb: line 1, column 2: not valid JSON" in said.err
    assert "missing.md: no such file" in said.err


def test_what_was_read_before_it_is_interrupted_is_kept_and_told(command, tmp_path, monkeypatch):
    for name, said in (("a.md", "hello"), ("b.md", "goodbye")):
        (tmp_path / name).write_text(f"Say {said}.\n\n```sh\necho {said}\n```\n")

    def read(path):
        if path.name == "b.md":
            raise KeyboardInterrupt
        return lessons_in(path)

    with monkeypatch.context() as patch:
        patch.setattr(learn, "lessons_in", read)
        said = command("learn", tmp_path)
    assert said.code == INTERRUPTED
    assert said.out == "1 file: 1 example learned, interrupted: the rest was not read\n"
    assert [one["text"] for one in command("examples", "list", "--json").json] == ["echo hello"]
    assert command("learn", tmp_path).out == "2 files: 1 example learned, 1 known already\n"


def test_the_same_lesson_twice_in_a_file_counts_once(command, tmp_path):
    (tmp_path / "twice.md").write_text("Say hello.\n\n```sh\necho hello\n```\n" * 2)
    assert command("learn", tmp_path, "--json").json["learned"] == 1


def test_secrets_are_taken_out_before_anything_is_written_and_recognised_when_read_again(command, tmp_path):
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    (tmp_path / "secret.md").write_text(f"Log in.\n\n```sh\ngh auth login --with-token <<< {secret}\n```\n")
    assert command("learn", tmp_path / "secret.md", "--json").json["learned"] == 1
    assert command("learn", tmp_path / "secret.md", "--json").json["learned"] == 0
    stored = [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert stored == []


@pytest.mark.parametrize("text", ["# Only prose\n", "```sh\nls\n```\n"])
def test_it_says_why_there_is_nothing_to_learn(command, tmp_path, text):
    (tmp_path / "x.md").write_text(text)
    assert "no command stands directly below prose" in command("learn", tmp_path / "x.md").out


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "histfile"
    path.write_text("git pull --rebase origin main\nkubectl get pods -n secret-project\n" * 3 + "rm -rf /tmp/once\n")
    return path


def test_a_history_is_only_read_with_consent(command, history, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    said = command("learn", "--history", "bash", "--history-file", history)
    assert said.code == 1
    assert "consent" in said.err
    assert command("examples", "list", "--json").json == []


@pytest.mark.parametrize(("answer", "count"), [("y\n", 2), ("n\n", 0), ("\n", 0)])
def test_who_can_answer_is_asked(command, history, monkeypatch, answer, count):
    stdin = io.StringIO(answer)
    stdin.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", stdin)
    said = command("learn", "--history", "bash", "--history-file", history)
    assert "programs, subcommands and names of flags only" in said.err
    assert said.code == (0 if count else 1)
    assert len(command("examples", "list", "--json").json) == count


def test_of_a_history_programs_and_flags_are_kept(command, history, alone):
    assert command("learn", "--yes", "--history", "bash", "--history-file", history).code == 0
    found = {one["text"]: one for one in command("examples", "list", "--json").json}
    assert set(found) == {"git pull --rebase …", "kubectl get pods -n …"}
    assert {one["runs"] for one in found.values()} == {0}
    stored = b"".join(path.read_bytes() for path in (alone / "data").rglob("*") if path.is_file())
    assert b"secret-project" not in stored


def test_arguments_are_kept_where_the_user_says_so(command, history):
    command("learn", "--yes", "--arguments", "--history", "bash", "--history-file", history)
    texts = {one["text"] for one in command("examples", "list", "--json").json}
    assert "kubectl get pods -n secret-project" in texts


def test_a_dry_run_shows_what_would_be_learned_of_a_history(command, history):
    said = command("learn", "--dry-run", "--history", "bash", "--history-file", history)
    assert "git pull --rebase …" in said.out
    assert "2 examples would be learned" in said.out
    assert command("examples", "list", "--json").json == []


def test_all_histories_that_there_are(command, history, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ZDOTDIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    assert command("learn", "--yes", "--history", "all").code == 1
    history.rename(tmp_path / ".zsh_history")
    assert command("learn", "--yes", "--history", "all", "--json").json["learned"] == 2


@pytest.mark.parametrize("arguments", [(), ("--history", "all", "--history-file", "x")])
def test_learn_wants_to_know_what(command, arguments):
    said = command("learn", "--yes", *arguments)
    assert said.code == 1
    assert "expected" in said.err
