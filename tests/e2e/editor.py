"""An editor without a screen: notebooks kept in step with the daemon, ghosts drawn as a publish says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .cells import Cell, ghost_cell, number, position
from .client import TIMEOUT, Client, Json

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False)
class Notebook:
    client: Client
    uri: str
    cells: list[Cell]
    type: str = "runme"
    version: int = 1
    applied: tuple[str, int] | None = None  # epoch and revision of the last publish drawn; survives closing

    # -- synchronisation

    def _adopt(self, *cells: Cell) -> None:
        for cell in cells:
            if not cell.uri:
                cell.uri = f"vscode-notebook-cell{self.uri.removeprefix('file')}#W{number()}sZmlsZQ%3D%3D"

    def open(self) -> Notebook:
        self._adopt(*self.cells)
        self.client.opened[self.uri] = self.client.opened.get(self.uri, 0) + 1
        self.client.still_open.add(self.uri)
        self.client.notify(
            "notebookDocument/didOpen",
            {
                "notebookDocument": {
                    "uri": self.uri,
                    "notebookType": self.type,
                    "version": self.version,
                    "cells": [cell.as_cell() for cell in self.cells],
                },
                "cellTextDocuments": [cell.as_document() for cell in self.cells],
            },
        )
        return self

    def close(self) -> None:
        self.client.still_open.discard(self.uri)
        self.client.notify(
            "notebookDocument/didClose",
            {"notebookDocument": {"uri": self.uri}, "cellTextDocuments": [{"uri": cell.uri} for cell in self.cells]},
        )

    def save(self) -> None:
        self.client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": self.uri}})

    def change(self, **cells: Any) -> None:
        """A didChange with this `change.cells`, whatever it holds."""
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.client.notify("notebookDocument/didChange", {"notebookDocument": document, "change": {"cells": cells}})

    def splice(self, start: int, delete: int, *cells: Cell, kept: tuple[Cell, ...] = ()) -> None:
        """Replace a range of cells; those in `kept` move, so their documents neither close nor open."""
        self._adopt(*cells)
        removed = self.cells[start : start + delete]
        self.cells[start : start + delete] = cells
        structure: Json = {"array": {"start": start, "deleteCount": delete, "cells": [c.as_cell() for c in cells]}}
        structure["didOpen"] = [c.as_document() for c in cells if c not in kept]
        structure["didClose"] = [{"uri": c.uri} for c in removed if c not in kept]
        self.change(structure=structure)

    def insert(self, index: int, *cells: Cell) -> None:
        self.splice(index, 0, *cells)

    def insert_after(self, anchor: Cell, *cells: Cell) -> None:
        self.insert(self.cells.index(anchor) + 1, *cells)

    def delete(self, cell: Cell) -> None:
        self.splice(self.cells.index(cell), 1)

    def move(self, cell: Cell, index: int) -> None:
        """As VS Code reports a move: one range replaced by the same cells in another order."""
        old = self.cells.index(cell)
        low, high = min(old, index), max(old, index)
        order = [c for c in self.cells if c is not cell]
        order.insert(index, cell)
        moved = tuple(order[low : high + 1])
        self.splice(low, high - low + 1, *moved, kept=moved)

    def edit(self, cell: Cell, start: int, end: int, text: str) -> None:
        """Replace the characters from start to end of a cell, as one incremental change."""
        span = {"start": position(cell.text, start), "end": position(cell.text, end)}
        cell.text = cell.text[:start] + text + cell.text[end:]
        cell.version += 1
        document = {"uri": cell.uri, "version": cell.version}
        self.change(textContent=[{"document": document, "changes": [{"range": span, "text": text}]}])

    def type_text(self, cell: Cell, text: str) -> None:
        """One change a key, at the end of the cell."""
        for key in text:
            self.edit(cell, len(cell.text), len(cell.text), key)

    def set_text(self, cell: Cell, text: str) -> None:
        self.edit(cell, 0, len(cell.text), text)

    def set_metadata(self, cell: Cell, metadata: Json) -> None:
        cell.metadata = metadata
        self.change(data=[cell.as_cell()])

    def change_language(self, cell: Cell, language: str) -> None:
        """As editors do it: the cell leaves, and a later change adds it again under the same URI."""
        index = self.cells.index(cell)
        self.delete(cell)
        cell.language = language
        cell.version = 1
        self.insert(index, cell)

    # -- the methods of the page

    def ask(self, method: str, **params: Any) -> Any:
        return self.client.request(f"ghostcells/{method}", {"notebook": {"uri": self.uri}, **params})

    def focus(self, cell: Cell | None) -> Json:
        result: Json = self.ask("focus", cell=cell.uri if cell else None)
        assert set(result) >= {"session", "accepted", "rejected"}, result
        return result

    def executed(self, cell: Cell, *, success: bool = True, **more: Any) -> Json:
        result: Json = self.ask("executed", cell=cell.uri, success=success, **more)
        return result

    def dismiss(self) -> list[str]:
        rejected: list[str] = self.ask("dismiss")["rejected"]
        return rejected

    def suggest(self, cell: Cell) -> str:
        session: str = self.ask("suggest", cell=cell.uri)["session"]
        return session

    def cycle(self, step: int) -> Json:
        result: Json = self.ask("cycle", step=step)
        return result

    def restore(self, identity: str) -> bool:
        self.client.restored.append((len(self.client.received), identity))
        restored: bool = self.ask("restore", id=identity)["restored"]
        return restored

    def withdrawn(self, *ids: str, reason: str) -> None:
        assert self.ask("withdrawn", ids=list(ids), reason=reason) == {}

    def visible(self, *ids: str, form: str = "cell") -> None:
        self.client.notify("ghostcells/visible", {"notebook": {"uri": self.uri}, "ids": list(ids), "form": form})

    # -- drawing

    @property
    def ghosts(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_ghost]

    def cell_of(self, identity: str) -> Cell:
        return next(cell for cell in self.cells if cell.id == identity)

    def pull(self, timeout: float = TIMEOUT, *, draw: bool = True) -> Json:
        """The next publish for this notebook, drawn."""
        publish = self.client.take(
            "ghostcells/publishGhosts", lambda params: params["notebook"]["uri"] == self.uri, timeout
        )
        if draw:
            self.draw(publish)
        return publish

    def until(self, fits: Callable[[Json], bool], timeout: float = TIMEOUT, *, draw: bool = True) -> Json:
        """Draw publish after publish, up to the first that fits."""
        while not fits(publish := self.pull(timeout, draw=draw)):
            pass
        return publish

    def shown(self, timeout: float = TIMEOUT, *, draw: bool = True) -> list[Json]:
        """The ghosts of the next complete suggestion."""
        publish = self.until(lambda p: bool(p["final"] and p["ghosts"]), timeout, draw=draw)
        ghosts: list[Json] = publish["ghosts"]
        return ghosts

    def pending(self) -> list[Json]:
        """The publishes for this notebook that have arrived and were not looked at."""
        mine = [
            entry
            for entry in self.client.received
            if entry.method == "ghostcells/publishGhosts"
            and not entry.read
            and entry.params["notebook"]["uri"] == self.uri
        ]
        return [entry.params for entry in mine]

    def settle(self) -> list[Json]:
        """Draw all that the daemon has sent up to an answer of now."""
        self.client.ping()
        return [self.pull() for _ in self.pending()]

    def draw(self, publish: Json) -> None:
        stamp = (publish["epoch"], publish["revision"])
        if self.applied and self.applied[0] == stamp[0] and stamp[1] <= self.applied[1]:
            return
        self.applied = stamp
        wanted = {ghost["id"]: ghost for ghost in publish["ghosts"]}
        for identity in publish["accepted"]:
            for cell in [c for c in self.ghosts if c.id == identity]:
                self.set_metadata(cell, {**cell.metadata, "ghostcells": {"id": identity, "ghost": False}})
        for cell in [c for c in self.ghosts if c.id not in wanted]:
            self.delete(cell)
        place = 0 if publish["after"] is None else self._index(publish["after"]) + 1
        for ghost in publish["ghosts"]:
            place = self._draw_ghost(ghost, place)

    def _index(self, uri: str) -> int:
        return next(index for index, cell in enumerate(self.cells) if cell.uri == uri)

    def _draw_ghost(self, ghost: Json, place: int) -> int:
        for cell in self.ghosts:
            if cell.id == ghost["id"]:
                if cell.text != ghost["text"]:
                    self.set_text(cell, ghost["text"])
                return self.cells.index(cell) + 1
        self.insert(place, ghost_cell(ghost))
        return place + 1

    def accept(self, identity: str) -> Json:
        """Move onto a ghost, and then make it an ordinary cell as editors do."""
        cell = self.cell_of(identity)
        result = self.focus(cell)
        cell.metadata = {**cell.metadata, "ghostcells": {"id": identity, "ghost": False}}
        if cell.language == "ghostcell":
            self.change_language(cell, "shellscript")
        else:
            self.change(data=[cell.as_cell()])
        return result


def open_notebook(client: Client, name: str, *cells: Cell, notebook_type: str = "runme") -> Notebook:
    return Notebook(client, f"file:///runbooks/{name}", list(cells), notebook_type).open()
