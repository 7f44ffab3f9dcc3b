"""Requests with wrong parameters: refused by name, and the state is unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .cells import Cell, md
from .editor import Notebook, open_notebook
from .steps import command_ghost, ends_of

if TYPE_CHECKING:
    from .client import Client, Json

ULID = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
INVALID_PARAMS = -32602

HERE = object()  # stands for the notebook of the test
PROSE = object()  # stands for its first cell
VALID: dict[str, Json] = {
    "focus": {"notebook": HERE, "cell": PROSE},
    "executed": {"notebook": HERE, "cell": PROSE, "success": True},
    "dismiss": {"notebook": HERE},
    "suggest": {"notebook": HERE, "cell": PROSE},
    "cycle": {"notebook": HERE, "step": 1},
    "restore": {"notebook": HERE, "id": ULID},
    "withdrawn": {"notebook": HERE, "ids": [ULID], "reason": "undo"},
    "events": {},
    "cellLog": {"id": ULID},
    "trace": {"id": ULID},
    "sessions": {},
    "stats": {},
}
NO_NOTEBOOKS: list[Any] = [None, 7, "file:///x", {}, {"uri": 3}]
NO_INTEGERS: list[Any] = ["0", 1.5, []]
NO_CELLS: list[Any] = [None, 7, ["x"]]
NO_CELLS_OR_NULL: list[Any] = [7, [], {"uri": "x"}]
NO_OUTPUTS: list[Any] = ["text", [7], [{"mime": 1, "text": "x"}], [{"text": "no mime"}]]
WRONG: list[tuple[str, str, Any]] = [
    *((method, "notebook", value) for method in list(VALID)[:7] for value in NO_NOTEBOOKS),
    *((method, "cell", value) for method in ("executed", "suggest") for value in NO_CELLS),
    *(("focus", "cell", value) for value in NO_CELLS_OR_NULL),
    *(("executed", "success", value) for value in (None, "true", 1)),
    *(("executed", "exitCode", value) for value in NO_INTEGERS),
    ("executed", "durationMs", "long"),
    ("executed", "text", 7),
    *(("executed", "outputs", value) for value in NO_OUTPUTS),
    *(("cycle", "step", value) for value in (0, 2, -2, "1", None, 1.5, True)),
    *(("restore", "id", value) for value in (None, 7)),
    *(("withdrawn", "ids", value) for value in (None, ULID, [7])),
    *(("withdrawn", "reason", value) for value in (None, "whim", 7)),
    *(("events", "limit", value) for value in (0, -1, 10_001, "10", 1.5, 10**30)),
    *(("events", "after", value) for value in (7, ["x"])),
    *((method, "id", value) for method in ("cellLog", "trace") for value in NO_CELLS),
    *(("sessions", "limit", value) for value in (0, -1, "10")),
    ("sessions", "before", 7),
    ("stats", "sinceMs", "yesterday"),
]
MISSING = [(method, name) for method, params in VALID.items() for name in params]


def fill(page: Notebook, params: Json) -> Json:
    places = {id(HERE): {"uri": page.uri}, id(PROSE): page.cells[0].uri}
    return {name: places.get(id(value), value) for name, value in params.items()}


def events_of(client: Client, page: Notebook) -> list[Json]:
    """Those of this page: the end of the page before may still be on its way to the disk, since nobody waits for that."""
    return [one for one in client.all_events() if one["notebook"] == page.uri]


@pytest.mark.parametrize(("method", "name", "value"), WRONG)
def test_a_wrong_parameter_is_named(sturdy: Client, page: Notebook, method: str, name: str, value: Any) -> None:
    before = events_of(sturdy, page)
    error = sturdy.refused(f"ghostcells/{method}", {**fill(page, VALID[method]), name: value})
    assert error.code == INVALID_PARAMS
    assert name in error.message or (name == "notebook" and "uri" in error.message), error.message
    assert events_of(sturdy, page) == before


@pytest.mark.parametrize(("method", "name"), MISSING)
def test_a_missing_parameter_is_named(sturdy: Client, page: Notebook, method: str, name: str) -> None:
    params = fill(page, VALID[method])
    del params[name]
    error = sturdy.refused(f"ghostcells/{method}", params)
    assert error.code == INVALID_PARAMS
    assert name in error.message


@pytest.mark.parametrize("method", VALID)
@pytest.mark.parametrize("params", [[], "text", 7], ids=["array", "string", "number"])
def test_parameters_that_are_no_object(sturdy: Client, method: str, params: Any) -> None:
    error = sturdy.refused(f"ghostcells/{method}", params)
    assert error.code in {INVALID_PARAMS, -32600}
    sturdy.ping()


@pytest.mark.parametrize("method", ["focus", "executed", "dismiss", "suggest", "cycle", "restore", "withdrawn"])
def test_an_unknown_notebook_is_named(sturdy: Client, page: Notebook, method: str) -> None:
    unknown = "file:///runbooks/nowhere.md"
    error = sturdy.refused(f"ghostcells/{method}", {**fill(page, VALID[method]), "notebook": {"uri": unknown}})
    assert error.code == INVALID_PARAMS
    assert unknown in error.message or "notebook" in error.message


@pytest.mark.parametrize("method", ["focus", "executed", "suggest"])
def test_an_unknown_cell_is_named(sturdy: Client, page: Notebook, method: str) -> None:
    unknown = "vscode-notebook-cell:/nowhere#W1"
    error = sturdy.refused(f"ghostcells/{method}", {**fill(page, VALID[method]), "cell": unknown})
    assert error.code == INVALID_PARAMS
    assert unknown in error.message or "cell" in error.message


def test_a_cell_of_another_notebook_is_unknown(sturdy: Client, page: Notebook) -> None:
    other = open_notebook(sturdy, "other.md", md("Elsewhere"))
    params = {"notebook": {"uri": page.uri}, "cell": other.cells[0].uri}
    assert sturdy.refused("ghostcells/focus", params).code == INVALID_PARAMS
    other.close()


def test_parameters_that_nobody_knows_are_ignored(page: Notebook) -> None:
    assert page.ask("focus", cell=page.cells[0].uri, mood="curious")["session"]


def test_a_refused_request_leaves_the_ghosts_alone(client: Client, nb: Notebook, prose: Cell) -> None:
    ghost = command_ghost(nb, prose)
    for method, more in (("cycle", {"step": 2}), ("focus", {"cell": "unknown:/"}), ("suggest", {"cell": 3})):
        client.refused(f"ghostcells/{method}", {"notebook": {"uri": nb.uri}, **more})
    assert ends_of(client, ghost["id"]) == []
    assert all(ghost["id"] in [g["id"] for g in p["ghosts"]] for p in nb.settle())
    assert nb.accept(ghost["id"])["accepted"] == [ghost["id"]]


@pytest.mark.parametrize("params", [None, [], {}, {"notebook": 1}, {"ids": "x"}], ids=repr)
def test_a_malformed_visible(sturdy: Client, page: Notebook, params: Any) -> None:
    sturdy.notify("ghostcells/visible", params)
    page.client.notify("ghostcells/visible", {"notebook": {"uri": page.uri}, "ids": [7, ULID], "form": "hologram"})
    page.visible(ULID)


def test_requests_may_come_in_a_flood(sturdy: Client, page: Notebook) -> None:
    requests = [
        sturdy.post("ghostcells/focus", {"notebook": {"uri": page.uri}, "cell": page.cells[n % 2].uri})
        for n in range(300)
    ]
    assert all(sturdy.answer(identity)["session"] for identity in requests)
