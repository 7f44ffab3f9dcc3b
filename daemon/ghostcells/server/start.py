"""Starting up fast: the server's imports with the garbage collector paused.

LSP's types are a hundred thousand objects that stay for good. While they are made, the collector would go through them again
and again (a sixth of the start); afterwards it need never look at them.
"""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghostcells.server.parts import Build
    from ghostcells.server.server import Server


def make(build: "Build", *, version: str) -> "Server":
    """The server; garbage is collected again from `settle` on, which it calls once `initialize` is answered."""
    gc.disable()
    from ghostcells.server.server import Server

    return Server(build, version=version)


def settle() -> None:
    """Collect what the start left, and keep the rest out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.enable()
