"""`ghostcells config`: what holds, where it comes from, and how to change it."""

import json

import pytest

from ghostcells.cli import run


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No settings of whoever runs the tests."""
    import os

    for name in [name for name in os.environ if name.startswith(("GHOSTCELLS_", "OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GHOSTCELLS_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("[suggest]\nmode = 'manual'\n")
    return tmp_path


def said(capsys, *arguments):
    code = run(["config", *arguments])
    captured = capsys.readouterr()
    return code, captured.out.strip(), captured.err.strip()


def test_get_says_a_value_for_scripts(capsys):
    assert said(capsys, "get", "suggest.mode") == (0, "manual", "")
    assert said(capsys, "get", "memory.minConfidence") == (0, "", "")


def test_get_says_where_every_value_comes_from(capsys, monkeypatch, alone):
    monkeypatch.setenv("GHOSTCELLS_LOG_RETENTION_DAYS", "7")
    code, out, _ = said(capsys, "get", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["suggest.mode"] == {"value": "manual", "source": str(alone / "config.toml")}
    assert found["log.retentionDays"] == {"value": 7, "source": "environment"}
    assert found["memory.embedder"] == {"value": "auto", "source": "default"}


def test_get_as_a_table(capsys):
    code, out, _ = said(capsys, "get")
    assert code == 0
    assert any(line.split()[:2] == ["suggest.mode", '"manual"'] for line in out.splitlines())


def test_problems_are_told_and_the_rest_holds(capsys, alone):
    (alone / "config.toml").write_text("[suggest]\nmode = 'loud'\nenabled = false\n")
    code, out, err = said(capsys, "get", "suggest.enabled")
    assert (code, out) == (0, "false")
    assert "suggest.mode: expected one of" in err


def test_set_changes_the_file(capsys, alone):
    assert said(capsys, "set", "memory.minConfidence", "0.4")[0] == 0
    assert said(capsys, "get", "memory.minConfidence")[1] == "0.4"
    assert said(capsys, "set", "memory.minConfidence", "")[0] == 0
    assert "minConfidence" not in (alone / "config.toml").read_text()


def test_set_refuses_what_does_not_fit(capsys):
    code, _, err = said(capsys, "set", "suggest.mod", "x")
    assert code == 1
    assert "did you mean suggest.mode?" in err


def test_path_and_schema(capsys, alone):
    assert said(capsys, "path") == (0, str(alone / "config.toml"), "")
    code, out, _ = said(capsys, "schema")
    assert code == 0
    assert json.loads(out)["$defs"]["Suggest"]["additionalProperties"] is False
