"""`ghostcells eval` and `dump` as they are typed."""

import hashlib
import json

import pytest

from ghostcells.commands.data import Data
from ghostcells.config.schema import Settings
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from tests.evaluation.conftest import DEPLOY, lines, session

NOTEBOOK = "file:///home/user/ops/deploy.md"


@pytest.fixture
def sessions(alone):
    path = alone / "sessions.jsonl"
    events = []
    for number in range(6):
        cells = [cell for prose, run in DEPLOY for cell in (f"{prose}, attempt {number}", run)]
        events += session(number, "shop", *cells)
    path.write_text(lines(events))
    return path


@pytest.fixture
def own(alone):
    """A log of runs of one's own."""
    runs = [
        Executed(
            id="", time_ms=0, notebook=NOTEBOOK, success=True, text=command, language="shellscript",
            situation=Situation(NOTEBOOK, intent=f"{prose}, attempt {number}"),
        )
        for number in range(4)
        for prose, (command, _) in DEPLOY
    ]  # fmt: skip
    with Data(alone / "data", Settings()) as data:
        data.append(runs)


def log_of(alone):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((alone / "data/log").iterdir())}


def test_a_run_leaves_a_report_a_table_and_the_items(command, sessions, alone):
    said = command("eval", sessions, "--out", alone / "out", "--jobs", "1")
    assert said.code == 0
    assert "questions" in said.out
    assert "sessions" in said.out
    report = (alone / "out/report.html").read_text()
    assert "How good are the suggestions?" in report
    assert (alone / "out/items.csv").read_text().count("\n") >= 18
    assert (alone / "out/report.html").stat().st_mode & 0o077 == 0


def test_figures_for_programs(command, sessions, alone):
    (only,) = command("eval", sessions, "--out", alone / "out", "--jobs", "1", "--json").json
    assert (only["variant"], only["dataset"], only["count"]) == ("memory", "sessions", 18)
    assert only["values"]["near"]["value"] > 0.7


def test_the_own_log_is_measured_and_nothing_is_taught(command, own, alone):
    before = log_of(alone)
    examples = command("stats", "--json").json["examples"]
    said = command("eval", "--mine", "--out", alone / "out", "--jobs", "1", "--json")
    assert said.code == 0
    assert said.json[0]["count"] == 12
    assert log_of(alone) == before
    assert command("stats", "--json").json["examples"] == examples
    assert not (alone / "out/mine.jsonl").exists()
    assert "Your own log" in (alone / "out/report.html").read_text()


def test_what_a_setting_would_change_stands_beside_what_is(command, own, alone):
    said = command("eval", "--mine", "--set", "memory.minConfidence=1", "--out", alone / "out", "--jobs", "1", "--json")
    usual, changed = said.json
    assert (usual["variant"], changed["variant"]) == ("memory", "memory.minConfidence=1")
    assert changed["values"]["shown"]["value"] == 0 < usual["values"]["shown"]["value"]


def test_a_figure_that_is_too_low_fails_the_command(command, sessions, alone):
    line = ("eval", sessions, "--out", alone / "out", "--jobs", "1")
    assert command(*line, "--fail-under", "near=0.1", "--fail-under", "distance=0.9").code == 0
    said = command(*line, "--fail-under", "near=0.999")
    assert said.code == 1
    assert "near is" in said.err
    assert command(*line, "--fail-under", "distance=0.0").code == 1


def test_two_runs_are_compared(command, sessions, alone):
    command("eval", sessions, "--out", alone / "before", "--jobs", "1")
    events = sessions.read_text().replace("web shop", "web store")
    sessions.write_text(events)
    said = command("eval", sessions, "--out", alone / "after", "--baseline", alone / "before", "--jobs", "1")
    assert said.code == 0
    assert "memory, compared with memory, the former run" in (alone / "after/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "what is to be measured?", id="nothing"),
        pytest.param(("nowhere.jsonl",), "nowhere.jsonl: no such file", id="no file"),
        pytest.param(("--mine",), "your log: there is nothing to ask", id="an empty log"),
        pytest.param(("--mine", "--fail-under", "nearness=1"), "is none of near", id="no such figure"),
        pytest.param(("--mine", "--fail-under", "near"), "expected FIGURE=VALUE", id="no value"),
        pytest.param(("--mine", "--set", "memory.minConfidence"), "expected KEY=VALUE", id="no value of a setting"),
        pytest.param(
            ("--mine", "--set", "memory.minConfidenc=1"), "did you mean memory.minConfidence", id="no setting"
        ),
        pytest.param(("--mine", "--set", "memory.minConfidence=7"), "expected a number from 0 to 1", id="wrong value"),
        pytest.param(("--experiment", "none.toml"), "none.toml", id="no experiment"),
    ],
)
def test_what_cannot_be_measured_is_said(command, alone, monkeypatch, arguments, message):
    monkeypatch.chdir(alone)
    said = command("eval", *arguments, "--jobs", "1")
    assert said.code == 1
    assert message in said.err


def test_what_may_cost_money_needs_a_cap(command, own, alone, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    line = ("eval", "--mine", "--out", alone / "out", "--jobs", "1", "--set", "model.provider=openai")
    said = command(*line)
    assert said.code == 1
    assert "this may cost up to $" in said.err
    unknown = command(*line, "--set", "model.name=nobody-knows-it", "--cap-usd", "1")
    assert unknown.code == 1
    assert "price of the model" in unknown.err


def test_a_key_in_the_environment_costs_nothing(command, own, alone, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    said = command("eval", "--mine", "--out", alone / "out", "--jobs", "1", "--json")
    assert said.code == 0
    assert said.json[0]["costs"]["asked"] == 0


def test_a_dump_is_measured_like_any_data(command, own, alone):
    target = alone / "mine.jsonl.gz"
    said = command("dump", "--out", target)
    assert "12 runs in 1 session" in said.err
    assert target.stat().st_mode & 0o077 == 0
    (only,) = command("eval", target, "--out", alone / "out", "--jobs", "1", "--json").json
    assert only["count"] == 12


def test_a_dump_goes_to_standard_output_line_by_line(own, alone, capfdbinary):
    from ghostcells.cli import run

    assert run(["dump"]) == 0
    rows = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert rows[0]["type"] == "open"
    assert sum(row["type"] == "execute" for row in rows) == 12
