"""The editor's notebooks, kept by what it tells: LSP's notebook documents in, snapshots of `domain.notebook` out.

A keystroke replaces one cell and copies one tuple. What cannot be applied raises `OutOfStep`, after which changes to that
notebook are ignored until it is opened again. Which cells are ghosts is not known here.
"""

from collections.abc import Iterable, Mapping

import msgspec

from ghostcells.domain.ids import is_ulid
from ghostcells.domain.notebook import Cell, Notebook
from ghostcells.server import text
from ghostcells.server.metadata import claims_of
from ghostcells.server.wire import CellChanges, DidChange, DidOpen, Structure, TextContent, TextDocument, WireCell


class OutOfStep(Exception):
    """A change that does not fit what the editor said before."""


class UnknownNotebook(Exception):
    """A change to a notebook that is not open."""


class Arrival(msgspec.Struct, frozen=True):
    """A new snapshot; `claims` are the ids that cells claim and that the snapshot before did not have."""

    notebook: Notebook
    edited: tuple[str, ...] = ()
    structural: bool = False
    claims: tuple[str, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    """A text document that is open and has no place among the cells."""

    language: str
    text: str
    version: int


class _Book:
    """One notebook. Changes work on copies, so that one that fails half way has changed nothing."""

    def __init__(self, opened: DidOpen, version: int) -> None:
        document = opened.notebook_document
        self.in_step = True
        self._loose = {item.uri: _document(item) for item in opened.cell_text_documents}
        cells = tuple(_placed(cell, self._loose) for cell in document.cells)
        self._index = _index(cells)
        self.notebook = Notebook(document.uri, document.notebook_type, version, cells)

    def apply(self, change: CellChanges) -> Arrival | None:
        """The snapshot after the change; None where it changed nothing that a snapshot has."""
        before = self.notebook.cells
        cells, loose, index = before, self._loose, self._index
        edited: dict[str, None] = {}
        if change.structure is not None:
            cells, loose = _restructured(before, loose, change.structure, edited)
            index = _index(cells)
        if change.data or change.text_content:
            updated = list(cells)
            for cell in change.data or ():
                _annotate(updated, index, cell)
            if change.text_content:
                loose = dict(loose) if loose else {}
                for content in change.text_content:
                    _write(updated, index, loose, content, edited)
            cells = tuple(updated)
        self._loose, self._index = loose, index
        if not edited and cells == before:
            return None
        self.notebook = Notebook(self.notebook.uri, self.notebook.type, self.notebook.version + 1, cells)
        structural = change.structure is not None and [cell.uri for cell in cells] != [cell.uri for cell in before]
        touched = change.structure is not None or change.data
        return Arrival(self.notebook, tuple(edited), structural, _new_claims(before, cells) if touched else ())


def _new_claims(before: Iterable[Cell], cells: Iterable[Cell]) -> tuple[str, ...]:
    former = {cell.claim for cell in before}
    found = dict.fromkeys(cell.claim for cell in cells if cell.claim is not None)
    return tuple(claim for claim in found if claim not in former and is_ulid(claim))


class Notebooks:
    """All that are open."""

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}

    def open(self, params: DidOpen) -> Arrival:
        uri = params.notebook_document.uri
        former = self._books.get(uri)
        book = _Book(params, 1 if former is None else former.notebook.version + 1)
        self._books[uri] = book
        return Arrival(book.notebook, structural=True, claims=_new_claims((), book.notebook.cells))

    def change(self, params: DidChange) -> Arrival | None:
        book = self._books.get(params.notebook_document.uri)
        if book is None:
            raise UnknownNotebook(params.notebook_document.uri)
        if not book.in_step or params.change.cells is None:
            return None
        return book.apply(params.change.cells)

    def lose(self, uri: str) -> bool:
        """Mark a notebook out of step; whether it was in step, or not open at all, until now."""
        book = self._books.get(uri)
        if book is None:
            return True
        was, book.in_step = book.in_step, False
        return was

    def close(self, uri: str) -> bool:
        return self._books.pop(uri, None) is not None


def _document(item: TextDocument) -> _Document:
    return _Document(item.language_id, item.text, item.version or 0)


def _placed(cell: WireCell, documents: dict[str, _Document]) -> Cell:
    """The cell with its document, which is no longer without a place."""
    document = documents.pop(cell.document, None)
    if document is None:
        raise OutOfStep(f"the text of the cell {cell.document} was never opened")
    claims = claims_of(cell.metadata)
    return Cell(
        cell.document,
        cell.kind,
        document.language,
        document.text,
        document.version,
        claims.own_id,
        claims.claim,
        claims.flagged,
    )


def _index(cells: tuple[Cell, ...]) -> dict[str, int]:
    index = {cell.uri: number for number, cell in enumerate(cells)}
    if len(index) != len(cells):
        raise OutOfStep("one cell stands in two places")
    return index


def _restructured(
    cells: tuple[Cell, ...], loose: Mapping[str, _Document], change: Structure, edited: dict[str, None]
) -> tuple[tuple[Cell, ...], dict[str, _Document]]:
    """A removed cell's document stays open until it is closed: editors add such a cell again without opening it."""
    start, removed_to = change.array.start, change.array.start + change.array.delete_count
    if removed_to > len(cells):
        raise OutOfStep(f"cells {start} to {removed_to} of {len(cells)} cannot be replaced")
    documents = dict(loose)
    documents.update((cell.uri, _Document(cell.language, cell.text, cell.version)) for cell in cells[start:removed_to])
    for closed in change.did_close or ():
        documents.pop(closed.uri, None)
    documents.update((item.uri, _document(item)) for item in change.did_open or ())
    added = tuple(_placed(cell, documents) for cell in change.array.cells or ())
    placed = cells[:start] + added + cells[removed_to:]
    if change.did_open:
        placed = tuple(_reopened(cell, documents, edited) if cell.uri in documents else cell for cell in placed)
    return placed, documents


def _reopened(cell: Cell, documents: dict[str, _Document], edited: dict[str, None]) -> Cell:
    """A cell that kept its place while its document was opened anew, as after a change of language."""
    document = documents.pop(cell.uri)
    if document.text != cell.text:
        edited[cell.uri] = None
    return msgspec.structs.replace(cell, language=document.language, text=document.text, version=document.version)


def _annotate(cells: list[Cell], index: Mapping[str, int], told: WireCell) -> None:
    """Take over kind and metadata."""
    number = index.get(told.document)
    if number is None:
        raise OutOfStep(f"data of an unknown cell: {told.document}")
    claims = claims_of(told.metadata)
    cells[number] = msgspec.structs.replace(
        cells[number], kind=told.kind, own_id=claims.own_id, claim=claims.claim, flagged=claims.flagged
    )


def _write(
    cells: list[Cell],
    index: Mapping[str, int],
    loose: dict[str, _Document],
    content: TextContent,
    edited: dict[str, None],
) -> None:
    uri = content.document.uri
    number = index.get(uri)
    if number is None:
        document = loose.get(uri)
        if document is None:
            raise OutOfStep(f"text of an unknown cell: {uri}")
        changed = _edited(document.text, content)
        loose[uri] = _Document(document.language, changed, _version(content, document.version))
        return
    cell = cells[number]
    changed = _edited(cell.text, content)
    if changed != cell.text:
        edited[uri] = None
    cells[number] = Cell(
        uri,
        cell.kind,
        cell.language,
        changed,
        _version(content, cell.version),
        cell.own_id,
        cell.claim,
        cell.flagged,
    )


def _edited(before: str, content: TextContent) -> str:
    for change in content.changes:
        before = text.edit(before, change)
    return before


def _version(content: TextContent, former: int) -> int:
    return former + 1 if content.document.version is None else content.document.version
