"""`cell`, `trace`, `session`: one of them told whole, in words, as JSON and as a page; and `logs`, `dashboard`."""

import json
import re
import subprocess
import sys
import urllib.request

import pytest

from ghostcells.app.decisions import Decisions
from ghostcells.app.logs import begin_logging
from ghostcells.commands.data import Data
from ghostcells.config.schema import Settings
from ghostcells.domain.decisions import Decision, Silence
from ghostcells.domain.events import Executed, Learned, SessionStarted, Traced
from ghostcells.domain.examples import Reason, Situation
from ghostcells.domain.ids import ulid
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate
from ghostcells.runtime.status import StatusBoard
from tests.runtime.fakes import FakeClient

from .conftest import GHOST, NOTEBOOK, SESSION, SUGGESTION

pytestmark = pytest.mark.usefixtures("history")


@pytest.fixture
def told(alone, history):
    """The history with the trace of its suggestion, and with its run learned from."""
    with Data(alone / "data", Settings()) as data:
        trace = Trace(
            SUGGESTION,
            SESSION,
            "edit",
            1_000,
            {"recall": 4.0, "total": 6.5},
            (TracedCandidate("kubectl get pods -n web", 1.5, 0.8, "memory", "abc"),),
            Outcome.RECOMMENDED,
            "confidence 0.80 is at least 0.50",
        )
        run = next(one.id for one in data.queries.events(None, 9) if one.type == "EXECUTED")
        data.append(
            [
                Traced(id="", time_ms=0, notebook=NOTEBOOK, session=SESSION, trace=trace),
                Learned(
                    id="", time_ms=0, notebook=NOTEBOOK, cell=GHOST, example="e1", reason=Reason.EDITED, executed=run
                ),
            ]
        )


def test_a_cell_is_told_from_its_candidates_to_what_was_learned(command, told):
    text = command("cell", GHOST).out
    assert re.search(r"why +you ran this in shop.md\n", text)
    assert "-kubectl get pods -n web" in text
    assert "+kubectl get pods -n shop" in text
    assert "ok, edited" in text
    assert "confidence 0.80 is at least 0.50" in text
    assert "recall 4.0 ms" in text
    assert re.search(r"learned +no: it was learned, and forgotten since", text)


def test_a_cell_for_programs_is_the_protocol_s_with_more_beside_it(command, told):
    found = command("cell", GHOST, "--json").json
    assert (found["suggestion"], found["end"]["type"]) == (SUGGESTION, "ACCEPTED")
    assert found["trace"]["candidates"][0]["example"] == "abc"
    assert found["runs"][0]["edited"] is True


@pytest.mark.parametrize(
    ("success", "text", "why"),
    [
        pytest.param(False, "false", "it failed", id="failed"),
        pytest.param(True, "x" * 20_000, "too long", id="too-long"),
        pytest.param(True, "ls", "not been learned from yet", id="just-now"),
    ],
)
def test_what_was_not_learned_says_why(command, alone, success, text, why):
    with Data(alone / "data", Settings()) as data:
        from ghostcells.domain.examples import Situation

        data.append(
            [
                Executed(id="", time_ms=0, notebook=NOTEBOOK, cell=GHOST, success=success, text=text,
                         language="shellscript", situation=Situation(notebook=NOTEBOOK), suggestion=SUGGESTION)
            ]
        )  # fmt: skip
    assert why in command("cell", GHOST, "--json").json["runs"][-1]["why"]


def test_a_trace_is_found_by_its_cell_and_says_what_became_of_it(command, told):
    text = command("trace", GHOST.lower()).out
    assert "recommended: confidence 0.80 is at least 0.50" in text
    assert f"cell {GHOST}: ACCEPTED (focus), 1 run" in text
    found = command("trace", SUGGESTION, "--json").json
    assert (found["suggestion"], found["stagesMs"]["total"]) == (SUGGESTION, 6.5)
    assert found["examples"] == [{"id": "abc", "text": None, "intent": "", "notebook": "", "runs": 0, "rejections": 0}]


def test_the_last_decision_is_told_with_those_before_it(command, alone):
    """The one that is asked about is seldom the last: a run and a move of the focus bring decisions of their own."""
    decisions = Decisions(alone / "data" / "logs", StatusBoard(FakeClient()), process=7)
    common = {"notebook": NOTEBOOK, "cell": "c", "session": SESSION}
    for number, (silence, why) in enumerate(
        [
            (None, "confidence 0.52 is at least 0.35"),
            (Silence.DEBOUNCED, "the text changed"),
            (Silence.EMPTY, "the cell is empty"),
            (Silence.ABSTAINED, "the best confidence is too low"),
        ]
    ):
        identity = ulid(1_700_000_000_000 + max(1, number), 0)
        made = Decision(
            **common, time_ms=1_700_000_000_000 + number, trigger="edit", why=why, silence=silence, suggestion=identity
        )
        decisions.add(made)
    decisions.close()
    said = command("trace").out
    assert said.startswith("abstained: the best confidence is too low\n")
    (line,) = [line for line in said.splitlines() if "debounced" in line]
    assert ulid(1_700_000_000_001, 0) in line
    assert "0.52" not in said
    assert "the cell is empty" not in said
    assert command("trace", ulid(1_700_000_000_001, 0)).out.startswith("debounced: the text changed\n")


def test_a_session_is_told_with_its_suggestions(command, told):
    text = command("session", SESSION).out
    assert "1 of 1 suggested cells accepted, 1 run" in text
    assert SUGGESTION in text
    assert re.search(r"^outcome +1 of 1 suggested cells accepted, 1 run$", text, re.MULTILINE)
    assert re.search(r"^suggested +1 cell, 1 in view, 1 accepted$", text, re.MULTILINE)
    found = command("session", SESSION, "--json").json
    assert (found["id"], found["shown"], found["asked"]) == (SESSION, 1, 0)
    assert [one["type"] for one in found["events"]] == ["SESSION_STARTED", "SUGGESTED", "ACCEPTED", "EXECUTED"]
    assert command("session", SUGGESTION).code == 1


def test_a_run_in_the_session_after_belongs_to_that_one_alone(command, alone):
    """Who accepts a ghost moves to its cell, so a session of its own begins there: it suggested nothing."""
    later = "01JNB3Z6W8YQ4T0V2X5K7M9R2V"
    common = {"id": "", "time_ms": 0, "notebook": NOTEBOOK, "session": later, "cell": GHOST}
    with Data(alone / "data", Settings()) as data:
        run = Executed(**common, success=True, text="ls", language="shellscript", suggestion=SUGGESTION,
                       situation=Situation(notebook=NOTEBOOK))  # fmt: skip
        data.append([SessionStarted(**common), run])
    text = command("session", later).out
    assert re.search(r"^outcome +the cell was run$", text, re.MULTILINE)
    assert re.search(r"^suggested +0 cells, 0 in view, 0 accepted$", text, re.MULTILINE)


@pytest.mark.parametrize(("kind", "identity"), [("cell", GHOST), ("trace", SUGGESTION), ("session", SESSION)])
def test_a_page_is_one_file_that_needs_nothing_else(command, told, kind, identity):
    pytest.importorskip("jinja2", reason="the dashboard's packages are not installed")
    page = command(kind, identity, "--html").out
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "href=" not in page
    assert "--text:" in page
    assert "kubectl get pods -n web" in page


def test_pages_without_their_packages_say_what_to_install(command, told, monkeypatch):
    monkeypatch.setitem(sys.modules, "ghostcells.dashboard.pages", None)
    said = command("cell", GHOST, "--html")
    assert said.code == 1
    assert "pip install 'ghostcells[dashboard]'" in said.err


# Logs


def test_logs_of_all_kinds_stand_in_the_order_of_time_and_can_be_of_one_cell(command, alone, monkeypatch):
    folder = alone / "data" / "logs"
    kept = Decisions(folder, StatusBoard(FakeClient()), process=7)
    common = {"notebook": NOTEBOOK, "session": None, "trigger": "edit"}
    kept.add(Decision(time_ms=2_000, cell="c", why="still typing", silence=Silence.DEBOUNCED, **common))
    kept.add(Decision(time_ms=1_000, cell="c", why="memory knows it", suggestion=SUGGESTION, **common))
    kept.close()
    line = {"time": "1970-01-01T00:00:01.500Z", "level": "warning", "part": "runtime.loop", "message": "no answer"}
    (folder / "daemon-7.jsonl").write_text(json.dumps({**line, "trace": SUGGESTION}) + "\n")
    said = command("logs").out.splitlines()
    assert [re.split(r"\s{2,}", one)[1] for one in said] == ["suggested", "warning", "debounced"]
    about = [json.loads(one) for one in command("logs", "--cell", GHOST, "--json").out.splitlines()]
    assert [one.get("why") or one["message"] for one in about] == ["memory knows it", "no answer"]
    assert len(command("logs", "--limit", "1").out.splitlines()) == 1


def test_what_is_said_while_following_is_shown(command, alone, monkeypatch):
    import logging

    begin_logging(alone / "data")
    logger = logging.getLogger("ghostcells.part")
    logger.warning("before")
    rounds = iter((lambda: logger.warning("after"), None))

    def pause(_):
        act = next(rounds)
        if act is None:
            raise KeyboardInterrupt
        act()

    monkeypatch.setattr("ghostcells.commands.logs.time.sleep", pause)
    said = command("logs", "-f")
    for handler in logging.getLogger("ghostcells").handlers[:]:
        logging.getLogger("ghostcells").removeHandler(handler)
        handler.close()
    assert said.code == 130
    assert [one.rpartition("  ")[2] for one in said.out.splitlines()] == ["before", "after"]


# The dashboard


def test_the_dashboard_prints_a_link_that_works(alone):
    pytest.importorskip("starlette", reason="the dashboard's packages are not installed")
    with subprocess.Popen(
        [sys.executable, "-m", "ghostcells", "dashboard", "--no-browser"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        opener.open(link).close()
        with opener.open(link.partition("/enter")[0]) as page:
            text = page.read().decode()
        process.terminate()
        process.communicate()
    assert "1 of 1" in text
    assert "<h1>Overview</h1>" in text


def test_the_dashboard_ends_with_the_program_that_started_it(alone):
    """A program that is killed ends nothing itself, but its end of the pipe is closed."""
    pytest.importorskip("starlette", reason="the dashboard's packages are not installed")
    command = [sys.executable, "-m", "ghostcells", "dashboard", "--no-browser", "--until-eof", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["link"].startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(20) == 0


# Telemetry


def test_what_would_be_sent_is_shown_and_is_numbers(command, told):
    said = command("telemetry", "show").out
    assert "is not sent: telemetry.usage is false" in said
    assert "kubectl" not in said
    events = [json.loads(line) for line in command("telemetry", "show", "--json").out.splitlines()]
    assert {"feature": "suggestion", "action": "accepted", "metadata": {"shownMs": 900}} in [
        {name: value for name, value in one.items() if name != "timeMs"} for one in events
    ]
    assert not any("privateMetadata" in one for one in events)


def test_words_are_shown_where_they_may_leave(command, told, alone):
    (alone / "config.toml").write_text('telemetry.usage = true\ntelemetry.private = ["language"]\n')
    said = command("telemetry", "show").out
    assert said.startswith("This is sent to OTEL_EXPORTER_OTLP_ENDPOINT")
    assert '"privateMetadata":{"language":"shellscript"}' in said
