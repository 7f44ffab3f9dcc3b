"""A notebook as an editor keeps it: cells, the focus, and the ghosts that the daemon publishes.

Does what the protocol asks of an editor: reports facts in order, draws exactly what was published, decides nothing. How it
looks is left to `screen`, who presses the keys to `screen` or `play`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.client import Client

LANGUAGE = "shellscript"


@dataclass
class TrialCell:
    """A cell on the screen. `ghost` is what was published of it while it is only suggested."""

    uri: str
    kind: CellKind
    language: str
    text: str = ""
    version: int = 1
    id: str | None = None
    ghost: dict[str, Any] | None = None
    output: str = ""
    succeeded: bool | None = None

    @property
    def is_ghost(self) -> bool:
        return self.ghost is not None

    def wire(self) -> dict[str, Any]:
        """The cell as LSP's NotebookCell."""
        ours = {"id": self.id, "ghost": True} if self.is_ghost else {"id": self.id}
        return {"kind": int(self.kind), "document": self.uri, "metadata": {"ghostcells": ours} if self.id else {}}

    def document(self) -> dict[str, Any]:
        """The cell's text as LSP's TextDocumentItem."""
        return {"uri": self.uri, "languageId": self.language, "version": self.version, "text": self.text}


@dataclass
class Editor:
    """One open notebook. `changed` is called when something is to be drawn anew."""

    client: Client
    uri: str
    changed: Callable[[], None] = lambda: None
    cells: list[TrialCell] = field(default_factory=list)
    focused: TrialCell | None = None
    candidates: tuple[int, int] = (0, 0)
    status: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    _applied: tuple[str, int] = ("", -1)
    _made: int = 0
    _version: int = 1

    @property
    def ghosts(self) -> list[TrialCell]:
        return [cell for cell in self.cells if cell.is_ghost]

    def open(self, *prose: str) -> None:
        """Open the notebook with cells of prose."""
        self.cells = [self._new(CellKind.MARKUP, "markdown", text) for text in prose]
        notebook = {
            "uri": self.uri,
            "notebookType": "runme",
            "version": self._version,
            "cells": [cell.wire() for cell in self.cells],
        }
        documents = [cell.document() for cell in self.cells]
        self.client.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": documents})

    def close(self) -> None:
        documents = [{"uri": cell.uri} for cell in self.cells]
        self.client.notify(
            "notebookDocument/didClose", {"notebookDocument": {"uri": self.uri}, "cellTextDocuments": documents}
        )

    def notified(self, method: str, params: dict[str, Any]) -> None:
        """A notification of the daemon."""
        if method == "ghostcells/publishGhosts":
            self._apply(params)
        elif method == "ghostcells/status":
            self.status = params
            self.changed()
        elif method in ("window/showMessage", "window/logMessage"):
            if method == "window/showMessage":
                self.messages.append(str(params.get("message", "")))
            self.changed()

    def add(self, kind: CellKind, after: TrialCell | None = None) -> TrialCell:
        """A new empty cell of the user's, at the end or below another."""
        cell = self._new(kind, "markdown" if kind is CellKind.MARKUP else LANGUAGE, "")
        at = len(self.cells) if after is None else self.cells.index(after) + 1
        self._splice(at, 0, [cell])
        return cell

    def write(self, cell: TrialCell, text: str) -> None:
        """The user's edit: the cell's text is now this."""
        if text == cell.text or cell.is_ghost:
            return
        cell.text = text
        cell.version += 1
        document = {"uri": cell.uri, "version": cell.version}
        self._change({"cells": {"textContent": [{"document": document, "changes": [{"text": text}]}]}})

    async def focus(self, cell: TrialCell | None) -> list[str]:
        """The user's move; on a ghost it accepts. Returns the ids that were accepted."""
        target = None if cell is None else cell.uri
        self.focused = cell
        result = await self._ask("focus", cell=target)
        accepted: list[str] = result["accepted"]
        if cell is not None and cell.id in accepted and cell.is_ghost:
            self._accept(cell)
        return accepted

    async def dismiss(self) -> list[str]:
        rejected: list[str] = (await self._ask("dismiss"))["rejected"]
        return rejected

    async def cycle(self, step: int) -> tuple[int, int]:
        result = await self._ask("cycle", step=step)
        return result["index"], result["count"]

    async def suggest(self) -> None:
        if self.focused is not None:
            await self._ask("suggest", cell=self.focused.uri)

    async def executed(self, cell: TrialCell, *, output: str, exit_code: int, duration_ms: int) -> str:
        """Tell what a run gave; returns the id of the event."""
        cell.output, cell.succeeded = output, exit_code == 0
        result = await self._ask(
            "executed",
            cell=cell.uri,
            success=cell.succeeded,
            exitCode=exit_code,
            durationMs=duration_ms,
            outputs=[{"mime": "text/plain", "text": output}] if output else [],
        )
        self.changed()
        return str(result["event"])

    async def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        result: dict[str, Any] = await self.client.request(
            f"ghostcells/{method}", {"notebook": {"uri": self.uri}, **params}
        )
        return result

    def _accept(self, cell: TrialCell) -> None:
        """A ghost is a cell like any other from now on; it keeps its id."""
        cell.ghost = None
        self._change({"cells": {"data": [cell.wire()]}})
        self.changed()

    def _apply(self, publish: Mapping[str, Any]) -> None:
        """Make the notebook show exactly what was published, in as few changes as that takes."""
        epoch, revision = publish["epoch"], publish["revision"]
        if publish["notebook"]["uri"] != self.uri or (self._applied[0] == epoch and revision <= self._applied[1]):
            return
        self._applied = (epoch, revision)
        self.candidates = (publish["candidates"]["index"], publish["candidates"]["count"])
        for cell in self.ghosts:
            if cell.id in publish["accepted"]:
                self._accept(cell)
        wanted = publish["ghosts"]
        if [cell.id for cell in self.ghosts] == [ghost["id"] for ghost in wanted] and self._in_place(publish["after"]):
            self._grow(wanted)
        else:
            self._replace(publish["after"], wanted)
        self.changed()

    def _in_place(self, after: str | None) -> bool:
        """Whether the ghosts that show follow the right cell."""
        at = self._position(after)
        count = len(self.ghosts)
        return all(cell.is_ghost for cell in self.cells[at : at + count])

    def _grow(self, wanted: list[dict[str, Any]]) -> None:
        for cell, ghost in zip(self.ghosts, wanted, strict=True):
            cell.ghost = ghost
            if ghost["text"] != cell.text:
                cell.text = ghost["text"]
                cell.version += 1
                document = {"uri": cell.uri, "version": cell.version}
                self._change({"cells": {"textContent": [{"document": document, "changes": [{"text": cell.text}]}]}})

    def _replace(self, after: str | None, wanted: list[dict[str, Any]]) -> None:
        for cell in self.ghosts:
            self._splice(self.cells.index(cell), 1, [])
        shown = []
        for ghost in wanted:
            cell = self._new(CellKind(ghost["kind"]), ghost["languageId"], ghost["text"])
            cell.id, cell.ghost = ghost["id"], ghost
            shown.append(cell)
        if shown:
            self._splice(self._position(after), 0, shown)

    def _position(self, after: str | None) -> int:
        return next((at + 1 for at, cell in enumerate(self.cells) if cell.uri == after), 0)

    def _splice(self, start: int, removed: int, added: list[TrialCell]) -> None:
        gone = self.cells[start : start + removed]
        self.cells[start : start + removed] = added
        structure = {
            "array": {"start": start, "deleteCount": removed, "cells": [cell.wire() for cell in added]},
            "didOpen": [cell.document() for cell in added],
            "didClose": [{"uri": cell.uri} for cell in gone],
        }
        self._change({"cells": {"structure": structure}})

    def _change(self, change: dict[str, Any]) -> None:
        self._version += 1
        notebook = {"uri": self.uri, "version": self._version}
        self.client.notify("notebookDocument/didChange", {"notebookDocument": notebook, "change": change})

    def _new(self, kind: CellKind, language: str, text: str) -> TrialCell:
        self._made += 1
        return TrialCell(f"{self.uri}#cell-{self._made}", kind, language, text)
