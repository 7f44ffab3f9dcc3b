"""docs/protocol/*.json is what the types say, and says what the protocol does."""

import json
from pathlib import Path
from typing import Any

import pytest

from ghostcells.server.schemas import schemas

DIRECTORY = Path(__file__).parents[2] / "docs" / "protocol"
MADE = schemas()


@pytest.mark.parametrize("name", MADE)
def test_the_files_are_current(name: str) -> None:
    """`python scripts/generate.py` writes them."""
    assert json.loads((DIRECTORY / f"{name}.json").read_text()) == MADE[name]


def test_there_is_no_file_of_a_method_that_is_gone() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.json")} == set(MADE)


@pytest.mark.parametrize(
    ("name", "struct", "required"),
    [
        pytest.param("focus", "FocusParams", {"notebook", "cell"}, id="null-is-not-absent"),
        pytest.param("focus", "FocusResult", {"session", "accepted", "rejected"}, id="empty-lists-are-sent"),
        pytest.param("executed", "ExecutedParams", {"notebook", "cell", "success"}, id="what-an-editor-may-leave-out"),
        pytest.param("events", "Event", {"id", "type", "timeMs", "session", "notebook", "cell"}, id="fields-by-type"),
        pytest.param("publishGhosts", "Ghost", {"id", "kind", "languageId", "text", "source"}, id="a-plain-ghost"),
        pytest.param("status", "Status", {"state", "provider", "model"}, id="no-message-without-trouble"),
        pytest.param("stats", "StatsParams", set(), id="nothing-at-all"),
    ],
)
def test_what_is_always_there(name: str, struct: str, required: set[str]) -> None:
    definition: dict[str, Any] = MADE[name]["$defs"][struct]
    assert set(definition.get("required", ())) == required
