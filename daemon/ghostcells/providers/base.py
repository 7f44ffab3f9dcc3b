"""What a provider of model text is: the protocol, how it is configured, and how it fails.

A provider turns a Prompt into Chunks. It knows nothing of notebooks, ghosts, budgets or retries: those who ask it decide when
to ask, and `resilience` decides whether to ask again.
"""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import NoReturn, Protocol

import msgspec

from ghostcells.domain.errors import GhostcellsError
from ghostcells.domain.exchange import Chunk, Prompt


class ErrorKind(StrEnum):
    """What went wrong, as far as it decides what to do next."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    CUT = "cut"
    """The connection was lost, or the answer ended without its terminating event."""
    GARBAGE = "garbage"
    """What arrived is not the protocol that was asked for."""
    CONTEXT_TOO_LONG = "context-too-long"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NO_MODEL = "no-model"
    RATE_LIMITED = "rate-limited"
    OVERLOADED = "overloaded"
    SERVER = "server"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    MISCONFIGURED = "misconfigured"


_WORTH_RETRYING = frozenset(
    {
        ErrorKind.UNREACHABLE,
        ErrorKind.TIMEOUT,
        ErrorKind.CUT,
        ErrorKind.RATE_LIMITED,
        ErrorKind.OVERLOADED,
        ErrorKind.SERVER,
    }
)


class ProviderError(GhostcellsError):
    """A model gave no whole answer; the message says what was wrong and what to do, and never holds a key."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retryable = kind in _WORTH_RETRYING if retryable is None else retryable
        self.retry_after_s = retry_after_s


class SecretKey:
    """A key that is shown nowhere by accident: only `reveal` gives its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "SecretKey(…)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written anywhere")


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider is reached; every field that is not given has the provider's own default.

    `read_s` is the longest silence, before the first byte and between two; `total_s` ends an answer however lively it drips.
    `max_text_chars` and `max_bytes` bound what one answer may bring.
    """

    base_url: str | None = None
    key: SecretKey | None = None
    organisation: str | None = None
    api_version: str | None = None
    deployment: str | None = None
    connect_s: float = 5.0
    read_s: float = 30.0
    total_s: float = 90.0
    use_proxies: bool = True
    ca_file: str | None = None
    max_text_chars: int = 1_000_000
    max_bytes: int = 8_000_000


class Provider(Protocol):
    """Where model text comes from.

    `stream` is an async generator: `aclose()` closes the HTTP stream, and so does the end of the consuming task by
    cancellation or error. An iterator that is merely left is closed when it is collected, at the latest at its deadline.
    A whole answer ends with a chunk that has `finish`; anything else raises ProviderError.
    """

    @property
    def name(self) -> str: ...

    def stream(self, model: str, prompt: Prompt) -> AsyncIterator[Chunk]: ...

    async def close(self) -> None: ...
