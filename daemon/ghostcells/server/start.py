"""Starting up fast: the server's imports with the garbage collector held back.

LSP's types are a hundred thousand objects that stay for good. While they are made, the collector would go through them again
and again (a sixth of the start); afterwards it need never look at them.
"""

import gc
import linecache
import sys
from typing import TYPE_CHECKING

RARELY = (10_000, 20, 50)
"""Thresholds of the collector during the imports: not at all would save no more time and cost 8 MiB of garbage for good."""
USUALLY = gc.get_threshold()
SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another one wants it; Python's own value is 5 ms."""

if TYPE_CHECKING:
    from ghostcells.server.parts import Build
    from ghostcells.server.server import Server


def make(build: "Build", *, version: str) -> "Server":
    """The server; garbage is collected again from `settle` on, which it calls once `initialize` is answered."""
    gc.set_threshold(*RARELY)
    # A thread that folds records into the index must not keep a keystroke waiting for five milliseconds.
    sys.setswitchinterval(SWITCH_SECONDS)
    from ghostcells.server.server import Server

    _drop_sources()
    return Server(build, version=version)


def _drop_sources() -> None:
    """Drop the text of the methods that attrs wrote for LSP's types: 1.6 MiB, kept for tracebacks through them alone."""
    for name in [name for name in linecache.cache if name.startswith("<attrs generated")]:
        del linecache.cache[name]


def settle() -> None:
    """Collect what the start left, and keep the rest out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*USUALLY)
