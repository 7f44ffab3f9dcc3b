"""Notebooks that no editor should send: the daemon stays, and a notebook that was closed and opened is fine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .cells import CODE, Cell, md, sh
from .client import TIMEOUT
from .editor import Notebook, open_notebook
from .lessons import RESTART, run
from .steps import command_ghost

if TYPE_CHECKING:
    from .client import Client, Json


@pytest.mark.parametrize("method", ["didOpen", "didChange", "didSave", "didClose"])
@pytest.mark.parametrize("params", [None, [], {}, {"notebookDocument": 5}, {"notebookDocument": {"uri": 5}}], ids=repr)
def test_malformed_synchronisation(sturdy: Client, page: Notebook, method: str, params: Any) -> None:
    sturdy.notify(f"notebookDocument/{method}", params)
    assert page.focus(page.cells[0])["session"]


def test_plain_text_documents_are_none_of_its_business(sturdy: Client, page: Notebook) -> None:
    document = {"uri": "file:///notes.md", "languageId": "markdown", "version": 1, "text": "Notes"}
    sturdy.notify("textDocument/didOpen", {"textDocument": document})
    for change in ({"text": "New notes"}, {"range": None, "text": 7}, "text"):
        versioned = {"uri": "file:///notes.md", "version": 2}
        sturdy.notify("textDocument/didChange", {"textDocument": versioned, "contentChanges": [change]})
    sturdy.notify("textDocument/didClose", {"textDocument": {"uri": "file:///notes.md"}})
    sturdy.notify("textDocument/didClose", {"textDocument": {"uri": "file:///never.md"}})
    assert page.focus(page.cells[0])["session"]


@pytest.mark.parametrize("method", ["didChange", "didSave", "didClose"])
def test_synchronisation_of_a_notebook_that_is_not_open(sturdy: Client, page: Notebook, method: str) -> None:
    document = {"uri": "file:///runbooks/never-opened.md", "version": 3}
    cells = {"textContent": [{"document": {"uri": "x:/y", "version": 2}, "changes": [{"text": "z"}]}]}
    params = {"notebookDocument": document, "change": {"cells": cells}, "cellTextDocuments": []}
    sturdy.notify(f"notebookDocument/{method}", params)
    assert page.focus(page.cells[0])["session"]


@pytest.mark.parametrize(
    "span",
    [
        pytest.param({"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 2}}, id="negative-line"),
        pytest.param({"start": {"line": 0, "character": -3}, "end": {"line": 0, "character": 2}}, id="negative-column"),
        pytest.param({"start": {"line": 9, "character": 9}, "end": {"line": 99, "character": 0}}, id="outside"),
        pytest.param({"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 1}}, id="backwards"),
        pytest.param({"start": {"line": 2**40, "character": 2**70}, "end": {"line": 2**40, "character": 2**70}}, id="huge"),
        pytest.param({"start": {}, "end": {}}, id="empty"),
        pytest.param({"start": {"line": "0", "character": 1.5}, "end": None}, id="types"),
        pytest.param(7, id="number"),
    ],
)  # fmt: skip
def test_a_range_that_is_none(sturdy: Client, page: Notebook, span: Any) -> None:
    cell = page.cells[0]
    change = {"range": span, "text": "x"}
    page.change(textContent=[{"document": {"uri": cell.uri, "version": 2}, "changes": [change]}])
    sturdy.ping()
    page.close()
    page.open()
    assert page.focus(page.cells[0])["session"]


@pytest.mark.parametrize(
    "array",
    [
        pytest.param({"start": 99, "deleteCount": 5}, id="outside"),
        pytest.param({"start": -1, "deleteCount": 1}, id="negative"),
        pytest.param({"start": 0, "deleteCount": -1}, id="negative-count"),
        pytest.param({"start": "0", "deleteCount": None}, id="types"),
        pytest.param({"start": 0, "deleteCount": 0, "cells": [{"kind": 2, "document": "x:/unopened"}]}, id="no-document"),
        pytest.param({"start": 0, "deleteCount": 0, "cells": [{"kind": 9, "document": 4}]}, id="no-cell"),
        pytest.param({"start": 0, "deleteCount": 0, "cells": 7}, id="no-array"),
        pytest.param({}, id="empty"),
    ],
)  # fmt: skip
def test_a_structure_that_is_none(sturdy: Client, page: Notebook, array: Any) -> None:
    page.change(structure={"array": array})
    sturdy.ping()
    page.close()
    page.open()
    assert page.focus(page.cells[0])["session"]


def test_a_notebook_that_is_opened_twice(page: Notebook) -> None:
    page.open()
    assert page.focus(page.cells[0])["session"]


def test_cells_that_share_a_uri(sturdy: Client) -> None:
    uri = "vscode-notebook-cell:/twins#W0"
    notebook = open_notebook(sturdy, "twins.md", Cell(1, "markdown", "a", uri=uri), Cell(1, "markdown", "b", uri=uri))
    sturdy.ping()
    notebook.close()


def test_a_cell_without_its_document(sturdy: Client) -> None:
    document = {"uri": "file:///half.md", "notebookType": "runme", "version": 1,
                "cells": [{"kind": 2, "document": "x:/half"}]}  # fmt: skip
    sturdy.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": []})
    sturdy.ping()
    sturdy.notify(
        "notebookDocument/didClose", {"notebookDocument": {"uri": "file:///half.md"}, "cellTextDocuments": []}
    )


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"jsonrpc": "2.0", "method": "exit", "params": {}}, id="a-message"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "result": None}, id="an-answer"),
        pytest.param({"custom": {"jsonrpc": "2.0", "id": 1, "method": "shutdown"}}, id="a-nested-message"),
        pytest.param({"class": 1, "from": 2, "0bad": 3, "a b": 4, "__class__": 5, "": 6, "_x": 7}, id="odd-names"),
        pytest.param({"ghostcells": None}, id="null"),
        pytest.param({"ghostcells": "text"}, id="string"),
        pytest.param({"ghostcells": {"id": 7, "ghost": "yes"}}, id="types"),
        pytest.param({"ghostcells": {"ghost": True}}, id="a-ghost-without-id"),
        pytest.param({"ghostcells": {"id": "not a ulid", "ghost": True}}, id="a-ghost-without-ulid"),
        pytest.param({"id": {"x": 1}, "runme.dev/id": []}, id="ids"),
        pytest.param({"id": "\x00/../../etc"}, id="a-path"),
        pytest.param({"deep": json.loads("[" * 500 + "]" * 500)}, id="deep"),
        pytest.param({"huge": 10**400, "text": "x" * 1_000_000}, id="huge"),
    ],
)
def test_metadata_may_hold_anything(sturdy: Client, page: Notebook, metadata: Json) -> None:
    odd = Cell(CODE, "shellscript", "echo odd", metadata)
    page.insert(1, odd)
    page.set_metadata(page.cells[0], metadata)
    page.set_metadata(page.cells[0], {})
    assert page.focus(page.cells[0])["session"]
    sturdy.ping()


def test_metadata_that_is_no_object(sturdy: Client, page: Notebook) -> None:
    page.change(data=[{"kind": 1, "document": page.cells[0].uri, "metadata": "text"}])
    page.change(data=[{"kind": 1, "document": page.cells[0].uri, "metadata": None}])
    page.change(data="text")
    sturdy.ping()
    page.close()
    page.open()
    assert page.focus(page.cells[0])["session"]


@pytest.mark.parametrize(
    "text", ["echo \x00", "echo \ud800", "echo \udfff\ud800 x", "\u2028\u2029\x0b\x0c", "\ufeff", "\U0001d4b3" * 3000],
    ids=["nul", "surrogate", "surrogates", "separators", "bom", "astral"],
)  # fmt: skip
def test_text_may_hold_anything(sturdy: Client, page: Notebook, text: str) -> None:
    cell = page.cells[1]
    page.set_text(cell, text)
    page.edit(cell, len(text), len(text), "\nls")
    event = run(page, cell, outputs=[{"mime": "text/plain", "text": text}])
    logged = sturdy.eventually(lambda e: e["id"] == event)
    assert logged["text"].endswith("ls")
    assert page.focus(page.cells[0])["session"]


@pytest.mark.slow
def test_a_cell_of_twenty_megabytes(client: Client, nb: Notebook, prose: Cell) -> None:
    nb.insert(len(nb.cells), sh("echo twenty\n" * (20 * 1024 * 1024 // 12)))
    client.ping()
    nb.edit(nb.cells[-1], 0, 4, "true")
    nb.set_text(prose, RESTART[0])
    assert nb.shown(4 * TIMEOUT)[-1]["text"] == RESTART[1]


@pytest.mark.slow
def test_five_thousand_cells(client: Client) -> None:
    cells = [md(f"Paragraph {n}") if n % 2 else sh(f"echo {n}") for n in range(5_000)]
    notebook = open_notebook(client, "long.md", *cells)
    notebook.focus(cells[4_999])
    assert command_ghost(notebook, cells[4_999])["text"] == RESTART[1]
    run(notebook, cells[4_998])
