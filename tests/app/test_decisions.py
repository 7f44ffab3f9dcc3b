"""What was decided is said in the status and kept for `doctor` and `trace`, without any text of a cell."""

import json
import logging
import os

import pytest

from ghostcells.app import decisions as app_decisions
from ghostcells.app.decisions import Decisions, decision_of, last_decisions
from ghostcells.app.logs import JsonLines
from ghostcells.domain.decisions import Decision, Silence, Weighed
from ghostcells.domain.ids import time_of
from ghostcells.runtime.status import StatusBoard
from tests.runtime.fakes import FakeClient

SUGGESTION = "01JNB3Z6W8YQ4T0V2X5K7M9R1T"


def decision(time_ms=1, silence=Silence.UNKNOWN, **more):
    return Decision(
        time_ms=time_ms,
        notebook="file:///a.md",
        cell="file:///a.md#1",
        session="S",
        trigger="edit",
        why="nothing remembered is like this",
        silence=silence,
        suggestion=SUGGESTION,
        candidates=(Weighed(0.1, 0.2, "memory", "e1"),),
        **more,
    )


@pytest.fixture
def client():
    return FakeClient()


@pytest.fixture
def kept(client, tmp_path):
    made = Decisions(tmp_path / "logs", StatusBoard(client), process=7)
    yield made
    made.close()


def test_the_status_says_why_nothing_shows_until_something_does(kept, client):
    kept.add(decision())
    assert client.sent[-1] == ("status", "ready", "Nothing suggested: nothing remembered is like this")
    kept.add(decision(silence=None))
    assert client.sent[-1] == ("status", "ready", None)


def test_a_trouble_goes_before_a_silence(client, kept):
    kept._status.trouble("log", "disk full")
    kept.add(decision())
    assert client.sent[-1] == ("status", "degraded", "disk full")


def test_who_only_types_hears_little(kept, client):
    kept.add(decision(silence=Silence.DEBOUNCED))
    assert client.sent[-1][2] == "Nothing suggested: the typing went on"
    kept.add(decision(silence=Silence.EMPTY))
    assert client.sent[-1][2] is None


def test_the_last_decisions_of_all_daemons_are_read_newest_first(kept, client, tmp_path):
    other = Decisions(tmp_path / "logs", StatusBoard(client), process=8)
    kept.add(decision(1))
    other.add(decision(2, Silence.BUDGET))
    kept.add(decision(3, None))
    other.close()
    assert [one.silence for one in last_decisions(tmp_path / "logs", 2)] == [None, Silence.BUDGET]
    assert decision_of(tmp_path / "logs", SUGGESTION) == decision(3, None)
    assert decision_of(tmp_path / "logs", "01JNB3Z6W8YQ4T0V2X5K7M9R1Z") is None


def test_a_decision_is_found_in_a_file_whose_time_is_a_little_before_it(kept, tmp_path):
    """The kernel's clock for files is behind by up to a tick, and memory may answer at once."""
    kept.add(decision())
    begun_ms = time_of(SUGGESTION)
    os.utime(tmp_path / "logs" / "decisions-7.jsonl", ns=((begun_ms - 9) * 1_000_000,) * 2)
    assert decision_of(tmp_path / "logs", SUGGESTION) == decision()


def test_a_line_that_is_just_being_written_is_passed_over(kept, tmp_path):
    kept.add(decision())
    (file,) = (tmp_path / "logs").iterdir()
    with file.open("a", encoding="utf-8") as half:
        half.write('{"timeMs": 4, "note')
    assert len(last_decisions(tmp_path / "logs", 9)) == 1


def test_the_file_is_rotated_and_only_the_owner_s(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(kept._file, "maxBytes", 2_000)
    for number in range(100):
        kept.add(decision(number))
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == 2
    assert sum(file.stat().st_size for file in files) < 5_000
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert last_decisions(tmp_path / "logs", 1)[0].time_ms == 99


def test_a_disk_that_cannot_be_written_costs_only_the_file(client, tmp_path):
    (tmp_path / "logs").write_text("in the way")
    made = Decisions(tmp_path / "logs", StatusBoard(client), process=7)
    made.add(decision())
    assert client.sent[-1][2] == "Nothing suggested: nothing remembered is like this"


def test_a_line_of_the_log_is_json_with_the_fields_that_name_the_suggestion():
    record = logging.LogRecord("ghostcells.runtime.loop", logging.WARNING, "", 0, "a %s", ("b",), None)
    record.fields = {"trace": SUGGESTION}
    line = json.loads(JsonLines().format(record))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "part": "runtime.loop", "message": "a b", "trace": SUGGESTION}


def test_of_many_old_files_only_the_latest_are_read(client, tmp_path, monkeypatch):
    """There is one for each daemon of the last two weeks; the first page of the dashboard reads them at every look."""
    folder = tmp_path / "logs"
    for number in range(40):
        made = Decisions(folder, StatusBoard(client), process=number)
        made.add(decision(1_000_000 * (number + 1), Silence.PROSE if number == 39 else None))
        made.close()
        os.utime(folder / f"decisions-{number}.jsonl", (1_000 * (number + 1), 1_000 * (number + 1)))
    read = []
    real = app_decisions._read
    monkeypatch.setattr(app_decisions, "_read", lambda path, *more: read.append(path) or real(path, *more))
    assert [one.time_ms for one in last_decisions(folder, 2)] == [40_000_000, 39_000_000]
    assert len(read) <= 3
