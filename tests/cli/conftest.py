"""A command line that knows nothing of whoever runs the tests, and a data directory with a small history in it."""

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest

from ghostcells.cli import run
from ghostcells.commands.data import Data
from ghostcells.config.schema import Settings
from ghostcells.domain import events as e
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.notebook import CellKind

GHOST = "01JNB3Z6W8YQ4T0V2X5K7M9R1S"
SUGGESTION = "01JNB3Z6W8YQ4T0V2X5K7M9R1T"
SESSION = "01JNB3Z6W8YQ4T0V2X5K7M9R1V"
NOTEBOOK = "file:///home/user/deploy.md"


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("GHOSTCELLS_", "OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    config = tmp_path / "config.toml"
    config.write_text("")
    monkeypatch.setenv("GHOSTCELLS_CONFIG", str(config))
    monkeypatch.setenv("GHOSTCELLS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GHOSTCELLS_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path


@pytest.fixture
def command(capsys):
    """Run a command line and return what it said."""

    def said(*arguments: str) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return said


def records() -> list[e.AnyRecord]:
    """A session in which a ghost was suggested, accepted and run; its example has been seen."""
    common = {"id": "", "time_ms": 0, "notebook": NOTEBOOK, "session": SESSION}
    ghost = Ghost(
        GHOST, CellKind.CODE, "shellscript", "kubectl get pods -n web", "memory", label="you ran this in shop.md"
    )
    situation = Situation(notebook=NOTEBOOK, intent="List the pods of the web shop")
    return [
        e.SessionStarted(**common, cell="file:///home/user/deploy.md#1"),
        e.Suggested(**common, cell=None, suggestion=SUGGESTION, cells=(ghost,), source="memory"),
        e.Accepted(**common, cell=GHOST, suggestion=SUGGESTION, shown_ms=900, text="kubectl get pods -n web"),
        e.Executed(
            **common, cell=GHOST, success=True, text="kubectl get pods -n shop", language="shellscript", edited=True,
            suggestion=SUGGESTION, accepted_text="kubectl get pods -n web", situation=situation,
        ),
    ]  # fmt: skip


@pytest.fixture
def history(alone):
    with Data(alone / "data", Settings()) as data:
        data.append(records())
