"""What can go wrong, told by whose it is.

GhostcellsError
├── RequestError            the client's: answered as a JSON-RPC error, the state is unchanged
│   ├── InvalidParams       -32602, names the parameter
│   └── RequestFailed       -32803, with `reason` in its data
├── NotDurable              the disk's: what was to be written could not be
├── NewerData               the data directory was written by a newer ghostcells
└── ConfigError             the user's configuration
"""

INVALID_PARAMS = -32602
REQUEST_FAILED = -32803


class GhostcellsError(Exception):
    """The base of every error that ghostcells raises on purpose."""


class RequestError(GhostcellsError):
    """A request that is answered with an error; `code` and `data` go on the wire."""

    code = REQUEST_FAILED

    @property
    def data(self) -> dict[str, str] | None:
        return None


class InvalidParams(RequestError):
    """The parameters do not fit: unknown notebook or cell, wrong type, out of range."""

    code = INVALID_PARAMS


class RequestFailed(RequestError):
    """The request was understood and cannot be carried out now; `reason` says why in one word."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    @property
    def data(self) -> dict[str, str] | None:
        return {"reason": self.reason}


class NotDurable(GhostcellsError):
    """Records could not be written to disk; nothing that depended on them happened."""


class NewerData(GhostcellsError):
    """The data directory has a format that this version does not know; nothing in it was touched."""


class ConfigError(GhostcellsError):
    """A configuration that cannot be used; the message names file, key, what was expected and what came."""
