"""One method each: what the editor says becomes one input, and each request one answer."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from ghostcells.domain.errors import RequestFailed
from ghostcells.domain.ghosts import Ghost, Origin
from ghostcells.domain.ids import Stamp
from ghostcells.domain.notebook import CellKind, Output
from ghostcells.engine import inputs as i
from ghostcells.server.client import EditorClient
from ghostcells.server.handlers import Handlers
from ghostcells.server.outbox import Outbox

pytestmark = pytest.mark.asyncio
NB = {"uri": "file:///a.md"}
ULID = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
AT = Stamp(1, 1 << 20)


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        pass

    @property
    def messages(self) -> list[Any]:
        return [json.loads(part.split(b"\r\n\r\n", 1)[1]) for part in self.data.split(b"Content-Length")[1:]]


class FakeApp:
    """Is its own loop, queries and origins."""

    def __init__(self) -> None:
        self.loop = self.queries = self.origins = self
        self.seen: list[i.AnyInput] = []
        self.asked: list[Any] = []
        self.settings: list[object] = []
        self.known: tuple[Origin, ...] = ()
        self.answer: Callable[[], Any] = lambda: {"yes": True}

    def stamp(self) -> Stamp:
        return AT

    def dispatch(self, given: i.AnyInput) -> None:
        self.seen.append(given)

    def flush(self) -> None: ...

    def lookup(self, ids: Sequence[str]) -> tuple[Origin, ...]:
        self.asked.append(tuple(ids))
        return self.known

    def on_settings(self, editor: object) -> None:
        self.settings.append(editor)

    async def close(self) -> None: ...

    async def _query(self, **given: Any) -> object:
        self.asked.append(given)
        return self.answer()

    events = cell_log = trace = sessions = stats = _query


class Desk:
    def __init__(self, *, available: bool = True) -> None:
        self.app, self.sink, outbox = FakeApp(), Sink(), Outbox()
        outbox.attach(self.sink)
        self.client = EditorClient(outbox)
        self.more = False  # whether what is sent arrives together with what follows
        self.handlers = Handlers(self.client, self.app if available else None, "the data are newer")

    def request(self, method: str, params: object, request: i.RequestId = 1) -> None:
        self.handlers.request(method, request, msgspec.Raw(json.dumps(params).encode()))

    def notify(self, method: str, params: object) -> None:
        """A message that arrives alone."""
        self.handlers.notify(method, msgspec.Raw(json.dumps(params).encode()))
        if not self.more:
            self.handlers.settle()

    def open(self, metadata: object = None, **more: object) -> None:
        document = {**NB, "notebookType": "runme", "version": 1, **more}
        document.setdefault("cells", [{"kind": 2, "document": "c", "metadata": metadata}])
        texts = [{"uri": "c", "languageId": "shellscript", "version": 1, "text": "ls"}]
        self.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": texts})

    def change(self, **cells: object) -> None:
        self.notify(
            "notebookDocument/didChange", {"notebookDocument": {**NB, "version": 2}, "change": {"cells": cells}}
        )

    def errors(self) -> list[tuple[object, int]]:
        return [(m["id"], m["error"]["code"]) for m in self.sink.messages if "error" in m]


def common(**more: object) -> dict[str, Any]:
    return {"at": AT, "request": 1, "notebook": NB["uri"], **more}


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        pytest.param("focus", {"cell": "c"}, i.FocusMoved(**common(cell="c")), id="focus"),
        pytest.param("focus", {"cell": None}, i.FocusMoved(**common(cell=None)), id="focus-nowhere"),
        pytest.param("executed", {"cell": "c", "success": True}, i.CellRan(**common(cell="c", success=True)), id="executed"),
        pytest.param(
            "executed",
            {"cell": "c", "success": False, "exitCode": -1, "durationMs": 7, "text": "ls", "outputs": [
                {"mime": "text/plain", "text": "x"}]},
            i.CellRan(**common(cell="c", success=False, exit_code=-1, duration_ms=7, text="ls",
                               outputs=(Output("text/plain", "x"),))),
            id="executed-with-all",
        ),
        pytest.param("dismiss", {}, i.GhostsDismissed(**common()), id="dismiss"),
        pytest.param("suggest", {"cell": "c"}, i.SuggestionAsked(**common(cell="c")), id="suggest"),
        pytest.param("cycle", {"step": -1}, i.CandidateCycled(**common(step=-1)), id="cycle"),
        pytest.param("restore", {"id": ULID}, i.AcceptanceUndone(**common(id=ULID)), id="restore"),
        pytest.param(
            "withdrawn", {"ids": [ULID], "reason": "saved"},
            i.GhostsWithdrawn(**common(ids=(ULID,), reason="saved")), id="withdrawn",
        ),
    ],
)  # fmt: skip
async def test_a_request_is_one_input(method: str, params: dict[str, Any], expected: i.AnyInput) -> None:
    desk = Desk()
    desk.request(f"ghostcells/{method}", {"notebook": NB, "future": 1, **params})
    assert desk.app.seen == [expected]
    assert desk.sink.messages == []


async def test_visible_is_an_input() -> None:
    desk = Desk()
    desk.notify("ghostcells/visible", {"notebook": NB, "ids": [ULID], "form": "preview"})
    assert desk.app.seen == [i.VisibilityChanged(at=AT, notebook=NB["uri"], ids=(ULID,), form=i.Form.PREVIEW)]


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        pytest.param("focus", {"notebook": NB}, "cell", id="missing"),
        pytest.param("focus", {"notebook": NB, "cell": 7}, "$.cell", id="type"),
        pytest.param("focus", {"notebook": {"uri": 7}, "cell": "c"}, "$.notebook.uri", id="nested"),
        pytest.param("executed", {"notebook": NB, "cell": "c", "success": 1}, "$.success", id="no-bool"),
        pytest.param(
            "executed", {"notebook": NB, "cell": "c", "success": True, "exitCode": 1.5}, "$.exitCode", id="camel"
        ),
        pytest.param("cycle", {"notebook": NB, "step": 2}, "$.step", id="step"),
        pytest.param("events", {"limit": 10_001}, "$.limit", id="limit-high"),
        pytest.param("sessions", {"limit": 0}, "$.limit", id="limit-low"),
        pytest.param("events", {"after": "later"}, "$.after", id="no-ulid"),
        pytest.param("stats", [], "array", id="positional"),
    ],
)
async def test_what_does_not_fit_is_named(method: str, params: object, named: str) -> None:
    desk = Desk()
    desk.request(f"ghostcells/{method}", params)
    [message] = desk.sink.messages
    assert message["error"]["code"] == -32602
    assert named in message["error"]["message"]
    assert desk.app.seen == []


@pytest.mark.parametrize(
    ("method", "params", "asked"),
    [
        pytest.param("events", {}, {"after": None, "limit": 1000}, id="events-default"),
        pytest.param("events", {"after": ULID, "limit": 5}, {"after": ULID, "limit": 5}, id="events"),
        pytest.param("cellLog", {"id": "x"}, {"id": "x"}, id="cell-log"),
        pytest.param("trace", {"id": "x"}, {"id": "x"}, id="trace"),
        pytest.param("sessions", {"limit": 3, "before": ULID}, {"limit": 3, "before": ULID}, id="sessions"),
        pytest.param("stats", {"sinceMs": 5}, {"since_ms": 5}, id="stats"),
    ],
)
async def test_a_query_is_answered_when_it_is_done(method: str, params: object, asked: object) -> None:
    desk = Desk()
    desk.request(f"ghostcells/{method}", params)
    assert desk.sink.messages == []
    await ran()
    assert desk.app.asked == [asked]
    assert desk.sink.messages == [{"jsonrpc": "2.0", "id": 1, "result": {"yes": True}}]


async def ran() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_query_that_fails_is_answered_too(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.app.answer = lambda: 1 / 0
    with caplog.at_level(logging.ERROR):
        desk.request("ghostcells/stats", {})
        await ran()
    assert desk.errors() == [(1, -32603)]
    assert "ZeroDivisionError" in caplog.text


async def test_a_query_may_refuse() -> None:
    desk = Desk()

    def refuse() -> object:
        raise RequestFailed("not now", "busy")

    desk.app.answer = refuse
    desk.request("ghostcells/stats", {})
    await ran()
    assert desk.sink.messages[0]["error"] == {"code": -32803, "message": "not now", "data": {"reason": "busy"}}


async def test_a_result_that_cannot_be_encoded_is_an_error_and_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.app.answer = object
    with caplog.at_level(logging.ERROR):
        desk.request("ghostcells/stats", {})
        await ran()
    assert desk.errors() == [(1, -32603)]


async def test_a_cancelled_query_is_answered_once() -> None:
    desk = Desk()
    desk.request("ghostcells/stats", {}, "mine")
    desk.handlers.cancel(msgspec.Raw(b'{"id": "mine"}'))
    desk.handlers.cancel(msgspec.Raw(b'{"id": "mine"}'))
    desk.handlers.cancel(msgspec.Raw(b'{"id": 1}'))
    desk.handlers.cancel(msgspec.Raw(b"[]"))
    await ran()
    assert desk.errors() == [("mine", -32800)]


async def test_what_the_engine_was_asked_cannot_be_cancelled() -> None:
    desk = Desk()
    desk.request("ghostcells/dismiss", {"notebook": NB})
    desk.handlers.cancel(msgspec.Raw(b'{"id": 1}'))
    assert desk.sink.messages == []
    desk.client.reply(1, {})
    assert [m["id"] for m in desk.sink.messages] == [1]


async def test_a_second_answer_is_dropped() -> None:
    desk = Desk()
    desk.request("ghostcells/dismiss", {"notebook": NB})
    desk.client.reply(1, {})
    desk.client.reply(1, {})
    desk.client.refuse(1, -32603, "", None)
    assert len(desk.sink.messages) == 1


async def test_an_id_that_is_still_in_use_is_refused_without_disturbing_the_first() -> None:
    desk = Desk()
    desk.request("ghostcells/dismiss", {"notebook": NB})
    desk.request("ghostcells/dismiss", {"notebook": NB})
    desk.client.reply(1, {"first": True})
    assert desk.errors() == [(1, -32600)]
    assert desk.sink.messages[-1]["result"] == {"first": True}


async def test_a_bug_in_a_handler_is_an_error_and_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()

    def broken() -> Stamp:
        raise ZeroDivisionError

    desk.app.stamp = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        desk.request("ghostcells/dismiss", {"notebook": NB})
    assert desk.errors() == [(1, -32603)]


@pytest.mark.parametrize("method", ["ghostcells/nothing", "textDocument/hover", "ghostcells/visible", "__class__", ""])
async def test_a_method_that_is_not_offered(method: str) -> None:
    desk = Desk()
    desk.request(method, {})
    assert desk.errors() == [(1, -32601)]


async def test_without_its_data_the_daemon_says_why() -> None:
    desk = Desk(available=False)
    desk.request("ghostcells/dismiss", {"notebook": NB})
    desk.open()
    [message] = desk.sink.messages
    expected = {"code": -32803, "message": "the data are newer", "data": {"reason": "unavailable"}}
    assert message["error"] == expected


async def test_settings_are_handed_on_as_they_came() -> None:
    desk = Desk()
    settings = {"settings": {"suggest": {"enabled": False}}, "workspaceTrusted": True}
    desk.notify("workspace/didChangeConfiguration", {"settings": settings})
    desk.notify("workspace/didChangeConfiguration", {})
    desk.notify("workspace/didChangeConfiguration", [])
    assert desk.app.settings == [settings, None]


# -- notebooks


async def test_what_the_log_knows_of_claimed_cells_comes_with_the_notebook() -> None:
    desk = Desk()
    desk.app.known = (
        Origin(Ghost(ULID, CellKind.CODE, "shellscript", "ls", "memory"), ULID, accepted=True, text="ls"),
    )
    desk.open({"ghostcells": {"id": ULID}})
    [given] = desk.app.seen
    assert isinstance(given, i.Opened)
    assert given.origins == desk.app.known
    assert desk.app.asked == [(ULID,)]


async def test_the_log_is_not_asked_where_nothing_is_claimed() -> None:
    desk = Desk()
    desk.open()
    desk.change(textContent=[{"document": {"uri": "c", "version": 2}, "changes": [{"text": "pwd"}]}])
    assert desk.app.asked == []
    assert [type(given).__name__ for given in desk.app.seen] == ["Opened", "Changed"]


async def test_a_log_that_cannot_be_asked_costs_no_notebook(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()

    def broken(ids: Sequence[str]) -> tuple[Origin, ...]:
        raise OSError

    desk.app.lookup = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        desk.open({"ghostcells": {"id": ULID}})
    assert [type(given).__name__ for given in desk.app.seen] == ["Opened"]


def typed(text: str, cell: str = "c") -> dict[str, Any]:
    return {"textContent": [{"document": {"uri": cell, "version": 2}, "changes": [{"text": text}]}]}


async def test_keys_that_arrive_together_are_one_change() -> None:
    """A flood costs one step of the engine for each read, so that it keeps nobody waiting."""
    desk = Desk()
    desk.open()
    desk.more = True
    for text in ("p", "pw", "pwd"):
        desk.change(**typed(text))
    assert [type(given).__name__ for given in desk.app.seen] == ["Opened"]
    desk.handlers.settle()
    opened, changed = desk.app.seen
    assert isinstance(changed, i.Changed)
    assert (changed.edited, changed.notebook.cells[0].text, changed.notebook.version) == (("c",), "pwd", 4)
    assert isinstance(opened, i.Opened)


@pytest.mark.parametrize("method", ["ghostcells/visible", "notebookDocument/didClose", "request"])
async def test_what_was_typed_is_known_before_whatever_comes_next(method: str) -> None:
    desk = Desk()
    desk.open()
    desk.more = True
    desk.change(**typed("pwd"))
    if method == "request":
        desk.request("ghostcells/focus", {"notebook": NB, "cell": "c"})
    else:
        notebook = {"notebook": NB, "notebookDocument": NB, "cellTextDocuments": []}
        desk.notify(method, {**notebook, "ids": [ULID], "form": "preview"})
    assert [type(given).__name__ for given in desk.app.seen][:2] == ["Opened", "Changed"]
    assert len(desk.app.seen) == 3


async def test_a_change_of_cells_is_not_joined_to_one_of_text() -> None:
    desk = Desk()
    desk.open()
    desk.more = True
    desk.change(**typed("pwd"))
    desk.change(structure={"array": {"start": 0, "deleteCount": 1}})
    desk.change(data=[])
    changes = [given for given in desk.app.seen if isinstance(given, i.Changed)]
    assert [(given.edited, given.structural) for given in changes] == [(("c",), False), ((), True)]


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param({"data": [{"kind": 2, "document": "unknown"}]}, id="unknown-cell"),
        pytest.param({"data": "text"}, id="undecodable"),
        pytest.param({"structure": {"array": {"start": -1, "deleteCount": 0}}}, id="out-of-range"),
    ],
)
async def test_a_notebook_falls_out_of_step_once_until_it_is_opened_again(
    cells: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    desk.open()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            desk.change(**cells)
        desk.change(textContent=[{"document": {"uri": "c", "version": 2}, "changes": [{"text": "pwd"}]}])
    assert [type(given).__name__ for given in desk.app.seen] == ["Opened", "FellOutOfStep"]
    assert len([record for record in caplog.records if "out of step" in record.message]) == 1
    desk.notify("notebookDocument/didClose", {"notebookDocument": NB, "cellTextDocuments": []})
    desk.open()
    desk.change(textContent=[{"document": {"uri": "c", "version": 2}, "changes": [{"text": "pwd"}]}])
    assert [type(given).__name__ for given in desk.app.seen][2:] == ["Closed", "Opened", "Changed"]


@pytest.mark.parametrize(
    "cells", [pytest.param([{"kind": 2, "document": "x"}], id="no-text"), pytest.param([{"kind": 9}], id="undecodable")]
)
async def test_a_notebook_that_cannot_be_opened_is_out_of_step(cells: Any, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    with caplog.at_level(logging.WARNING):
        desk.open(cells=cells)
        desk.change(textContent=[])
    assert [type(given).__name__ for given in desk.app.seen] == ["FellOutOfStep"]


async def test_changes_to_a_notebook_that_is_not_open_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    with caplog.at_level(logging.WARNING):
        desk.change(textContent=[])
        desk.change(textContent=[])
    assert desk.app.seen == []
    assert len(caplog.records) == 1


@pytest.mark.parametrize("params", [None, [], {}, {"notebookDocument": 5}, {"notebookDocument": {"uri": 5}}], ids=repr)
@pytest.mark.parametrize("method", ["didOpen", "didChange", "didSave", "didClose"])
async def test_a_message_about_no_notebook_concerns_none(method: str, params: object) -> None:
    desk = Desk()
    desk.notify(f"notebookDocument/{method}", params)
    desk.notify("textDocument/didOpen", params)
    assert desk.app.seen == []
    assert desk.sink.messages == []
