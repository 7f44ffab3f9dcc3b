"""What the server needs of the application, which is built once the editor has said who it is."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from ghostcells.domain.ids import Stamp
from ghostcells.engine.inputs import AnyInput
from ghostcells.runtime.ports import Client, Origins, Queries, Runbooks


class InitializeInfo(msgspec.Struct, frozen=True):
    """`folders` are URIs; `options` are the `initializationOptions` as they came."""

    process_id: int | None
    client_name: str
    client_version: str
    folders: tuple[str, ...]
    options: object


class Engine(Protocol):
    """What handlers do with an input: take its stamp, then dispatch it."""

    def stamp(self) -> Stamp: ...

    def dispatch(self, given: AnyInput) -> None: ...

    def flush(self) -> None:
        """All that has arrived at once is dispatched."""
        ...


class App(Protocol):
    @property
    def loop(self) -> Engine: ...

    @property
    def queries(self) -> Queries: ...

    @property
    def origins(self) -> Origins: ...

    @property
    def runbooks(self) -> Runbooks: ...

    def on_settings(self, editor: object) -> None:
        """The `settings` of a `workspace/didChangeConfiguration`, as they came."""
        ...

    async def close(self) -> None:
        """Bring everything acknowledged to disk and end what runs."""
        ...


Build = Callable[[InitializeInfo, Client], Awaitable[App]]
"""Makes the application; awaited right after the response to `initialize` was written."""
