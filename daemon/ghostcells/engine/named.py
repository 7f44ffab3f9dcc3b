"""What a request names: the notebook and the cell, or the error that says what is not there."""

from ghostcells.domain.errors import InvalidParams, RequestFailed
from ghostcells.domain.notebook import Cell, Notebook
from ghostcells.engine.turn import Turn


def notebook_of(turn: Turn, uri: str) -> Notebook:
    if uri not in turn.notebooks:
        raise InvalidParams(f"notebook.uri: no notebook {uri!r} is open")
    if turn.notebooks[uri].out_of_step:
        raise RequestFailed(f"{uri} is out of step with the editor: close and open it", "out-of-step")
    return turn.documents[uri]


def cell_of(document: Notebook, uri: str) -> Cell:
    cell = document.cell(uri)
    if cell is None:
        raise InvalidParams(f"cell: {document.uri} has no cell {uri!r}")
    return cell
