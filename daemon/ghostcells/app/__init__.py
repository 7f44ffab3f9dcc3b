"""The composition root: picks the parts and wires them. The only place that knows all of them.

Nothing is imported here before it is used, because `ghostcells serve` answers `initialize` before anything is built.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ghostcells.runtime.ports import Client
    from ghostcells.server.parts import App, InitializeInfo


def serve(
    *, data_dir: str | None = None, config: str | None = None, tcp: str | None = None, metrics: str | None = None
) -> int:
    """Serve one editor, on stdio or at a loopback address `HOST:PORT`, until it leaves; the exit code."""
    from ghostcells import __version__
    from ghostcells.server.start import make

    def build(info: "InitializeInfo", client: "Client") -> "Awaitable[App]":
        return _build(info, client, data_dir, config, metrics)

    server = make(build, version=__version__)
    if tcp is None:
        return server.run_stdio()
    host, _, port = tcp.rpartition(":")
    return server.run_tcp(host, int(port))


async def _build(
    info: "InitializeInfo", client: "Client", data_dir: str | None, config: str | None, metrics: str | None
) -> "App":
    import contextlib
    import os

    from ghostcells.runtime.heap import keep_in_one_piece

    # Before there are threads.
    keep_in_one_piece()
    from ghostcells.app.daemon import Daemon
    from ghostcells.app.logs import begin_logging
    from ghostcells.config.places import data_dir as chosen
    from ghostcells.store.paths import prepare

    directory = chosen(data_dir, os.environ)
    # A directory that cannot be used is said in the status; one of a newer version is refused here, untouched.
    with contextlib.suppress(OSError):
        prepare(directory)
    begin_logging(directory)
    return Daemon(info, client, data_dir=directory, config=config, metrics=metrics)
