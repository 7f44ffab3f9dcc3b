"""pygls as it is used here: the life cycle and the standard methods that have nothing to do with notebooks.

It sees neither the user's cells nor any method of ours, and gets a message structured once: its own reader structures every
nested object that has a "jsonrpc" member, which metadata may well have.
"""

import logging
from typing import Any

import msgspec
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.workspace import Workspace

from ghostcells.domain.errors import InvalidParams
from ghostcells.server import wire
from ghostcells.server.envelope import Message
from ghostcells.server.outbox import Outbox
from ghostcells.server.parts import InitializeInfo

PROTOCOL_VERSION = 1
NAME = "ghostcells"

_initialize = msgspec.json.Decoder(wire.InitializeParams)


def result_of_initialize(version: str) -> dict[str, Any]:
    """What is offered, to every client alike: notebooks too, which pygls offers only to clients that declare them."""
    return {
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": True, "change": types.TextDocumentSyncKind.Incremental.value},
            "notebookDocumentSync": {
                "notebookSelector": [{"notebook": "*", "cells": [{"language": "*"}]}],
                "save": True,
            },
            "experimental": {NAME: {"protocolVersion": PROTOCOL_VERSION}},
        },
        "serverInfo": {"name": NAME, "version": version},
    }


class _Protocol(LanguageServerProtocol):
    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> dict[str, Any]:  # type: ignore[override]
        """Instead of pygls's own: to fold the classes of all capabilities into a converter takes longer than all the rest."""
        self._server.process_id = params.process_id
        self.client_capabilities = params.capabilities
        self._workspace = Workspace(None, types.TextDocumentSyncKind.Incremental, [])
        return result_of_initialize(self._server.version)


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

    def answers(self, method: str) -> bool:
        """Whether a method that it serves is a request."""
        return method in {types.INITIALIZE, types.SHUTDOWN, types.WORKSPACE_EXECUTE_COMMAND}

    def initialize(self, message: Message) -> InitializeInfo:
        """Answer `initialize`. Raises `InvalidParams`.

        Of the params pygls gets only what it needs: what it makes of the rest takes time and is used by nothing here.
        """
        params = wire.decode(_initialize, message.params)
        assert isinstance(message.id, int | str)
        given = types.InitializeParams(capabilities=types.ClientCapabilities(), process_id=params.process_id)
        request: Any = types.InitializeRequest(id=message.id, params=given)
        self._protocol.handle_message(request)
        client = params.client_info or wire.ClientInfo()
        folders = tuple(folder.uri for folder in params.workspace_folders or ())
        if not folders and params.root_uri is not None:
            folders = (params.root_uri,)
        return InitializeInfo(
            params.process_id, client.name, client.version or "", folders, wire.anything(params.initialization_options)
        )

    def handle(self, message: Message) -> None:
        """Hand over a message whose method pygls serves. Raises `InvalidParams`."""
        data = {"jsonrpc": message.jsonrpc, "method": message.method, "params": wire.anything(message.params)}
        if message.id is not msgspec.UNSET:
            data["id"] = message.id
        try:
            structured = self._protocol.structure_message(data)
        except Exception as error:
            raise InvalidParams(f"the params of {message.method} do not fit") from error
        self._protocol.handle_message(structured)
