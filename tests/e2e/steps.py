"""The steps that many tests share, each a line of a story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .audit import ENDS
from .cells import CODE, Cell, md
from .client import eventually
from .editor import Notebook, open_notebook
from .lessons import RESTART
from .model import Answer, Model, answer_with

if TYPE_CHECKING:
    from .client import Client, Json


def command_ghost(notebook: Notebook, cell: Cell, text: str = RESTART[0]) -> Json:
    """Write what was done before under another heading; the ghost with the command."""
    notebook.set_text(cell, text)
    return next(ghost for ghost in notebook.shown() if ghost["kind"] == CODE)


def events_of(client: Client, cell: str) -> list[tuple[str, str | None]]:
    """What the log says of one cell, but for who had the focus: types, and reasons where there are."""
    return [
        (e["type"], e.get("reason"))
        for e in client.all_events()
        if e["cell"] == cell and not e["type"].startswith("SESSION_")
    ]


def ends_of(client: Client, cell: str) -> list[tuple[str, str]]:
    return [(e["type"], e["reason"]) for e in client.all_events() if e["cell"] == cell and e["type"] in ENDS]


def traced(client: Client, identity: str) -> Json:
    """The trace of a suggestion, which may be written a little after what it led to."""

    def find() -> Json | None:
        found: Json | None = client.request("ghostcells/trace", {"id": identity})
        return found

    return eventually(find, f"the trace of {identity}", 5)


def suggested(client: Client, cell: str) -> Json:
    """The event of a suggestion, which may be written a little after the publish."""
    return client.eventually(lambda e: e["type"] == "SUGGESTED" and cell in [ghost["id"] for ghost in e["cells"]])


def end_event(client: Client, cell: str) -> Json:
    """The end of a cell, once it is written."""
    return client.eventually(lambda e: e["cell"] == cell and e["type"] in ENDS)


def ask_model(client: Client, model: Model, *pieces: str, name: str = "assisted.md") -> tuple[Notebook, Cell, Answer]:
    """A notebook whose prose has just been sent to the model, which has said `pieces` and is still talking."""
    answer = model.will_say(*pieces)
    notebook = open_notebook(client, name, md())
    cell = notebook.cells[0]
    notebook.focus(cell)
    notebook.set_text(cell, "Compress the access log of yesterday")
    return notebook, cell, answer


def two_ghosts(client: Client, model: Model) -> tuple[Notebook, list[Json]]:
    """A notebook under whose prose the model suggests an explanation and a command."""
    notebook, _, answer = ask_model(client, model, answer_with("Use gzip, which replaces the file.", "gzip access.log"))
    answer.end()
    ghosts = notebook.shown()
    assert len(ghosts) == 2, ghosts
    return notebook, ghosts
