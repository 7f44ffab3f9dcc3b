"""`ghostcells examples`: what was learned, and what the user thinks of it."""

import io

import pytest

from ghostcells.commands.data import Data
from ghostcells.config.schema import Settings
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.learning.lessons import example_id

from .conftest import NOTEBOOK


@pytest.fixture
def learned(command, tmp_path):
    (tmp_path / "book.md").write_text(
        "Restart the web shop.\n\n```sh\nkubectl rollout restart deployment/web\n```\n\n"
        "Show the certificate.\n\n```sh\nopenssl x509 -noout -dates -in shop.pem\n```\n"
    )
    command("learn", tmp_path / "book.md")
    return {one["text"].split()[0]: one["id"] for one in command("examples", "list", "--json").json}


def test_list_and_search(command, learned):
    table = command("examples", "list").out
    assert "kubectl rollout restart" in table
    assert "Show the certificate." in table
    found = command("examples", "search", "restart", "shop", "--json").json
    assert found[0]["id"] == learned["kubectl"]


def test_an_empty_memory_says_what_to_do(command):
    said = command("examples", "list")
    assert (said.code, said.out) == (0, "")
    assert "ghostcells learn" in said.err


def test_show_takes_the_beginning_of_an_id(command, learned):
    said = command("examples", "show", learned["openssl"][:8])
    assert said.out.startswith("openssl x509")
    assert "read 1" in said.out


@pytest.mark.parametrize("wanted", ["zzzz", ""])
def test_an_id_that_is_not_there_is_told(command, learned, wanted):
    said = command("examples", "show", wanted)
    assert said.code == 1
    assert "no example has the id" in said.err


def test_pin_and_unpin(command, learned):
    command("examples", "pin", learned["kubectl"])
    assert command("examples", "show", learned["kubectl"], "--json").json["pinned"] is True
    command("examples", "unpin", learned["kubectl"])
    assert command("examples", "show", learned["kubectl"], "--json").json["pinned"] is False


def test_forget_asks_where_somebody_can_answer(command, learned, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    said = command("examples", "forget", learned["kubectl"])
    assert said.code == 1
    assert "nothing was forgotten" in said.err
    assert len(command("examples", "list", "--json").json) == 2


def test_a_program_that_names_an_example_means_it(command, learned, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert command("examples", "forget", learned["kubectl"]).code == 0
    assert len(command("examples", "list", "--json").json) == 1


def test_what_is_forgotten_is_gone_from_every_file(command, learned, alone):
    assert command("examples", "forget", "--yes", learned["kubectl"]).code == 0
    assert [one["id"] for one in command("examples", "list", "--json").json] == [learned["openssl"]]
    files = [path for path in (alone / "data").rglob("*") if path.is_file()]
    assert not [path for path in files if b"rollout restart" in path.read_bytes()]
    assert any(b"openssl x509" in path.read_bytes() for path in files)


def test_rebuild_gives_the_same_examples(command, learned):
    before = command("examples", "list", "--json").json
    assert command("rebuild").code == 0
    after = command("examples", "list", "--json").json
    assert [{**one, "row": 0} for one in before] == [{**one, "row": 0} for one in after]


def texts_of(command):
    return {one["text"] for one in command("examples", "list", "--json").json}


def test_edit_puts_a_command_in_the_place_of_another(command, learned):
    said = command(
        "examples", "edit", learned["kubectl"], "--command", "kubectl -n shop rollout restart deployment/web"
    )
    assert said.code == 0
    assert len(texts_of(command)) == 2
    shown = command("examples", "show", said.out.split()[0], "--json").json
    assert (shown["text"], shown["pinned"]) == ("kubectl -n shop rollout restart deployment/web", True)
    assert "Restart the web shop." in shown["situation"]["intent"]
    assert command("examples", "show", learned["kubectl"]).code == 1


def test_edit_opens_the_users_editor(command, learned, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setenv("VISUAL", "sed -i s/web/shop/")
    assert command("examples", "edit", learned["kubectl"]).code == 0
    assert "kubectl rollout restart deployment/shop" in texts_of(command)


@pytest.mark.parametrize("text", ["", "kubectl rollout restart deployment/web"])
def test_an_edit_that_changes_nothing_says_so(command, learned, text):
    said = command("examples", "edit", learned["kubectl"], "--command", text)
    assert said.code == 1
    assert "nothing was changed" in said.err


def bytes_of(alone):
    return b"".join(path.read_bytes() for path in (alone / "data").rglob("*") if path.is_file())


def test_forget_by_notebook(command, learned, alone):
    (alone / "other.md").write_text("Look.\n\n```sh\nls -la /srv\n```\n")
    command("learn", alone / "other.md")
    assert command("examples", "forget", "--yes", "--notebook", "book.md").code == 0
    assert texts_of(command) == {"ls -la /srv"}
    assert b"openssl x509" not in bytes_of(alone)


def test_forget_by_text_reaches_what_taught_nothing(command, history, alone):
    """The command was suggested and accepted as another one; the word is to be nowhere."""
    assert b"kubectl get pods -n web" in bytes_of(alone)
    said = command("examples", "forget", "--yes", "--text", "-n web")
    assert said.code == 0
    assert b"-n web" not in bytes_of(alone)
    assert texts_of(command) == {"kubectl get pods -n shop"}


def test_forget_by_time(command, history, alone):
    assert command("examples", "forget", "--yes", "--until", "1d").code == 1
    said = command("examples", "forget", "--dry-run", "--since", "1h")
    assert "kubectl get pods -n shop" in said.out
    assert "would be forgotten: 1 example and 1 record" in said.out
    assert len(texts_of(command)) == 1
    assert command("examples", "forget", "--yes", "--since", "1h").code == 0
    assert texts_of(command) == set()
    assert b"kubectl get pods -n shop" not in bytes_of(alone)


@pytest.mark.parametrize("arguments", [(), ("3f", "--text", "x"), ("--since", "yesterday")])
def test_forget_wants_to_know_what(command, learned, arguments):
    assert command("examples", "forget", "--yes", *arguments).code == 1
    assert len(texts_of(command)) == 2


def test_show_says_that_an_example_is_not_suggested_any_more(command, alone):
    example = example_id(Situation(NOTEBOOK, "Look around"), "shellscript", "ls -la")
    common = {"id": "", "time_ms": 0, "notebook": NOTEBOOK, "success": True, "language": "shellscript"}
    passed = Judgement(Feedback.RAN_UNLISTED, "S", passed=(Shown("g", "ls -la", example, "moved", 900),))
    with Data(alone / "data", Settings()) as data:
        data.append([Executed(**common, text="ls -la", situation=Situation(NOTEBOOK, "Look around"))])
        for number in range(3):
            other = Situation(NOTEBOOK, f"Do {number}")
            data.append([Executed(**common, text=f"make target-{number}", situation=other, feedback=passed)])
    said = command("examples", "show", example).out
    assert "passed over 3 times since it last ran and not suggested any more" in said
    assert "It no longer suggests `ls -la`" in command("learned").out
