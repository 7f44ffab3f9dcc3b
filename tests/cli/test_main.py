"""The command line as a whole: the fast way into `serve`, and how every command ends."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from ghostcells import __version__
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
        (["serve", "--metrics", "127.0.0.1:9464"], {"metrics": "127.0.0.1:9464"}),
        (["serve", "--metrics", "9464"], None),
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


def test_serve_says_what_it_cannot_do_without_a_traceback():
    command = [sys.executable, "-m", "ghostcells", "serve", "--tcp", "0.0.0.0:7400"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "ghostcells: --tcp 0.0.0.0: only a loopback address can be served without a token\n"


def test_a_port_that_is_taken_is_said_without_a_traceback():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "ghostcells", "serve", "--tcp", address]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_an_option_as_well(capsys):
    with pytest.raises(SystemExit) as ended:
        run(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ghostcells {__version__}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_try_leaves_nothing_behind_when_its_terminal_is_closed(tmp_path):
    command = [sys.executable, "-m", "ghostcells", "try", "--play"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(tmp_path.glob("ghostcells-try-*"))
        process.send_signal(signal.SIGHUP)
        process.stdout.read()
    assert not list(tmp_path.glob("ghostcells-try-*"))
