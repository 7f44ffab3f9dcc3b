"""A notebook as the editor last told it: immutable cells in order.

Which cells are ghosts is the engine's knowledge; `claim` and `flagged` only repeat what the cell's metadata says.
"""

from enum import IntEnum

import msgspec

GHOST_LANGUAGE = "ghostcell"
"""The language that an editor may give a ghost, which no kernel runs."""


class CellKind(IntEnum):
    """LSP's NotebookCellKind."""

    MARKUP = 1
    CODE = 2


class Output(msgspec.Struct, frozen=True):
    mime: str
    text: str


class Cell(msgspec.Struct, frozen=True):
    """One cell; `uri` is the address of its text document.

    `own_id` is the id in the file (`metadata.ghostcells.id`, else `metadata.id`, else `metadata["runme.dev/id"]`);
    `claim` is `metadata.ghostcells.id` alone, and `flagged` whether the metadata calls it a ghost.
    """

    uri: str
    kind: CellKind
    language: str
    text: str
    version: int = 0
    own_id: str | None = None
    claim: str | None = None
    flagged: bool = False

    @property
    def identity(self) -> str:
        """The id that events name the cell by: the file's, else its address."""
        return self.own_id or self.uri

    @property
    def looks_like_ghost(self) -> bool:
        """Whether the editor or a file presents it as a ghost, rightly or not."""
        return self.flagged or self.language == GHOST_LANGUAGE


class Notebook(msgspec.Struct, frozen=True):
    """A snapshot; `version` counts arrivals, since the editor's own numbers repeat and gap."""

    uri: str
    type: str
    version: int
    cells: tuple[Cell, ...]

    def index_of(self, cell_uri: str) -> int | None:
        for index, cell in enumerate(self.cells):
            if cell.uri == cell_uri:
                return index
        return None

    def cell(self, cell_uri: str) -> Cell | None:
        index = self.index_of(cell_uri)
        return None if index is None else self.cells[index]
