"""One method each: decode, dispatch, encode. What is wrong with a notebook or a cell is for the engine to say."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ghostcells.domain.errors import InvalidParams, RequestError, RequestFailed
from ghostcells.domain.ghosts import Origin
from ghostcells.engine import inputs
from ghostcells.engine.inputs import RequestId
from ghostcells.runtime.tasks import Tasks
from ghostcells.server import wire
from ghostcells.server.client import INTERNAL_ERROR, EditorClient
from ghostcells.server.envelope import INVALID_REQUEST, METHOD_NOT_FOUND, REQUEST_CANCELLED
from ghostcells.server.notebooks import Arrival, Notebooks, OutOfStep, UnknownNotebook
from ghostcells.server.parts import App
from ghostcells.server.requests import TO_ENGINE, Route
from ghostcells.server.wire import decoder

logger = logging.getLogger(__name__)

EVENTS_LIMIT = 1000
SESSIONS_LIMIT = 100
CLOSE_SECONDS = 0.2
_TYPING = "notebookDocument/didChange"

_address = msgspec.json.Decoder(wire.OfNotebookDocument)


class Handlers:
    """`app` may be missing: if it could not be built, every request is refused with `unavailable`."""

    def __init__(self, client: EditorClient, app: App | None, unavailable: str = "") -> None:
        self._client = client
        self._app = app
        self._unavailable = unavailable
        self._notebooks = Notebooks()
        self._queries = Tasks()
        # The last change of a text, which the next one to the same notebook takes in: see `settle`.
        self._typed: Arrival | None = None
        self._unknown: set[str] = set()
        self._requests = self._request_table()
        self._notifications = self._notification_table()

    def _request_table(self) -> dict[str, Route]:
        return {
            **TO_ENGINE,
            "ghostcells/events": (decoder(wire.EventsParams), self._query(_events)),
            "ghostcells/cellLog": (decoder(wire.CellLogParams), self._query(_cell_log)),
            "ghostcells/trace": (decoder(wire.TraceParams), self._query(_trace)),
            "ghostcells/sessions": (decoder(wire.SessionsParams), self._query(_sessions)),
            "ghostcells/stats": (decoder(wire.StatsParams), self._query(_stats)),
            "ghostcells/learnPreview": (decoder(wire.LearnPreviewParams), self._query(_learn_preview)),
            "ghostcells/learn": (decoder(wire.LearnParams), self._query(_learn)),
        }

    def _notification_table(self) -> dict[str, tuple[wire.Decoder, Callable[[App, Any], None]]]:
        return {
            "notebookDocument/didChange": (decoder(wire.DidChange), self._did_change),
            "notebookDocument/didOpen": (decoder(wire.DidOpen), self._did_open),
            "notebookDocument/didClose": (decoder(wire.OfNotebookDocument), self._did_close),
            "ghostcells/visible": (decoder(wire.VisibleParams), _visible),
            "workspace/didChangeConfiguration": (decoder(wire.ConfigurationParams), _settings),
        }

    def over(self) -> None:
        """All that has arrived at once is handled."""
        self.settle()
        if self._app is not None:
            self._app.loop.flush()

    def settle(self) -> None:
        """Dispatch what was typed: to be called when all that has arrived at once is handled.

        Of keys that arrive together only the text that they lead to matters, so that a flood of them costs one step.
        """
        typed, self._typed = self._typed, None
        if typed is None or self._app is None:
            return
        try:
            self._changed(self._app, typed)
        except Exception:
            logger.exception("What was typed could not be handled")
            self._out_of_step(self._app, typed.notebook.uri, "a change could not be handled")

    def request(self, method: str, request: RequestId, params: msgspec.Raw) -> None:
        """Answer a request, now or later, exactly once."""
        self.settle()
        if not self._client.expect(request):
            self._client.reject(request, INVALID_REQUEST, "a request with this id is not answered yet")
            return
        route = self._requests.get(method)
        if route is None:
            self._client.refuse(request, METHOD_NOT_FOUND, f"no such method: {method}", None)
            return
        try:
            wanted, handle = route
            decoded = wire.decode(wanted, params)
            handle(self._available(), request, decoded)
        except RequestError as error:
            self._client.refuse(request, error.code, str(error), error.data)
        except Exception:
            logger.exception("A request failed: %s", method)
            self._client.refuse(request, INTERNAL_ERROR, f"internal error in {method}; the log has the details", None)

    def _available(self) -> App:
        if self._app is None:
            raise RequestFailed(self._unavailable, "unavailable")
        return self._app

    def notify(self, method: str, params: msgspec.Raw) -> None:
        """Take in a notification; what is not known is ignored, as LSP has it."""
        route = self._notifications.get(method)
        if route is None or self._app is None:
            return
        wanted, handle = route
        if method != _TYPING:
            self.settle()
        try:
            handle(self._app, wire.decode(wanted, params))
        except InvalidParams as error:
            logger.warning("A notification cannot be decoded: %s: %s", method, error)
            if method in {"notebookDocument/didChange", "notebookDocument/didOpen"}:
                self._undecodable(self._app, params)
        except Exception:
            logger.exception("A notification failed: %s", method)
            if method.startswith("notebookDocument/"):
                self._undecodable(self._app, params)

    def cancel(self, params: msgspec.Raw) -> None:
        """Cancel a query that runs; what the engine was asked is not taken back."""
        try:
            request: RequestId = wire.decode(_cancel, params).id
        except InvalidParams:
            return
        if self._queries.cancel(_query_name(request)):
            self._client.refuse(request, REQUEST_CANCELLED, "cancelled", None)

    async def close(self) -> None:
        await self._queries.close(CLOSE_SECONDS)

    # -- notebooks

    def _did_open(self, app: App, params: wire.DidOpen) -> None:
        uri = params.notebook_document.uri
        self._unknown.discard(uri)
        try:
            arrival = self._notebooks.open(params)
        except OutOfStep as error:
            self._notebooks.close(uri)
            self._out_of_step(app, uri, str(error))
            return
        origins = _origins(app, arrival.claims)
        app.loop.dispatch(inputs.Opened(at=app.loop.stamp(), notebook=arrival.notebook, origins=origins))

    def _did_change(self, app: App, params: wire.DidChange) -> None:
        uri = params.notebook_document.uri
        try:
            arrival = self._notebooks.change(params)
        except OutOfStep as error:
            self._out_of_step(app, uri, str(error))
            return
        except UnknownNotebook:
            if uri not in self._unknown:
                self._unknown.add(uri)
                logger.warning("A change to a notebook that is not open: %s", uri)
            return
        if arrival is None:
            return
        typed = self._typed
        if typed is not None and (typed.notebook.uri != uri or arrival.structural or arrival.claims):
            self.settle()
        elif typed is not None:
            edited = tuple(dict.fromkeys((*typed.edited, *arrival.edited)))
            arrival = msgspec.structs.replace(arrival, edited=edited)
        self._typed = arrival
        if arrival.structural or arrival.claims:
            self.settle()

    def _changed(self, app: App, arrival: Arrival) -> None:
        app.loop.dispatch(
            inputs.Changed(
                at=app.loop.stamp(),
                notebook=arrival.notebook,
                edited=arrival.edited,
                structural=arrival.structural,
                origins=_origins(app, arrival.claims) if arrival.claims else (),
            )
        )

    def _did_close(self, app: App, params: wire.OfNotebookDocument) -> None:
        uri = params.notebook_document.uri
        self._unknown.discard(uri)
        self._notebooks.close(uri)
        app.loop.dispatch(inputs.Closed(at=app.loop.stamp(), notebook=uri))

    def _out_of_step(self, app: App, uri: str, why: str) -> None:
        self.settle()
        if self._notebooks.lose(uri):
            self._unknown.add(uri)
            logger.warning("A notebook is out of step until it is opened again: %s: %s", uri, why)
            app.loop.dispatch(inputs.FellOutOfStep(at=app.loop.stamp(), notebook=uri))

    def _undecodable(self, app: App, params: msgspec.Raw) -> None:
        try:
            uri = wire.decode(_address, params).notebook_document.uri
        except InvalidParams:
            return
        self._out_of_step(app, uri, "a message about it cannot be decoded")

    # -- queries

    def _query(self, ask: Callable[[App, Any], Awaitable[object]]) -> Callable[[App, RequestId, Any], None]:
        def handle(app: App, request: RequestId, params: Any) -> None:
            def failed(error: BaseException) -> None:
                if isinstance(error, RequestError):
                    self._client.refuse(request, error.code, str(error), error.data)
                else:
                    logger.error("A query failed", exc_info=error)
                    self._client.refuse(request, INTERNAL_ERROR, "internal error; the log has the details", None)

            self._queries.start(
                _query_name(request),
                ask(app, params),
                done=lambda result: self._client.reply(request, result),
                failed=failed,
            )

        return handle


_cancel = decoder(wire.CancelParams)


def _query_name(request: RequestId) -> str:
    return f"query {request!r}"


def _origins(app: App, claims: tuple[str, ...]) -> tuple[Origin, ...]:
    if not claims:
        return ()
    try:
        return app.origins.lookup(claims)
    except Exception:
        logger.exception("The log could not be asked about %d cells; they count as the user's own", len(claims))
        return ()


# -- notifications


def _visible(app: App, params: wire.VisibleParams) -> None:
    app.loop.dispatch(
        inputs.VisibilityChanged(at=app.loop.stamp(), notebook=params.notebook.uri, ids=params.ids, form=params.form)
    )


def _settings(app: App, params: wire.ConfigurationParams) -> None:
    app.on_settings(wire.anything(params.settings))


# -- queries


def _events(app: App, params: wire.EventsParams) -> Awaitable[object]:
    return app.queries.events(after=params.after, limit=params.limit or EVENTS_LIMIT)


def _cell_log(app: App, params: wire.CellLogParams) -> Awaitable[object]:
    return app.queries.cell_log(id=params.id)


def _trace(app: App, params: wire.TraceParams) -> Awaitable[object]:
    return app.queries.trace(id=params.id)


def _sessions(app: App, params: wire.SessionsParams) -> Awaitable[object]:
    return app.queries.sessions(limit=params.limit or SESSIONS_LIMIT, before=params.before)


def _stats(app: App, params: wire.StatsParams) -> Awaitable[object]:
    return app.queries.stats(since_ms=params.since_ms)


# -- runbooks


def _learn_preview(app: App, _: wire.LearnPreviewParams) -> Awaitable[object]:
    return app.runbooks.preview()


def _learn(app: App, params: wire.LearnParams) -> Awaitable[object]:
    return app.runbooks.learn(agreed=params.agreed)
