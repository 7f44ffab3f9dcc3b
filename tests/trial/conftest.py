"""The demonstration's folder and memory, and the command that serves it, as `ghostcells try` makes them."""

import os
import sys

import pytest

from ghostcells.commands.data import Data
from ghostcells.commands.learn import learn, material_of
from ghostcells.config.schema import Settings
from ghostcells.trial import sandbox


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No settings of whoever runs the tests; words alone, so that nothing has to be loaded."""
    for name in [name for name in os.environ if name.startswith(("GHOSTCELLS_", "OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GHOSTCELLS_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("GHOSTCELLS_MEMORY_EMBEDDER", "lexical")


@pytest.fixture
def folder(tmp_path):
    return sandbox.furnish(tmp_path / "orders")


@pytest.fixture
def daemon(folder, tmp_path):
    """The command of a daemon that has read the demonstration's runbook."""
    runbook = folder / "on-call.md"
    runbook.write_text((sandbox_package() / "runbook.md").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "none.toml").write_text("")
    with Data(tmp_path / "data", Settings()) as data:
        assert learn(data, [material_of(runbook)]).learned > 5
    return [sys.executable, "-m", "ghostcells", "serve", "--data-dir", str(tmp_path / "data")]


def sandbox_package():
    from importlib import resources

    return resources.files("ghostcells.trial")
