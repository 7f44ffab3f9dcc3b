"""One suggestion on the command line: from memory, from a model, and why."""

import json

import pytest

from tests.e2e.faulty import Faulty
from tests.providers.wires import WIRES


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


def test_it_learns_how_a_model_counts_as_a_daemon_does(command, runbook, model, tmp_path):
    for _ in range(2):
        assert command("complete", runbook).code == 0
    kept = json.loads((tmp_path / "data" / "token-counts.json").read_bytes())
    assert [one["seen"] for one in kept["models"].values()] == [2]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param("no_memory", "memory: not asked", id="not asked"),
        pytest.param("plain", "memory: nothing like it was run before", id="nothing like it"),
    ],
)
def test_it_says_what_memory_had(command, runbook, model, script, words):
    said = command("complete", runbook, "--explain", *(["--no-memory"] if script == "no_memory" else []))
    assert words in said.err
    assert "confidence  score" not in said.err


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_every_provider_answers_and_says_what_is_wrong_with_a_key(command, runbook, monkeypatch, tmp_path, wire):
    pytest.importorskip("anthropic" if wire.name == "anthropic" else "openai")
    key = tmp_path / "model.key"
    key.write_text("not-a-real-key\n")
    key.chmod(0o600)
    monkeypatch.setenv("GHOSTCELLS_MODEL_API_KEY_FILE", str(key))
    monkeypatch.setenv("GHOSTCELLS_MODEL_NAME", "a-model")

    async def refuses(talk):
        await talk.error(401, wire.error("authentication_error", "not-a-real-key is no key"))

    async def answers(talk):
        await talk.stream(*wire.answer("```bash\ngzip ", "access.log\n```\n"))

    with Faulty() as server:
        monkeypatch.setenv("GHOSTCELLS_MODEL_BASE_URL", server.server.url + wire.suffix)
        server.does(answers)
        said = command("complete", runbook, "--provider", wire.name)
        assert (said.code, said.out, said.err) == (0, "gzip access.log\n", "")
        server.does(refuses)
        said = command("complete", runbook, "--provider", wire.name)
    assert (said.code, said.out) == (1, "")
    assert "does not accept the key (HTTP 401)" in said.err
    assert "not-a-real-key" not in said.err
    assert said.err.count("\n") == 1, "it is said once"
