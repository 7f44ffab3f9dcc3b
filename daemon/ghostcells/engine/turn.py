"""One step in progress: the state being rewritten, the effects so far, the ids that its stamp has given.

The moves that several inputs share are functions of it: what the editor shows (`screen`), how ghosts end (`endings`), sessions,
and computations (`work`). Nothing outlives the step.
"""

from typing import Any

from msgspec.structs import replace

from ghostcells.domain.events import AnyRecord
from ghostcells.domain.notebook import GHOST_LANGUAGE, Cell, Notebook
from ghostcells.domain.replies import Result
from ghostcells.engine import policy
from ghostcells.engine.effects import Append, Effect, Reply
from ghostcells.engine.inputs import Input, RequestId
from ghostcells.engine.state import Core, Known, LiveGhost, NotebookState, State


class Turn:
    """A mutable copy of the state for the length of one step."""

    def __init__(self, state: State, cause: Input) -> None:
        self.before = state
        self.at = cause.at
        self.now = cause.at.time_ms
        self.request: RequestId | None = getattr(cause, "request", None)
        self.effects: list[Effect] = []
        self.session = state.core.session
        self.notebooks = state.core.notebooks
        self.known = state.core.known
        self.tracker = state.core.tracker
        self.documents = state.documents
        self.computations = state.computations
        self.policy = state.policy
        self.reports_focus = state.reports_focus
        self.reports_visibility = state.reports_visibility
        self.trouble = state.trouble
        self._ids = 0
        # Notebooks whose ghosts stopped growing in this step, so that the editor has to hear that they are final.
        self.stopped: set[str] = set()

    def result(self) -> State:
        return State(
            epoch=self.before.epoch,
            policy=self.policy,
            core=Core(self.session, self.notebooks, self.known, self.tracker),
            documents=self.documents,
            computations=self.computations,
            wake_ms=self.before.wake_ms,
            reports_focus=self.reports_focus,
            reports_visibility=self.reports_visibility,
            trouble=self.trouble,
        )

    def new_id(self) -> str:
        self._ids += 1
        return self.at.id(self._ids)

    def update(self, uri: str, **fields: Any) -> NotebookState:
        """Rewrite fields of a notebook's state."""
        changed = replace(self.notebooks[uri], **fields)
        self.notebooks = {**self.notebooks, uri: changed}
        return changed

    def append(self, record: AnyRecord) -> None:
        self.effects.append(Append(record, firm=self.request is not None))

    def reply(self, result: Result) -> None:
        assert self.request is not None
        self.effects.append(Reply(self.request, result))

    def remember(self, known: Known) -> None:
        kept = dict(self.known)
        kept.pop(known.ghost.id, None)
        kept[known.ghost.id] = known
        if len(kept) > policy.KEPT_KNOWN and len(kept) % policy.SWEEP == 0:
            kept = self._still_needed(kept)
        self.known = kept

    def _still_needed(self, known: dict[str, Known]) -> dict[str, Known]:
        """The newest, and those whose cells stand in an open notebook or may be back there in a moment."""
        standing = {cell.claim for document in self.documents.values() for cell in document.cells}
        standing |= {one.cell.claim for state in self.notebooks.values() for one in state.missing}
        newest = set(list(known)[-policy.KEPT_KNOWN :])
        return {cell: one for cell, one in known.items() if cell in newest or cell in standing}

    # What a cell is

    def live(self, uri: str) -> dict[str, LiveGhost]:
        showing = self.notebooks[uri].showing
        return {} if showing is None else {one.ghost.id: one for one in showing.ghosts}

    def is_own(self, uri: str, cell: Cell) -> bool:
        """Whether a cell is the user's: no ghost, no leak."""
        if cell.claim is None:
            return not cell.looks_like_ghost or cell.uri in self.notebooks[uri].adopted
        if cell.claim in self.live(uri):
            return False
        known = self.known.get(cell.claim)
        if known is not None and known.accepted:
            return True
        return not cell.looks_like_ghost or cell.uri in self.notebooks[uri].adopted

    def own_cell(self, uri: str, cell: Cell) -> Cell | None:
        """The cell as context: None for ghosts and leaks; an accepted one in its real language, however the editor lags."""
        if cell.claim is None and not cell.flagged and cell.language != GHOST_LANGUAGE:
            return cell
        if not self.is_own(uri, cell):
            return None
        if cell.language == GHOST_LANGUAGE:
            known = self.known.get(cell.claim or "")
            return replace(cell, language=known.ghost.language_id if known else "")
        return cell

    def own_before(self, notebook: Notebook, index: int) -> list[Cell]:
        """The user's cells before `index`, the nearest `CONTEXT_CELLS` of them."""
        found: list[Cell] = []
        for position in range(index - 1, -1, -1):
            cell = self.own_cell(notebook.uri, notebook.cells[position])
            if cell is not None:
                found.append(cell)
                if len(found) == policy.CONTEXT_CELLS:
                    break
        found.reverse()
        return found

    def own_after(self, notebook: Notebook, index: int, limit: int) -> list[Cell]:
        """The user's next cells from `index` on, at most `limit`."""
        found: list[Cell] = []
        for position in range(index, len(notebook.cells)):
            if len(found) == limit:
                break
            cell = self.own_cell(notebook.uri, notebook.cells[position])
            if cell is not None:
                found.append(cell)
        return found
