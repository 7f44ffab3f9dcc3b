"""pygls as it is used here: the life cycle and the standard methods that have nothing to do with notebooks.

It sees neither the user's cells nor any method of ours, and gets a message structured once: its own reader structures every
nested object that has a "jsonrpc" member, which metadata may well have.
"""

import json
import logging
from collections.abc import Generator
from typing import Any

import msgspec
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from ghostcells.domain.errors import InvalidParams
from ghostcells.server import wire
from ghostcells.server.envelope import Message
from ghostcells.server.outbox import Outbox
from ghostcells.server.parts import InitializeInfo

PROTOCOL_VERSION = 1
NAME = "ghostcells"

_EVERY_CELL = types.NotebookDocumentFilterWithCells(notebook="*", cells=[types.NotebookCellLanguage(language="*")])
_initialize = msgspec.json.Decoder(wire.InitializeParams)


class _Protocol(LanguageServerProtocol):
    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """What pygls would offer only to clients that declare it, notebooks, is offered to all."""
        result = yield from super().lsp_initialize(params)
        result.capabilities = types.ServerCapabilities(
            position_encoding=types.PositionEncodingKind.Utf16,
            text_document_sync=types.TextDocumentSyncOptions(
                open_close=True, change=types.TextDocumentSyncKind.Incremental
            ),
            notebook_document_sync=types.NotebookDocumentSyncOptions(notebook_selector=[_EVERY_CELL], save=True),
            experimental={NAME: {"protocolVersion": PROTOCOL_VERSION}},
        )
        return result


class _Writer:
    """Where pygls writes to; it never ends the process from here."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def write(self, data: bytes) -> None:
        self._outbox.write(data)

    def close(self) -> None:
        pass


class Lifecycle:
    """Standard methods, by pygls."""

    def __init__(self, outbox: Outbox, version: str) -> None:
        logging.getLogger("pygls").setLevel(logging.WARNING)  # INFO prints every body that is sent
        server = LanguageServer(NAME, version, protocol_cls=_Protocol, converter_factory=default_converter)
        self._protocol = server.protocol
        self._protocol.set_writer(_Writer(outbox))

    def serves(self, method: str) -> bool:
        return method in self._protocol.fm.builtin_features

    def initialize(self, message: Message) -> InitializeInfo:
        """Answer `initialize`. Raises `InvalidParams`.

        Of the params pygls gets only what it needs: what it makes of the rest takes time and is used by nothing here.
        """
        params = wire.decode(_initialize, message.params)
        self._handle(message, {"processId": params.process_id, "rootUri": None, "capabilities": {}})
        client = params.client_info or wire.ClientInfo()
        folders = tuple(folder.uri for folder in params.workspace_folders or ())
        if not folders and params.root_uri is not None:
            folders = (params.root_uri,)
        return InitializeInfo(
            params.process_id, client.name, client.version or "", folders, params.initialization_options
        )

    def handle(self, message: Message) -> None:
        """Hand over a message whose method pygls serves. Raises `InvalidParams`."""
        self._handle(message, json.loads(bytes(message.params)))

    def _handle(self, message: Message, params: Any) -> None:
        data: dict[str, Any] = {"jsonrpc": message.jsonrpc, "method": message.method, "params": params}
        if message.id is not msgspec.UNSET:
            data["id"] = message.id
        try:
            structured = self._protocol.structure_message(data)
        except Exception as error:
            raise InvalidParams(f"the params of {message.method} do not fit") from error
        self._protocol.handle_message(structured)
