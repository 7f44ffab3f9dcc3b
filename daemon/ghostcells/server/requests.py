"""The requests that are the engine's to answer: each becomes one input."""

from collections.abc import Callable
from typing import Any

from ghostcells.engine import inputs
from ghostcells.engine.inputs import AnyInput, RequestId
from ghostcells.server import wire
from ghostcells.server.parts import App
from ghostcells.server.wire import decoder

Route = tuple[wire.Decoder, Callable[[App, RequestId, Any], None]]
"""How a request's params are decoded, and what is done with them."""


def _input(make: Callable[[App, RequestId, Any], AnyInput]) -> Callable[[App, RequestId, Any], None]:
    def handle(app: App, request: RequestId, params: Any) -> None:
        app.loop.dispatch(make(app, request, params))

    return handle


def _focus(app: App, request: RequestId, params: wire.FocusParams) -> AnyInput:
    return inputs.FocusMoved(at=app.loop.stamp(), request=request, notebook=params.notebook.uri, cell=params.cell)


def _executed(app: App, request: RequestId, params: wire.ExecutedParams) -> AnyInput:
    return inputs.CellRan(
        at=app.loop.stamp(),
        request=request,
        notebook=params.notebook.uri,
        cell=params.cell,
        success=params.success,
        exit_code=params.exit_code,
        duration_ms=params.duration_ms,
        text=params.text,
        outputs=params.outputs or (),
    )


def _dismiss(app: App, request: RequestId, params: wire.DismissParams) -> AnyInput:
    return inputs.GhostsDismissed(at=app.loop.stamp(), request=request, notebook=params.notebook.uri)


def _suggest(app: App, request: RequestId, params: wire.SuggestParams) -> AnyInput:
    return inputs.SuggestionAsked(at=app.loop.stamp(), request=request, notebook=params.notebook.uri, cell=params.cell)


def _cycle(app: App, request: RequestId, params: wire.CycleParams) -> AnyInput:
    return inputs.CandidateCycled(at=app.loop.stamp(), request=request, notebook=params.notebook.uri, step=params.step)


def _restore(app: App, request: RequestId, params: wire.RestoreParams) -> AnyInput:
    return inputs.AcceptanceUndone(at=app.loop.stamp(), request=request, notebook=params.notebook.uri, id=params.id)


def _withdrawn(app: App, request: RequestId, params: wire.WithdrawnParams) -> AnyInput:
    return inputs.GhostsWithdrawn(
        at=app.loop.stamp(), request=request, notebook=params.notebook.uri, ids=params.ids, reason=params.reason
    )


TO_ENGINE: dict[str, Route] = {
    "ghostcells/focus": (decoder(wire.FocusParams), _input(_focus)),
    "ghostcells/executed": (decoder(wire.ExecutedParams), _input(_executed)),
    "ghostcells/dismiss": (decoder(wire.DismissParams), _input(_dismiss)),
    "ghostcells/suggest": (decoder(wire.SuggestParams), _input(_suggest)),
    "ghostcells/cycle": (decoder(wire.CycleParams), _input(_cycle)),
    "ghostcells/restore": (decoder(wire.RestoreParams), _input(_restore)),
    "ghostcells/withdrawn": (decoder(wire.WithdrawnParams), _input(_withdrawn)),
}
