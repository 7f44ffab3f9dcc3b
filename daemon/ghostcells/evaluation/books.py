"""Documents: Markdown and Jupyter files below a directory, or JSON Lines of documents as cells. Read from top to bottom."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.evaluation.files import digest, lines_of
from ghostcells.evaluation.items import Moment
from ghostcells.evaluation.stream import HOUR_MS, START_MS, Writing, written
from ghostcells.reading.files import find, read
from ghostcells.reading.languages import RUNNABLE
from ghostcells.reading.runbook import Unreadable


class Notebooks:
    """Files, in the order of their paths; the folder they are in is their repository."""

    ordered = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.problems: list[str] = []

    def fingerprint(self) -> str:
        found = hashlib.blake2b(digest_size=10)
        for path in find([self.path])[0]:
            found.update(f"{path}\0{digest(path)}\0".encode())
        return found.hexdigest()

    def moments(self) -> Iterator[Moment]:
        root = self.path if self.path.is_dir() else self.path.parent
        for number, path in enumerate(find([self.path])[0]):
            try:
                book = read(path)
            except Unreadable as error:
                self.problems.append(str(error))
                continue
            place = path.relative_to(root.absolute())
            repo = place.parts[0] if len(place.parts) > 1 else self.name
            writing = Writing(self.name, repo, str(place), book.uri, number=number)
            cells = ((cell, cell.kind is CellKind.CODE and cell.language in RUNNABLE) for cell in book.cells)
            yield from written(writing, cells, book.outputs, START_MS + number * HOUR_MS)


class _Cell(msgspec.Struct, frozen=True):
    kind: str
    text: str
    lang: str = ""
    exec: bool = False
    output: str = ""


class _Document(msgspec.Struct, frozen=True):
    id: str
    repo: str
    cells: tuple[_Cell, ...]


class Documents:
    """JSON Lines with `id`, `repo` and `cells`."""

    ordered = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def fingerprint(self) -> str:
        return digest(self.path)

    def moments(self) -> Iterator[Moment]:
        for number, one in enumerate(lines_of(self.path, _Document)):
            uri = f"file:///home/user/{one.repo}/{one.id}.md"
            outputs = {f"{uri}#{at}": cell.output for at, cell in enumerate(one.cells) if cell.output}
            cells = ((_as_cell(f"{uri}#{at}", cell), cell.exec) for at, cell in enumerate(one.cells))
            writing = Writing(self.name, one.repo, one.id, uri, number=number)
            yield from written(writing, cells, outputs, START_MS + number * HOUR_MS)


def _as_cell(uri: str, cell: _Cell) -> Cell:
    kind = CellKind.MARKUP if cell.kind == "markup" else CellKind.CODE
    return Cell(uri, kind, cell.lang or "markdown", cell.text)
