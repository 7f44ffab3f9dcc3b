"""What is dumped can be replayed to the same situations, and holds no secrets, names of files or later runs."""

import json

import msgspec
import pytest

from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import CellKind, Output
from ghostcells.evaluation.datasets import dataset_at
from ghostcells.evaluation.dumping import Cleaning, Dumped, dump
from ghostcells.privacy.redact import Redactor

A, B = "file:///home/user/secret-project/a.md", "file:///home/user/secret-project/b.md"
MINUTE = 60_000


def run(minute, notebook, intent, text, *, above=(), heading="", output="", success=True):
    time_ms = 1_760_000_000_000 + minute * MINUTE
    return Executed(
        id=ulid(time_ms, 1), time_ms=time_ms, notebook=notebook, success=success, text=text, language="shellscript",
        situation=Situation(notebook, intent, heading, above, "shellscript" if above else ""),
        outputs=(Output("text/plain", output),) if output else (),
    )  # fmt: skip


@pytest.fixture
def dumped(tmp_path):
    def done(*records):
        outcome = Dumped()
        clean = Cleaning(Redactor(), tmp_path / "home/ann")
        events = list(dump(records, clean, outcome))
        path = tmp_path / "dump.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in events))
        return path, outcome

    return done


def test_a_dump_replays_to_the_same_situations(dumped):
    listed = Above(CellKind.MARKUP, "", "List the pods")
    pods = Above(CellKind.CODE, "shellscript", "kubectl get pods", "web-1")
    path, outcome = dumped(
        run(0, A, "List the pods", "kubectl get pods", output="web-1", heading="Check"),
        run(1, A, "Describe it", "kubectl describe pod web-1", heading="Check", above=(listed, pods)),
    )  # fmt: skip
    first, second = [one.question for one in dataset_at(path).moments()]
    assert (first.situation.intent.endswith("List the pods"), first.situation.heading) == (True, "Check")
    assert second.situation.intent == "Describe it"
    assert second.situation.above[-1] == pods
    assert (outcome.sessions, outcome.runs) == (1, 2)


def test_runs_in_between_split_a_session_so_that_nothing_comes_too_early(dumped):
    path, outcome = dumped(run(0, A, "One", "ls"), run(1, B, "Two", "pwd"), run(2, A, "Three", "date"))
    moments = list(dataset_at(path).moments())
    assert [one.records[0].text for one in moments] == ["ls", "pwd", "date"]
    assert outcome.sessions == 3
    assert moments[0].records[0].notebook == moments[2].records[0].notebook != moments[1].records[0].notebook


def test_the_time_between_runs_is_kept_and_the_day_is_not(dumped):
    path, _ = dumped(run(0, A, "One", "ls"), run(90, B, "Two", "pwd"))
    first, second = [one.records[0].time_ms for one in dataset_at(path).moments()]
    assert second - first == 90 * MINUTE
    assert first < 1_760_000_000_000


def test_names_secrets_and_the_home_directory_are_gone(dumped, tmp_path):
    home = str(tmp_path / "home/ann")
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    path, outcome = dumped(
        run(0, A, f"Look into {home}", f"curl -H 'Authorization: Bearer {token}' x; ls {home}", output=token)
    )
    text = path.read_text()
    assert token not in text
    assert home not in text
    assert "secret-project" not in text
    assert "/home/user" in text
    assert outcome.redactions >= 2


def test_what_failed_is_dumped_as_failed(dumped):
    path, _ = dumped(run(0, A, "One", "false", success=False))
    assert json.loads(path.read_text().splitlines()[-1])["success"] is False
    (moment,) = dataset_at(path).moments()
    assert not moment.records[0].success


def test_what_was_forgotten_is_not_dumped(dumped):
    path, outcome = dumped(run(0, A, "One", "[forgotten]"), run(1, A, "Two", "ls"))
    assert "forgotten" not in path.read_text()
    assert outcome.runs == 1
