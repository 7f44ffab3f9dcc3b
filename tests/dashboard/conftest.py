"""A dashboard over a small history in which everything that can hold markup does, served on a port of its own."""

import http.client
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the dashboard's packages are not installed")

from ghostcells.app.decisions import Decisions
from ghostcells.app.overview import Everything
from ghostcells.commands.data import Data
from ghostcells.config.schema import Settings
from ghostcells.dashboard.server import Dashboard, Server
from ghostcells.domain import events as e
from ghostcells.domain.decisions import Decision, Silence, Weighed
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Caution, Ghost
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Assertion, Outcome, Trace, TracedCandidate, TracedModel
from ghostcells.learning.lessons import taught_by
from ghostcells.runtime.status import StatusBoard
from tests.runtime.fakes import FakeClient

EVIL = "<script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">"
CELL = "01JNB3Z6W8YQ4T0V2X5K7M9R1S"
SUGGESTION = "01JNB3Z6W8YQ4T0V2X5K7M9R1T"
SESSION = "01JNB3Z6W8YQ4T0V2X5K7M9R1V"
SILENT = "01JNB3Z6W8YQ4T0V2X5K7M9R1W"
NOTEBOOK = f"file:///home/user/{EVIL}.md"
SUGGESTED = f"echo {EVIL}"
RAN = f"echo more {EVIL}"


def records():
    common = {"id": "", "time_ms": 0, "notebook": NOTEBOOK, "session": SESSION}
    ghost = Ghost(
        CELL,
        CellKind.CODE,
        "shellscript",
        SUGGESTED,
        "model",
        label=EVIL,
        warnings=(Caution("destructive-command", f"it may destroy {EVIL}"),),
    )
    situation = Situation(notebook=NOTEBOOK, intent=f"Say {EVIL}")
    model = TracedModel(
        "openai", f"small {EVIL}", f"prompt {EVIL}", f"answer {EVIL}", 120, 12, 40, 0.0012, estimated=True
    )
    trace = Trace(
        SUGGESTION,
        SESSION,
        "edit",
        round(time.time() * 1000),
        {"recall": 4.0, "firstChunk": 20.0, "total": 100.0},
        (TracedCandidate(f"candidate {EVIL}", 1.0, 0.5, "memory"),),
        Outcome.RECOMMENDED,
        f"the model answered {EVIL}",
        (f"left out {EVIL}",),
        model,
        (Assertion(f"parses {EVIL}", "passed"),),
        2,
    )
    run = e.Executed(
        **common,
        cell=CELL,
        success=True,
        text=RAN,
        language="shellscript",
        edited=True,
        suggestion=SUGGESTION,
        accepted_text=SUGGESTED,
        situation=situation,
    )
    return [
        e.SessionStarted(**common, cell=f"{NOTEBOOK}#1"),
        e.Suggested(**common, suggestion=SUGGESTION, cells=(ghost,), source="model", examples=(None,)),
        e.Traced(**common, trace=trace),
        e.Accepted(**common, cell=CELL, suggestion=SUGGESTION, shown_ms=900, text=SUGGESTED),
        run,
        e.SessionEnded(**common),
    ]


@dataclass
class Site:
    """The address, and what a browser would hold."""

    server: Server
    dashboard: Dashboard
    data: Data
    example: str
    logs: Path
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def port(self):
        return int(self.server.link.split(":")[2].split("/")[0])

    def apart(self, work):
        """Do something with the data in the thread that the pages do it in: it is theirs, and has no event loop."""
        return self.dashboard._thread.submit(lambda: work(self.data)).result()

    def known(self):
        """The example as it is remembered now."""
        return self.apart(lambda data: data.examples.by_id(self.example))

    def ask(self, path, method="GET", host=None, body=None, *, cookie=True, **headers):
        """Status, headers and text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {"Host": host or f"127.0.0.1:{self.port}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if cookie and self.cookie:
            named["Cookie"] = self.cookie
        connection.request(method, path, body=body, headers=named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    def enter(self):
        status, headers, _ = self.ask(self.server.link.partition(f":{self.port}")[2])
        assert status == 200
        self.cookie = headers["set-cookie"].partition(";")[0]
        return self

    def change(self, path):
        return self.ask(path, "POST", Origin=f"http://127.0.0.1:{self.port}", Sec_Fetch_Site="same-origin")


def learn(data):
    """Add the lesson of the last run as a daemon's learner does; the example's id."""
    (run,) = [one for one in records() if isinstance(one, e.Executed)]
    lesson = taught_by(run)
    executed = data.queries.rows("SELECT id FROM event WHERE type = 'EXECUTED' ORDER BY id DESC LIMIT 1")[0][0]
    data.append(
        [e.Learned(id="", time_ms=0, notebook=NOTEBOOK, cell=CELL, example=lesson.example, reason=lesson.reason,
                   executed=executed)]
    )  # fmt: skip
    return lesson.example


def decide(logs):
    kept = Decisions(logs, StatusBoard(FakeClient()), process=7)
    kept.add(
        Decision(
            time_ms=round(time.time() * 1000),
            notebook=NOTEBOOK,
            cell="c",
            session=SESSION,
            trigger="edit",
            why=f"the best confidence is too low {EVIL}",
            silence=Silence.ABSTAINED,
            suggestion=SILENT,
            candidates=(Weighed(0.1, 0.2, "memory", "gone"),),
        )
    )
    common = {"time_ms": round(time.time() * 1000), "notebook": NOTEBOOK, "cell": "c", "session": SESSION}
    kept.add(Decision(**common, trigger="focus", why="the cell is empty", silence=Silence.EMPTY))
    kept.close()


def prepared(data, logs):
    data.append(records())
    decide(logs)
    return learn(data)


@pytest.fixture
def site(tmp_path):
    logs = tmp_path / "data" / "logs"
    with Data(tmp_path / "data", Settings()) as data:
        dashboard = Dashboard(Everything(data, Settings(), logs))
        server = Server(dashboard)
        made = Site(server, dashboard, data, "", logs)
        made.example = made.apart(lambda given: prepared(given, logs))
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield made
        server.stop()
        thread.join()
