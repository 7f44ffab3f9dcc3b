"""The params of every method that this server decodes itself, as the protocol and LSP word them.

Unknown members are ignored, so that clients may be newer; what is known has to have its type. The results are
`domain/replies.py` and `domain/views.py`; docs/protocol/*.json is generated from both by schema.py.
"""

import json
from typing import Annotated, Any, Literal

import msgspec

from ghostcells.domain.errors import InvalidParams
from ghostcells.domain.notebook import CellKind, Output
from ghostcells.engine.inputs import Form
from ghostcells.server.envelope import read
from ghostcells.server.metadata import NO_METADATA

Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]
Ulid = Annotated[str, msgspec.Meta(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Limit = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
# What SQLite and every reader of the log can hold.
ExitCode = Annotated[int, msgspec.Meta(ge=-(1 << 53) + 1, le=(1 << 53) - 1)]


class Params(msgspec.Struct, rename="camel"):
    pass


class Address(Params):
    uri: str


# -- ghostcells/*


class OfNotebook(Params):
    notebook: Address


class FocusParams(OfNotebook):
    cell: str | None


class ExecutedParams(OfNotebook):
    cell: str
    success: bool
    exit_code: ExitCode | None = None
    duration_ms: Count | None = None
    text: str | None = None
    outputs: tuple[Output, ...] | None = ()


class DismissParams(OfNotebook):
    pass


class SuggestParams(OfNotebook):
    cell: str


class CycleParams(OfNotebook):
    step: Literal[1, -1]


class RestoreParams(OfNotebook):
    id: str


class WithdrawnParams(OfNotebook):
    ids: tuple[str, ...]
    reason: Literal["saved", "undo", "leak"]


class VisibleParams(OfNotebook):
    ids: tuple[str, ...]
    form: Form


class EventsParams(Params):
    after: Ulid | None = None
    limit: Limit | None = None


class CellLogParams(Params):
    id: str


class TraceParams(Params):
    id: str


class SessionsParams(Params):
    limit: Limit | None = None
    before: Ulid | None = None


class StatsParams(Params):
    since_ms: Count | None = None


class LearnPreviewParams(Params):
    pass


class LearnParams(Params):
    agreed: bool


# -- notebookDocument/*


class WireCell(Params):
    """`metadata` is the user's and everyone's, so it is left as it came: metadata.py reads it."""

    kind: CellKind
    document: str
    metadata: msgspec.Raw = NO_METADATA


class TextDocument(Params):
    uri: str
    language_id: str
    text: str
    version: int | None = None


class NotebookDocument(Params):
    uri: str
    cells: tuple[WireCell, ...]
    notebook_type: str = ""


class DidOpen(Params):
    notebook_document: NotebookDocument
    cell_text_documents: tuple[TextDocument, ...]


class Position(Params):
    line: Count
    character: Count


class Range(Params):
    start: Position
    end: Position


class TextChange(Params):
    """Without a range, `text` is the whole new text."""

    text: str
    range: Range | None = None


class VersionedDocument(Params):
    uri: str
    version: int | None = None


class TextContent(Params):
    document: VersionedDocument
    changes: tuple[TextChange, ...]


class CellArray(Params):
    start: Count
    delete_count: Count
    cells: tuple[WireCell, ...] | None = None


class Structure(Params):
    array: CellArray
    did_open: tuple[TextDocument, ...] | None = None
    did_close: tuple[Address, ...] | None = None


class CellChanges(Params):
    structure: Structure | None = None
    data: tuple[WireCell, ...] | None = None
    text_content: tuple[TextContent, ...] | None = None


class NotebookChange(Params):
    cells: CellChanges | None = None


class DidChange(Params):
    notebook_document: Address
    change: NotebookChange


class OfNotebookDocument(Params):
    """didClose and didSave; and what is read of a didChange that cannot be decoded."""

    notebook_document: Address


# -- the rest


class ClientInfo(Params):
    name: str = ""
    version: str | None = None


class Folder(Params):
    uri: str


class InitializeParams(Params):
    process_id: int | None = None
    client_info: ClientInfo | None = None
    root_uri: str | None = None
    workspace_folders: tuple[Folder, ...] | None = None
    initialization_options: msgspec.Raw = msgspec.Raw(b"null")


class ConfigurationParams(Params):
    settings: msgspec.Raw = msgspec.Raw(b"null")


class CancelParams(Params):
    id: int | str


def anything(raw: msgspec.Raw) -> object:
    """A value of any shape; None for what Python cannot hold, such as a number of ten thousand digits."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        try:
            return json.loads(bytes(raw))
        except (ValueError, RecursionError):
            return None


Decoder = msgspec.json.Decoder[Any]


def decoder(params: type[Params]) -> Decoder:
    return msgspec.json.Decoder(params)


def decode(wanted: Decoder, params: msgspec.Raw) -> Any:
    """Raises `InvalidParams`, which says what was expected, what came, and where."""
    try:
        return read(wanted, params)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidParams(str(error)) from error
