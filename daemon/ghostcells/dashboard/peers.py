"""Whose process is at the other end of a connection within this machine.

For a moment the one-time link is among the arguments of the browser's process, where every user of the machine can read it. On
Linux the kernel tells whom a connection belongs to, so that reading it is not enough. (A private file that leads on to the
link, the usual way, cannot be read by browsers that are packaged as snaps or flatpaks.)
"""

import os
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _USER = 1, 2, 7
"""Columns of a table: both addresses as `HEX:HEXPORT`, the number of the user."""


def is_strangers(port: int, peer_port: int) -> bool:
    """Whether who connected to our `port` from `peer_port` is another user of this machine; root is none, nor one to root."""
    if not hasattr(os, "getuid"):
        return False
    ours = os.getuid()
    return ours != 0 and user_of(port, peer_port) not in {None, 0, ours}


def user_of(port: int, peer_port: int) -> int | None:
    """The number of the user whose socket on `peer_port` is connected to `port`; None where that cannot be told."""
    ends = f":{peer_port:04X}", f":{port:04X}"
    for table in _TABLES:
        try:
            rows = [line.split() for line in table.read_text().splitlines()[1:]]
        except OSError:
            continue
        for row in rows:
            if row[_LOCAL].endswith(ends[0]) and row[_REMOTE].endswith(ends[1]):
                return int(row[_USER])
    return None
