"""The editor's notebooks: whatever it does to its list of cells, ours is the same list."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ghostcells.domain.notebook import CellKind
from ghostcells.server import wire
from ghostcells.server.metadata import claims_of
from ghostcells.server.notebooks import Arrival, Notebooks, OutOfStep, UnknownNotebook

NB = "file:///a.md"
ULID = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
OTHER = "01BX5ZZKBKACTAV9WEVGEMMVS0"


def document(uri: str, text: str = "ls", language: str = "shellscript") -> dict[str, Any]:
    return {"uri": uri, "languageId": language, "version": 1, "text": text}


def cell(uri: str, metadata: Any = None, kind: int = 2) -> dict[str, Any]:
    return {"kind": kind, "document": uri, **({} if metadata is None else {"metadata": metadata})}


def opened(*uris: str, **metadata: Any) -> tuple[Notebooks, Arrival]:
    notebooks = Notebooks()
    params = {
        "notebookDocument": {
            "uri": NB,
            "notebookType": "runme",
            "version": 1,
            "cells": [cell(uri, metadata.get(uri)) for uri in uris],
        },
        "cellTextDocuments": [document(uri) for uri in uris],
    }
    return notebooks, notebooks.open(as_wire(params))


def as_wire(params: Any) -> wire.DidOpen:
    return msgspec.json.decode(msgspec.json.encode(params), type=wire.DidOpen)


def change(notebooks: Notebooks, **cells: Any) -> Arrival | None:
    params = {"notebookDocument": {"uri": NB, "version": 0}, "change": {"cells": cells}}
    return notebooks.change(msgspec.json.decode(msgspec.json.encode(params), type=wire.DidChange))


def structure(start: int, delete: int, *added: Any, opens: Any = None, closes: Any = None) -> dict[str, Any]:
    array = {"start": start, "deleteCount": delete, "cells": list(added)}
    return {"array": array, "didOpen": opens, "didClose": closes and [{"uri": uri} for uri in closes]}


def edited(uri: str, text: str, version: int | None = 2) -> dict[str, Any]:
    return {"document": {"uri": uri, "version": version}, "changes": [{"text": text}]}


def cells_of(arrival: Arrival | None) -> list[tuple[str, str, str]]:
    assert arrival is not None
    return [(one.uri, one.language, one.text) for one in arrival.notebook.cells]


def test_an_opened_notebook_is_a_snapshot_of_what_the_editor_has() -> None:
    _, arrival = opened("a", "b")
    assert arrival.notebook.uri == NB
    assert arrival.notebook.type == "runme"
    assert cells_of(arrival) == [("a", "shellscript", "ls"), ("b", "shellscript", "ls")]


def test_a_keystroke_changes_its_cell_alone() -> None:
    notebooks, before = opened("a", "b")
    after = change(notebooks, textContent=[edited("b", "pwd", 7)])
    assert after is not None
    assert after.edited == ("b",)
    assert not after.structural
    assert after.notebook.version == before.notebook.version + 1
    assert after.notebook.cells[0] is before.notebook.cells[0]
    assert after.notebook.cells[1].text == "pwd"
    assert after.notebook.cells[1].version == 7


def test_execution_summaries_are_no_arrival() -> None:
    notebooks, _ = opened("a")
    assert change(notebooks, data=[{**cell("a"), "executionSummary": {"executionOrder": 3, "success": True}}]) is None


def test_a_cell_may_be_added_again_without_being_opened_again() -> None:
    """Editors move a cell so: out of its place and into another within one splice."""
    notebooks, _ = opened("a", "b", "c")
    arrival = change(notebooks, structure=structure(0, 3, cell("c"), cell("a"), cell("b")))
    assert arrival is not None
    assert [one[0] for one in cells_of(arrival)] == ["c", "a", "b"]
    assert arrival.structural


def test_a_cell_that_was_removed_and_stayed_open_may_come_back_later() -> None:
    notebooks, _ = opened("a", "b")
    change(notebooks, structure=structure(1, 1))
    change(notebooks, textContent=[edited("b", "typed meanwhile")])
    arrival = change(notebooks, structure=structure(0, 0, cell("b")))
    assert cells_of(arrival)[0] == ("b", "shellscript", "typed meanwhile")


def test_a_change_of_language_is_a_removal_and_an_addition() -> None:
    notebooks, _ = opened("a", "b")
    change(notebooks, structure=structure(1, 1, closes=["b"]))
    arrival = change(notebooks, structure=structure(1, 0, cell("b"), opens=[document("b", "ls", "python")]))
    assert cells_of(arrival)[1] == ("b", "python", "ls")


def test_a_change_of_language_may_come_in_one_change() -> None:
    notebooks, _ = opened("a", "b")
    change_of_language = structure(1, 1, cell("b"), opens=[document("b", "ls", "python")], closes=["b"])
    assert cells_of(change(notebooks, structure=change_of_language))[1] == ("b", "python", "ls")


def test_a_cell_that_keeps_its_place_may_be_opened_anew() -> None:
    notebooks, _ = opened("a", "b")
    arrival = change(notebooks, structure=structure(0, 0, opens=[document("b", "new", "python")], closes=["b"]))
    assert cells_of(arrival)[1] == ("b", "python", "new")
    assert arrival is not None
    assert arrival.edited == ("b",)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param({"textContent": [edited("x", "")]}, id="text-of-an-unknown-cell"),
        pytest.param({"data": [cell("x")]}, id="data-of-an-unknown-cell"),
        pytest.param({"structure": structure(3, 0)}, id="beyond-the-end"),
        pytest.param({"structure": structure(1, 2)}, id="more-than-there-are"),
        pytest.param({"structure": structure(0, 0, cell("x"))}, id="never-opened"),
        pytest.param({"structure": structure(0, 0, cell("a"))}, id="twice"),
        pytest.param({"textContent": [edited("a", "half"), edited("x", "")]}, id="half-way"),
    ],
)
def test_what_cannot_be_puts_the_notebook_out_of_step_and_changes_nothing(cells: Any) -> None:
    notebooks, before = opened("a", "b")
    with pytest.raises(OutOfStep):
        change(notebooks, **cells)
    after = change(notebooks, textContent=[edited("b", "pwd")])
    assert cells_of(after) == [("a", "shellscript", "ls"), ("b", "shellscript", "pwd")]
    assert before.notebook.cells[1].text == "ls"


def test_a_lost_notebook_hears_nothing_until_it_is_opened_again() -> None:
    notebooks, _ = opened("a")
    assert notebooks.lose(NB)
    assert not notebooks.lose(NB)
    assert change(notebooks, textContent=[edited("a", "pwd")]) is None
    notebooks.close(NB)
    with pytest.raises(UnknownNotebook):
        change(notebooks, textContent=[edited("a", "pwd")])


def test_claims_are_told_once_for_as_long_as_their_cell_stands() -> None:
    notebooks, first = opened("a", a={"ghostcells": {"id": ULID}})
    assert first.claims == (ULID,)
    again = change(notebooks, data=[cell("a", {"ghostcells": {"id": ULID, "ghost": True}})])
    assert again is not None
    assert again.claims == ()
    other = change(notebooks, data=[cell("a", {"ghostcells": {"id": OTHER}})])
    assert other is not None
    assert other.claims == (OTHER,)
    back = change(notebooks, data=[cell("a", {"ghostcells": {"id": ULID}})])
    assert back is not None
    assert back.claims == (ULID,)


@pytest.mark.parametrize(
    ("metadata", "own_id", "claim", "flagged"),
    [
        pytest.param({"ghostcells": {"id": "g"}, "id": "n"}, "g", "g", False, id="ours-first"),
        pytest.param({"id": "n", "runme.dev/id": "r"}, "n", None, False, id="nbformat-next"),
        pytest.param({"runme.dev/id": "r"}, "r", None, False, id="runme-last"),
        pytest.param({"ghostcells": {"ghost": True}}, None, None, True, id="flag-without-id"),
        pytest.param({"ghostcells": {"id": 7, "ghost": "yes"}, "id": "n"}, "n", None, False, id="wrong-types"),
        pytest.param({"ghostcells": "text", "id": {}, "runme.dev/id": []}, None, None, False, id="no-objects"),
        pytest.param({"ghostcells": None, "id": ""}, None, None, False, id="empty"),
        pytest.param([1, 2], None, None, False, id="a-list"),
        pytest.param("text", None, None, False, id="a-text"),
        pytest.param(None, None, None, False, id="null"),
        pytest.param({"jsonrpc": "2.0", "method": "exit", "id": "n"}, "n", None, False, id="a-message"),
        pytest.param({"huge": 10**400, "id": "n"}, "n", None, False, id="a-huge-number"),
    ],
)
def test_metadata_may_hold_anything(metadata: Any, own_id: str | None, claim: str | None, *, flagged: bool) -> None:
    claims = claims_of(msgspec.Raw(json.dumps(metadata).encode()))
    assert (claims.own_id, claims.claim, claims.flagged) == (own_id, claim, flagged)


class NotebookMachine(RuleBasedStateMachine):
    """Random edits of a list of cells, told as an editor tells them."""

    def __init__(self) -> None:
        super().__init__()
        self.notebooks, arrival = opened("u0", "u1")
        self.snapshot = arrival.notebook
        self.cells = [["u0", "shellscript", "ls"], ["u1", "shellscript", "ls"]]
        self.loose: dict[str, list[str]] = {}
        self.count = 2

    def tell(self, **cells: Any) -> None:
        arrival = change(self.notebooks, **cells)
        if arrival is not None:
            assert arrival.notebook.version == self.snapshot.version + 1
            self.snapshot = arrival.notebook

    @rule(data=st.data(), many=st.integers(0, 2))
    def splice(self, data: st.DataObject, many: int) -> None:
        start = data.draw(st.integers(0, len(self.cells)))
        delete = data.draw(st.integers(0, len(self.cells) - start))
        removed = self.cells[start : start + delete]
        close = [one for one in removed if data.draw(st.booleans())]
        available = {one[0]: one for one in removed if one not in close} | self.loose
        again = data.draw(st.lists(st.sampled_from(sorted(available)), unique=True)) if available else []
        new = [[f"u{self.count + n}", "python", f"text {n}"] for n in range(many)]
        self.count += many
        added = [available.pop(uri) for uri in again] + new
        self.loose = available
        self.cells[start : start + delete] = added
        opens = [document(uri, text, language) for uri, language, text in new]
        self.tell(
            structure=structure(
                start, delete, *(cell(one[0]) for one in added), opens=opens, closes=[c[0] for c in close]
            )
        )

    @precondition(lambda self: self.cells)
    @rule(data=st.data(), text=st.text(max_size=5))
    def type_text(self, data: st.DataObject, text: str) -> None:
        one = data.draw(st.sampled_from(self.cells))
        one[2] = text
        self.tell(textContent=[edited(one[0], text)])

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        self.notebooks.close(NB)
        self.loose = {}
        params = {
            "notebookDocument": {"uri": NB, "version": 0, "cells": [cell(one[0]) for one in self.cells]},
            "cellTextDocuments": [document(uri, text, language) for uri, language, text in self.cells],
        }
        self.snapshot = self.notebooks.open(as_wire(params)).notebook

    @invariant()
    def the_same_list(self) -> None:
        assert [[c.uri, c.language, c.text] for c in self.snapshot.cells] == self.cells
        assert all(c.kind is CellKind.CODE for c in self.snapshot.cells)


TestNotebookMachine = NotebookMachine.TestCase
