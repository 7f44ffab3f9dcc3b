"""What a cell looks like in the terminal: text to type in, or a ghost in grey, and what its last run printed."""

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static, TextArea

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.editor import TrialCell


class Input(TextArea):
    """A cell's text; leaving it at its first or last line moves to the next cell."""

    class Left(Message):
        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def on_key(self, event: events.Key) -> None:
        row = self.cursor_location[0]
        leaves = {"down": row == self.document.line_count - 1, "up": row == 0}
        if leaves.get(event.key):
            event.prevent_default()
            event.stop()
            self.post_message(self.Left(1 if event.key == "down" else -1))


class Ghost(Static, can_focus=True):
    """A suggestion; it takes the focus by keys or mouse, and that is its acceptance."""


class CellBox(Vertical):
    """One cell: its text, or the ghost, and what its last run printed."""

    def __init__(self, cell: TrialCell) -> None:
        super().__init__(classes=self.look_of(cell))
        self.cell = cell

    @property
    def looks_right(self) -> bool:
        """Whether it still looks like what the cell is: a ghost that was accepted does not."""
        return self.has_class(self.look_of(self.cell))

    @staticmethod
    def look_of(cell: TrialCell) -> str:
        return "ghost" if cell.is_ghost else "prose" if cell.kind is CellKind.MARKUP else "code"

    def compose(self) -> ComposeResult:
        if self.cell.is_ghost:
            yield Ghost(self.cell.text, markup=False, classes="text")
            yield Static(self._label(), markup=False, classes="label")
            return
        text = Input(self.cell.text, classes="text")
        text.highlight_cursor_line = False
        yield text
        yield Static(self._output(), markup=False, classes="output")

    def renew(self) -> None:
        """Draw what may have changed without anybody typing."""
        if self.cell.is_ghost:
            self.query_one(Ghost).update(self.cell.text)
            self.query_one(".label", Static).update(self._label())
        else:
            output = self.query_one(".output", Static)
            output.update(self._output())
            output.display = self.cell.succeeded is not None
            output.set_class(self.cell.succeeded is False, "failed")

    def focus_text(self) -> None:
        """Now: a widget's own `focus` comes after the keys that were pressed meanwhile, which would go to another cell."""
        self.screen.set_focus(self.query_one(".text"))

    def _label(self) -> str:
        ghost: dict[str, Any] = self.cell.ghost or {}
        confidence = ghost.get("confidence")
        parts = ["↓ takes it"]
        if confidence is not None:
            parts.append(f"{confidence:.0%} likely to be run")
        parts += [ghost["label"]] if ghost.get("label") else []
        return " · ".join([*parts, *(warning["message"] for warning in ghost.get("warnings", ()))])

    def _output(self) -> str:
        return self.cell.output.rstrip("\n") or ("(no output)" if self.cell.succeeded else "")
