"""What shells write down, and how little of it is kept."""

import sqlite3

import pytest

from ghostcells.reading.habits import habit_lessons, habits, outline
from ghostcells.reading.history import default_path, present, read_history
from ghostcells.reading.runbook import Unreadable


def commands(tmp_path, shell, data):
    path = tmp_path / "history"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_history(shell, path)


@pytest.mark.parametrize(
    ("shell", "data", "found"),
    [
        pytest.param("bash", "ls\ngit status\n", ["ls", "git status"], id="bash"),
        pytest.param(
            "bash", "old\n#1700000000\nfor i in 1 2; do\necho $i\ndone\n#1700000001\nls\n",
            ["old", "for i in 1 2; do\necho $i\ndone", "ls"], id="bash with times",
        ),
        pytest.param("zsh", ": 1700000000:0;ls\n: 1700000001:5;make\\\n test\n", ["ls", "make\n test"], id="zsh extended"),
        pytest.param("zsh", "ls\nmake\n", ["ls", "make"], id="zsh plain"),
        pytest.param("zsh", b": 1:0;echo caf\xc3\x83\x89\n", ["echo caf\u00e9"], id="zsh with turned bytes"),
        pytest.param(
            "fish", "- cmd: git status\n  when: 1700000000\n  paths:\n    - a\n- cmd: echo a\\nb \\\\n\n  when: 1\n",
            ["git status", "echo a\nb \\n"], id="fish",
        ),
    ],
)  # fmt: skip
def test_each_shell_has_its_own_way(tmp_path, shell, data, found):
    assert commands(tmp_path, shell, data) == found


@pytest.mark.parametrize("deleted", [True, False])
def test_atuin_gives_what_ended_well_and_was_not_deleted(tmp_path, deleted):
    path = tmp_path / "history.db"
    extra = ", deleted_at INTEGER" if deleted else ""
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE history (id TEXT, timestamp INTEGER, exit INTEGER, command TEXT{extra})")
        rows = [("b", 2, 0, "make"), ("a", 1, 0, "ls"), ("c", 3, 1, "false")]
        database.executemany("INSERT INTO history (id, timestamp, exit, command) VALUES (?,?,?,?)", rows)
        if deleted:
            database.execute("INSERT INTO history VALUES ('d', 4, 0, 'cat secret', 9)")
    database.close()
    assert read_history("atuin", path) == ["ls", "make"]


@pytest.mark.parametrize("shell", ["bash", "atuin"])
def test_a_history_that_is_not_there_is_told(tmp_path, shell):
    with pytest.raises(Unreadable, match=r"(?i)no such file"):
        read_history(shell, tmp_path / "gone")


def test_what_is_no_database_is_told(tmp_path):
    (tmp_path / "history.db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(Unreadable, match="not a history of Atuin"):
        read_history("atuin", tmp_path / "history.db")


def test_histories_are_looked_for_where_shells_keep_them(tmp_path):
    (tmp_path / ".bash_history").write_text("ls\n")
    fish = tmp_path / "data/fish/fish_history"
    fish.parent.mkdir(parents=True)
    fish.write_text("- cmd: ls\n")
    environ = {"XDG_DATA_HOME": str(tmp_path / "data")}
    assert present(environ, tmp_path) == [("bash", tmp_path / ".bash_history"), ("fish", fish)]
    assert default_path("zsh", {"ZDOTDIR": "/z"}, tmp_path).as_posix() == "/z/.zsh_history"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("git commit -am 'fix the login of alice'", "git commit -am …"),
        ("kubectl get pods -n payments --context=prod -o wide", "kubectl get pods -n … --context=… -o …"),
        ("/home/user/bin/deploy --yes", "deploy --yes"),
        ("docker ps -a | grep web", "docker ps -a | grep …"),
        ("mysql -uroot -phunter2 shop", "mysql -u… -p… …"),
        ("TOKEN=abc sudo systemctl restart nginx", "TOKEN=… sudo systemctl restart …"),
        ("aws s3 ls s3://bucket", "aws s3 ls …"),
        ("make test && make deploy", "make … && make …"),
        ("sort -u names.txt > out.txt", "sort -u … > …"),
        ("tar -xzf a.tgz", "tar -xzf …"),
    ],
)
def test_an_outline_has_programs_and_flags_only(command, told):
    assert outline(command) == told


@pytest.mark.parametrize(
    "command",
    [
        "ls",
        "hunter2",
        "ssh alice@host",
        "echo $(cat key)",
        "for i in a; do ls -l; done",
        "cat <<EOF\nx\nEOF",
        "git 'open",
    ],
)
def test_what_has_no_outline_is_left_out(command):
    assert outline(command) is None


def test_a_habit_was_run_twice_and_remembers_what_came_before():
    ran = ["git pull", "make build -j4", "git pull", "make build -j4", "docker ps -a"]
    assert [(one.text, one.before, one.count) for one in habits(ran, arguments=True)] == [
        ("git pull", "make build -j4", 2),
        ("make build -j4", "git pull", 2),
    ]
    lessons = list(habit_lessons(habits(ran, arguments=False), "bash"))
    assert [one.text for one in lessons] == ["git pull", "make … -j…"]
    assert lessons[1].situation.above[0].text == "git pull"
    assert lessons[1].situation.notebook == "history:bash"
