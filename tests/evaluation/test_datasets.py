"""Every format gives the same kind of questions, and says what is wrong with a file that has none of them."""

import json

import pytest

from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation.datasets import dataset_at
from ghostcells.evaluation.sessions import typed
from tests.evaluation.conftest import lines, session


def questions(dataset):
    return [moment.question for moment in dataset.moments() if moment.question]


def test_a_question_is_due_where_prose_stands_before_a_command(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(lines(session(0, "shop", "# Deploy\n\nList the pods", ("kubectl get pods", "web-1"), ("ls", ""))))
    (only,) = questions(dataset_at(path))
    assert (only.repo, only.document, only.answer) == ("shop", "doc0", "kubectl get pods")
    assert only.situation.heading == "Deploy"
    assert only.page.before[-1].text == "# Deploy\n\nList the pods"
    assert only.page.language == "shellscript"


def test_what_was_run_before_stands_above_with_its_output(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        lines(session(0, "shop", "List", ("kubectl get pods", "web-1"), "Describe it", ("kubectl describe web-1", "")))
    )
    asked = questions(dataset_at(path))[1]
    assert [(one.text, one.output) for one in asked.situation.above] == [("List", ""), ("kubectl get pods", "web-1")]


def test_keys_that_were_taken_back_are_gone():
    assert typed("Lst", "\b\bist") == "List"


def test_a_run_that_failed_is_a_failure(tmp_path):
    events = session(0, "shop", "List", ("kubectl get pods", ""))
    events[-1]["success"] = False
    path = tmp_path / "s.jsonl"
    path.write_text(lines(events))
    (moment,) = dataset_at(path).moments()
    assert not moment.records[0].success


def test_sessions_of_one_document_are_told_apart(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        lines([*session(0, "r", "List", ("ls", ""), doc="same"), *session(1, "r", "List", ("ls", ""), doc="same")])
    )
    asked = questions(dataset_at(path))
    assert len({one.key for one in asked}) == 2
    assert asked[0].time_ms < asked[1].time_ms


def test_pairs_ask_for_what_others_say_in_other_words(tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"intent": "list files", "command": "ls", "group": "ls"},
        {"intent": "show what is here", "command": "ls", "group": "ls"},
        {"intent": "where am I", "command": "pwd", "group": "pwd"},
    ]
    path.write_text(lines(rows))
    dataset = dataset_at(path)
    assert [one.answer for one in questions(dataset)] == ["ls", "ls"]
    assert not dataset.ordered


def test_pairs_without_groups_are_all_asked(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(lines([{"tool": "git log", "intent": "Show the log", "command": "git log", "platform": "common"}]))
    (only,) = questions(dataset_at(path))
    assert only.repo == "git"


def test_a_directory_of_notebooks_is_read_from_top_to_bottom(tmp_path):
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "a.md").write_text(
        "# Pods\n\nList them:\n\n```bash\nkubectl get pods\n```\n\n```yaml\nkind: Pod\n```\n"
    )
    cells = [
        {"cell_type": "markdown", "source": "Count files", "metadata": {}},
        {"cell_type": "code", "source": "%%bash\nls | wc -l", "metadata": {}, "outputs": [], "execution_count": None},
    ]
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    asked = questions(dataset_at(tmp_path))
    assert {one.answer for one in asked} == {"kubectl get pods", "ls | wc -l"}
    assert {one.repo for one in asked} == {"ops", tmp_path.name}


def test_documents_as_cells_are_read_too(tmp_path):
    path = tmp_path / "docs.jsonl"
    cells = [
        {"kind": "markup", "text": "List the pods"},
        {"kind": "code", "lang": "bash", "exec": True, "text": "kubectl get pods", "output": "web-1"},
        {"kind": "code", "lang": "yaml", "exec": False, "text": "kind: Pod"},
        {"kind": "markup", "text": "Describe it"},
        {"kind": "code", "lang": "bash", "exec": True, "text": "kubectl describe pod web-1"},
    ]
    path.write_text(lines([{"id": "one", "repo": "shop", "path": "a.md", "cells": cells, "markdown": ""}]))
    first, second = questions(dataset_at(path))
    assert first.answer == "kubectl get pods"
    assert second.situation.above[1].output == "web-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("not json\n", "malformed", id="no JSON"),
        pytest.param('{"a": 1}\n', "expected a directory of notebooks", id="another format"),
        pytest.param("", "expected a directory of notebooks", id="empty"),
    ],
)
def test_what_is_no_data_set_is_named(tmp_path, text, message):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as refused:
        dataset_at(path)
    assert str(path) in str(refused.value)


def test_a_broken_line_is_named_with_its_number(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(lines(session(0, "r", "List", ("ls", ""))) + '{"s": 1, "t_ms": "x", "type": "open"}\n')
    with pytest.raises(ConfigError, match=r"s\.jsonl:6: "):
        list(dataset_at(path).moments())


def test_the_fingerprint_follows_the_content(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(lines(session(0, "r", "List", ("ls", ""))))
    before = dataset_at(path).fingerprint()
    path.write_text(lines(session(0, "r", "List", ("pwd", ""))))
    assert dataset_at(path).fingerprint() != before
