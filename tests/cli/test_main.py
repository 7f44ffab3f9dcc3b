"""The command line as a whole: the fast way into `serve`, and how every command ends."""

import signal
import subprocess
import sys

import pytest

from ghostcells.cli import run
from ghostcells.commands import history
from ghostcells.domain.errors import NewerData
from ghostcells.plain_serve import serve_options


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["serve"], {}),
        (["serve", "--stdio"], {}),
        (
            ["serve", "--data-dir", "d", "--config=c", "--tcp", "127.0.0.1:1"],
            {"data_dir": "d", "config": "c", "tcp": "127.0.0.1:1"},
        ),
        (["serve", "--data-dir", "d=e"], {"data_dir": "d=e"}),
        (["serve", "--data-dir=d=e"], {"data_dir": "d=e"}),
        (["serve", "--help"], None),
        (["serve", "--tcp", "7400"], None),
        (["serve", "--tcp=localhost:"], None),
        (["serve", "--data-dir"], None),
        (["serve", "--data-dir", "--stdio"], None),
        (["serve", "--port", "1"], None),
        (["serve", "more"], None),
        (["events"], None),
        ([], None),
    ],
)
def test_a_plain_serve_is_recognised_without_the_parser(arguments, options):
    assert serve_options(arguments) == options


def test_no_command_shows_the_help(capsys):
    assert run([]) == 2
    assert "ghostcells try" in capsys.readouterr().out


def test_a_mistake_is_told_on_stderr_with_code_2(capsys):
    with pytest.raises(SystemExit) as ended:
        run(["evnts"])
    assert ended.value.code == 2
    assert "evnts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (NewerData("the data is newer: upgrade"), 1, "ghostcells: the data is newer: upgrade"),
        (PermissionError(13, "Permission denied", "/data"), 1, "ghostcells: /data: Permission denied"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(monkeypatch, capsys, raised, code, said):
    def fails(_options):
        raise raised

    monkeypatch.setattr(history, "stats", fails)
    assert run(["stats"]) == code
    assert capsys.readouterr().err.strip() == said


def test_an_id_that_is_none_is_refused_before_anything_is_opened(capsys):
    assert run(["cell", "nonsense"]) == 1
    assert "expected an id of 26 letters and digits" in capsys.readouterr().err


def test_version(capsys):
    assert run(["version"]) == 0
    assert capsys.readouterr().out.startswith("ghostcells 0.")


def test_a_reader_that_has_seen_enough_is_no_error():
    """`ghostcells config schema | head -1`."""
    command = [sys.executable, "-m", "ghostcells", "config", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_ctrl_c_ends_a_command_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "ghostcells", "events", "--follow", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (tmp_path / "data" / "index").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
