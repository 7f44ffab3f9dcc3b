"""One suggestion on the command line: from memory, from a model, and why."""

import json

import pytest


@pytest.fixture
def runbook(tmp_path):
    path = tmp_path / "today.md"
    path.write_text("# Logs\n\nCompress the access log of yesterday.\n")
    return path


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A recording that says what a model would."""
    path = tmp_path / "answers.jsonl"
    lines = [
        {"text": "```bash\ngzip "},
        {"text": "access.log\n```\n"},
        {"usage": {"input_tokens": 90, "output_tokens": 9}, "finish": "stop"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setenv("GHOSTCELLS_MODEL_PROVIDER", "scripted")
    monkeypatch.setenv("GHOSTCELLS_MODEL_NAME", str(path))


def test_a_model_suggests_on_standard_output(command, runbook, model):
    said = command("complete", runbook)
    assert (said.code, said.out) == (0, "gzip access.log\n")


def test_memory_suggests_without_a_model(command, runbook, tmp_path, monkeypatch):
    monkeypatch.setenv("GHOSTCELLS_MEMORY_MIN_CONFIDENCE", "0")
    other = tmp_path / "old.md"
    other.write_text("Compress the access log of yesterday.\n\n```sh\nzstd access.log\n```\n")
    command("learn", other)
    said = command("complete", runbook)
    assert (said.code, said.out) == (0, "zstd access.log\n")
    assert command("complete", runbook, "--no-memory").code == 1


def test_nothing_is_a_failure_with_a_reason(command, runbook):
    said = command("complete", runbook, "--provider", "none")
    assert (said.code, said.out) == (1, "")
    assert "no suggestion" in said.err


def test_it_explains_what_was_sent(command, runbook, model):
    said = command("complete", runbook, "--explain")
    assert "--- sent ---\n[system]\n" in said.err
    assert "Compress the access log of yesterday." in said.err
    assert "scripted" in said.err


def test_a_cell_is_chosen_by_its_number(command, runbook, model):
    runbook.write_text("First.\n\n```sh\nls\n```\n\nCompress the log.\n")
    said = command("complete", f"{runbook}:1", "--json").json
    assert said["source"] == "model"
    prompt = said["trace"]["model"]["prompt"]
    assert "First." in prompt
    assert prompt.index("First.") > prompt.index("Compress the log.")
    assert command("complete", f"{runbook}:9").code == 1


def test_what_it_cost_is_kept(command, runbook, model):
    command("complete", runbook)
    assert command("stats", "--json").json["inputTokens"] == 90
