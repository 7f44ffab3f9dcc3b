"""Only what came earlier is used, and what is measured is what a user would have seen."""

import json

import msgspec
import pytest

from ghostcells.domain.errors import ConfigError
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.feedback import Feedback, Judgement
from ghostcells.domain.ids import ulid
from ghostcells.evaluation import replay as module
from ghostcells.evaluation.datasets import dataset_at
from ghostcells.evaluation.history import History, keep_records, records_in
from ghostcells.learning.pool import DAY_MS
from ghostcells.memory.model import ranker
from tests.evaluation.conftest import lines, session


def test_memory_begins_empty_and_gets_better(sessions_file, replayed):
    found = replayed(dataset_at(sessions_file))
    assert len(found) == 36
    assert found[0].best is None
    assert found[0].examples == 0
    assert all(one.word == 0 for one in found[-6:])
    assert found[-1].shown
    assert found[-1].outcome in {"recommended", "offered"}


def test_what_runs_later_is_never_suggested(tmp_path, replayed):
    """The one command that would answer the first question is run after it, under the same words."""
    path = tmp_path / "s.jsonl"
    intent = "Collect the quarterly figures of the warehouse"
    path.write_text(
        lines(
            [
                *session(0, "r", intent, ("quarterly --warehouse", "")),
                *session(1, "r", intent, ("quarterly --warehouse", "")),
            ]
        )
    )
    first, second = replayed(dataset_at(path))
    assert first.offers == ()
    assert second.offers[0].text == "quarterly --warehouse"
    assert (first.known, first.repeated) == (False, False)
    assert (second.known, second.repeated) == (True, True)


def test_a_question_is_asked_before_its_own_run_is_learned(tmp_path, replayed):
    path = tmp_path / "s.jsonl"
    path.write_text(lines(session(0, "r", "Collect the quarterly figures", ("quarterly --warehouse", ""))))
    (only,) = replayed(dataset_at(path))
    assert only.offers == ()


def test_asking_for_a_part_gives_the_same_as_asking_for_all(sessions_file, replayed):
    """So that work can be split among processes and taken up again."""
    dataset = dataset_at(sessions_file)
    whole = {one.key: one for one in replayed(dataset)}
    keys = list(whole)[20:25]
    for one in replayed(dataset, wanted=keys):
        assert msgspec.structs.replace(one, memory_ms=0) == msgspec.structs.replace(whole[one.key], memory_ms=0)


def test_a_pair_is_not_answered_by_itself(tmp_path, replayed):
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"intent": "delete the warehouse figures", "command": "quarterly --drop warehouse", "group": "a"},
        {"intent": "remove the figures of the warehouse", "command": "quarterly --drop warehouse", "group": "a"},
        {"intent": "print the working directory", "command": "pwd", "group": "b"},
        {"intent": "print the working directory in full", "command": "pwd -P", "group": "c"},
    ]
    path.write_text(lines(rows))
    found = replayed(dataset_at(path))
    assert [one.number for one in found] == [0, 1]
    assert all(one.examples == 3 for one in found)
    assert all(one.best.text == "quarterly --drop warehouse" and one.template for one in found)
    assert all(one.known and not one.repeated for one in found)
    lonely = tmp_path / "lonely.jsonl"
    lonely.write_text(lines([{"intent": "delete the warehouse figures", "command": "quarterly --drop warehouse"}]))
    (alone,) = replayed(dataset_at(lonely))
    assert alone.offers == ()


def test_floors_copy_the_command_of_the_nearest_prose(tmp_path, replayed, plan):
    """As it was: the 7 of the present prose is not put in."""
    path = tmp_path / "s.jsonl"
    runs = [("Count the lines of part 5", ("wc -l part5.txt", "")), ("Empty the bin", ("gio trash --empty", ""))]
    path.write_text(lines(session(0, "r", *runs[0], *runs[1], "Count the lines of part 7", ("wc -l part7.txt", ""))))
    last = replayed(dataset_at(path), plan("nearest-words"))[-1]
    assert (last.source, last.best.text) == ("floor", "wc -l part5.txt")


def test_without_memory_nothing_is_suggested(sessions_file, replayed, plan):
    assert not any(one.offers for one in replayed(dataset_at(sessions_file), plan("off")))


def left_out(directory, **folds):
    """Rankers by fold: number 0 is never sure enough, number 1 is the one that ships."""
    (directory / "folds.json").write_text(json.dumps(folds))
    shipped = ranker()
    proud = msgspec.structs.replace(shipped, lexical=msgspec.structs.replace(shipped.lexical, threshold=2.0))
    for number, learned in enumerate((proud, shipped)):
        (directory / f"ranker-{number}.json").write_bytes(msgspec.json.encode(learned))
    return str(directory)


def test_each_repository_is_judged_by_the_ranker_that_has_not_seen_it(sessions_file, replayed, plan, tmp_path):
    judged = msgspec.structs.replace(plan(), rankers=left_out(tmp_path, repo0=0, repo1=1))
    found = replayed(dataset_at(sessions_file), judged)
    assert not any(one.shown for one in found if one.repo == "repo0")
    assert any(one.shown for one in found if one.repo == "repo1")


def test_a_repository_without_a_ranker_is_an_error_and_not_judged_by_the_one_that_ships(
    sessions_file, replayed, plan, tmp_path
):
    judged = msgspec.structs.replace(plan(), rankers=left_out(tmp_path, repo1=1))
    with pytest.raises(ConfigError, match="no ranker for repo0"):
        replayed(dataset_at(sessions_file), judged)


def test_rankers_that_are_not_there_are_named(sessions_file, replayed, plan, tmp_path):
    with pytest.raises(ConfigError, match="nowhere: the rankers cannot be read"):
        replayed(dataset_at(sessions_file), msgspec.structs.replace(plan(), rankers=str(tmp_path / "nowhere")))


def test_a_setting_changes_what_is_shown(sessions_file, replayed, plan):
    strict = plan(memory={"embedder": "lexical", "minConfidence": 1.0})
    usual, none = replayed(dataset_at(sessions_file)), replayed(dataset_at(sessions_file), strict)
    assert any(one.shown for one in usual)
    assert not any(one.shown for one in none)


def test_a_question_that_fails_is_a_finding(sessions_file, replayed, monkeypatch):
    async def broken(*_args, **_more):
        raise ZeroDivisionError("no ranking")

    monkeypatch.setattr(module.RecallMemory, "recall", broken)
    found = replayed(dataset_at(sessions_file))
    assert len(found) == 36
    assert found[0].failed == "ZeroDivisionError: no ranking"


def run(at, text, intent, *, success=True, above=()):
    return Executed(
        id=ulid(1_700_000_000_000 + at * 60_000, 1), time_ms=1_700_000_000_000 + at * 60_000, notebook="file:///home/user/ops/a.md",
        success=success, text=text, language="shellscript",
        situation=Situation("file:///home/user/ops/a.md", intent=intent, above=above),
    )  # fmt: skip


@pytest.fixture
def log():
    runs = [run(at, "kubectl get pods -n web", f"List the pods of the web shop, time {at}") for at in range(4)]
    return [*runs, run(5, "make it fail", "List the pods of the web shop", success=False)]


def test_the_own_log_is_replayed_as_it_was_recorded(log, replayed):
    found = replayed(History(lambda: log))
    assert [one.answer for one in found] == [*["kubectl get pods -n web"] * 4, "make it fail"]
    assert found[0].offers == ()
    assert found[3].best.text == "kubectl get pods -n web"
    assert found[3].repo == "ops"


def test_what_was_made_of_the_ghosts_of_that_time_is_kept(log, replayed):
    accepted = msgspec.structs.replace(log[1], feedback=Judgement(Feedback.ACCEPTED, "s"))
    found = replayed(History(lambda: [log[0], accepted]))
    assert [one.feedback for one in found] == ["", "accepted_recommendation"]


def test_what_failed_teaches_nothing(log, replayed):
    found = replayed(History(lambda: [*log, run(6, "make it fail", "Make it fail")]))
    assert not found[-1].known


def test_a_copy_of_the_log_is_for_its_owner_and_complete(log, tmp_path):
    path = tmp_path / "mine.jsonl"
    assert keep_records(path, log) == len(log)
    assert path.stat().st_mode & 0o077 == 0
    assert list(records_in(path)) == log


def test_the_most_used_commands_are_those_of_the_days_before(log, plan):
    """As in the daemon, which counts them once a day: what runs on a day counts from the next one on."""
    seen = {}

    def ask(at):
        replay = module.Replay(History(list), plan(), lambda _: None)
        replay._waiting.extend(log)
        replay._fold()
        replay._now = log[0].time_ms + at
        seen[at] = [one.text for one in replay._often("file:///home/user/ops/b.md")]
        replay._close()

    for at in (0, DAY_MS, 40 * DAY_MS):
        ask(at)
    assert list(seen.values()) == [[], ["kubectl get pods -n web"], []]
