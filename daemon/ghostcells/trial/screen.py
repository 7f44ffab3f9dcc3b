"""The terminal notebook: cells to type in, ghosts in grey below, and keys for what an editor does with them.

Whatever gets the focus is reported, and nothing else is: to move into a ghost is to accept it. The daemon's answers come
through `Editor`, whose list of cells this draws.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Static, TextArea

from ghostcells.domain.notebook import CellKind
from ghostcells.trial.client import Client, DaemonEnded, Refused
from ghostcells.trial.editor import Editor, TrialCell
from ghostcells.trial.shell import run
from ghostcells.trial.widgets import CellBox, Input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WELCOME = """\
[b]Type what you want to do[/b], such as: [i]How many orders failed today?[/i]
A suggestion appears below, in grey. [b]↓[/b] takes it, [b]Ctrl-R[/b] runs it: only then.
Should test orders not count? Change it before you run it, to
  [i]grep FAILED orders.log | grep -vc ' test '[/i]
and ask again: now that is what is suggested."""


class TrialApp(App[None]):
    """The notebook; owns its daemon from mount to unmount."""

    TITLE = "ghostcells try"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #cells { padding: 0 1; }
    #welcome { color: $text-muted; padding: 0 1 1 1; }
    CellBox { height: auto; margin: 0 0 1 0; border-left: thick $surface; padding: 0 1; }
    CellBox.prose { border-left: thick $primary; }
    CellBox.code { border-left: thick $success; }
    CellBox.ghost { border-left: thick $surface-lighten-2; }
    Input, Input:focus { height: auto; border: none; padding: 0; background: transparent; }
    Ghost { color: $text-disabled; text-style: italic; height: auto; }
    .label { color: $text-disabled; height: auto; }
    .output { color: $text-muted; height: auto; max-height: 12; }
    .failed { color: $error; }
    #status { height: auto; max-height: 3; padding: 0 1; background: $panel; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "run", "run", priority=True),
        Binding("escape", "dismiss", "no, thanks", priority=True),
        Binding("ctrl+n", "cycle", "another", priority=True),
        Binding("ctrl+g", "suggest", "suggest", priority=True),
        Binding("ctrl+o", "own", "write my own", priority=True),
        Binding("ctrl+q", "quit", "quit", priority=True),
    ]

    def __init__(
        self, command: "Sequence[str]", folder: Path, heading: str, settings: "Mapping[str, Any] | None" = None
    ) -> None:
        super().__init__()
        self._command = command
        self._folder = folder
        self._heading = heading
        self._settings = settings or {}
        self._drawing = False
        self._status = Static("starting …", id="status", markup=False)
        self._editor: Editor | None = None

    @property
    def editor(self) -> Editor:
        assert self._editor is not None
        return self._editor

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="cells", can_focus=False):
            yield Static(_WELCOME, id="welcome")
        yield self._status
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        client = await Client.start(self._command)
        self._editor = Editor(client, (self._folder / "demo.md").as_uri(), changed=self._soon)
        client.notified = self._editor.notified
        try:
            await client.initialize({"settings": self._settings})
        except DaemonEnded as error:
            self.exit(return_code=1, message=str(error))
            return
        self.editor.open(self._heading)
        await self._offer()

    async def on_unmount(self) -> None:
        if self._editor is not None:
            self._editor.changed = lambda: None
            await self._editor.client.close()

    def _soon(self) -> None:
        """Draw once, however much has changed by then."""
        if not self._drawing:
            self._drawing = True
            self.call_later(self._draw)

    async def _draw(self) -> None:
        """Show the editor's cells. A box that takes another's place takes its focus first, so that none is lost between."""
        self._drawing = False
        if not self.is_running or not self.query("#cells"):
            return
        cells = self.query_one("#cells")
        boxes = {box.cell.uri: box for box in cells.query(CellBox)}
        stale = [box for box in boxes.values() if box.cell not in self.editor.cells or not box.looks_right]
        above: Any = self.query_one("#welcome")
        for cell in self.editor.cells:
            box = boxes.get(cell.uri)
            if box is None or box in stale:
                fresh = CellBox(cell)
                await cells.mount(fresh, after=above)
                if box is not None and box.has_focus_within:
                    fresh.focus_text()
                box = fresh
            box.renew()
            above = box
        for box in stale:
            await box.remove()
        self._tell_status()

    def _tell_status(self) -> None:
        editor = self.editor
        status = editor.status
        parts = [str(status.get("state", "ready"))]
        if status.get("provider", "none") == "none":
            parts.append("suggestions from memory")
        else:
            parts.append(f"suggestions from memory and {status.get('model') or status['provider']}")
        index, count = editor.candidates
        if editor.ghosts and count > 1:
            parts.append(f"{index + 1} of {count}")
        parts += [str(status["message"])] if status.get("message") else []
        parts += [message for message in editor.messages[-1:] if message not in parts]
        self._status.update(" · ".join(parts))

    def _box(self, cell: TrialCell) -> CellBox:
        return next(box for box in self.query(CellBox) if box.cell is cell)

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        for box in event.text_area.ancestors:
            if isinstance(box, CellBox):
                self.editor.write(box.cell, event.text_area.text)

    async def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        box = next((one for one in event.widget.ancestors if isinstance(one, CellBox)), None)
        if box is None or self._editor is None or self.editor.focused is box.cell:
            return
        try:
            await self.editor.focus(box.cell)
        except (DaemonEnded, Refused) as error:
            self._complain(error)
        self._soon()

    @on(Input.Left)
    def _left(self, event: Input.Left) -> None:
        editor = self.editor
        if editor.focused not in editor.cells:
            return
        at = editor.cells.index(editor.focused) + event.step
        if 0 <= at < len(editor.cells):
            self._box(editor.cells[at]).focus_text()

    async def action_run(self) -> None:
        """Run the focused cell as it stands there, then offer an empty one below."""
        cell = self.editor.focused
        if cell is not None and not cell.is_ghost:
            self.editor.write(cell, self._box(cell).query_one(Input).text)
        if cell is None or cell.is_ghost or cell.kind is not CellKind.CODE or not cell.text.strip():
            self._status.update("only a command can be run: ↓ takes the suggestion, Ctrl-O lets you write your own")
            return
        self._status.update("running …")
        ran = await run(cell.text, self._folder)
        try:
            await self.editor.executed(cell, output=ran.output, exit_code=ran.exit_code, duration_ms=ran.duration_ms)
        except (DaemonEnded, Refused) as error:
            self._complain(error)
        if [one for one in self.editor.cells if not one.is_ghost][-1] is cell:
            await self._offer()
        self._soon()

    async def action_own(self) -> None:
        """An empty cell of code below the focused one, for a command that nothing suggests: it is learned like any other."""
        focused = self.editor.focused
        if focused is None or focused.is_ghost or focused not in self.editor.cells:
            focused = [cell for cell in self.editor.cells if not cell.is_ghost][-1]
        await self._begin(self.editor.add(CellKind.CODE, focused))

    async def _offer(self) -> None:
        """An empty cell of prose at the end. Its session is open before anybody can type: a text without one is nothing."""
        await self._begin(self.editor.add(CellKind.MARKUP))

    async def _begin(self, cell: TrialCell) -> None:
        await self._ask(self.editor.focus(cell))
        await self._draw()
        self._box(cell).focus_text()

    async def action_dismiss(self) -> None:
        await self._ask(self.editor.dismiss())

    async def action_cycle(self) -> None:
        await self._ask(self.editor.cycle(1))

    async def action_suggest(self) -> None:
        await self._ask(self.editor.suggest())

    async def _ask(self, question: Any) -> None:
        try:
            await question
        except (DaemonEnded, Refused) as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if isinstance(error, DaemonEnded):
            self.exit(return_code=1, message=str(error))
        self.editor.messages.append(str(error))
        self._tell_status()
