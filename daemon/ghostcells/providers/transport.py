"""The HTTP client that an SDK is given: certificates, proxies, time-outs, and no more log or telemetry than is wanted.

Imported off the loop, with the SDK. One TLS context serves all providers: to make one costs more than all else together.
"""

import logging
from collections.abc import AsyncIterator
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio._backends._asyncio  # noqa: F401 -- else the first request imports it on the loop
import h11  # noqa: F401 -- likewise
import httpx2

from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.peer import host_of

if TYPE_CHECKING:
    import ssl

_ERROR_BODY_LIMIT = 65536
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TALKATIVE = ("openai", "anthropic", "httpx2", "httpcore2")
TELEMETRY_HEADERS = (
    "X-Stainless-Lang",
    "X-Stainless-Package-Version",
    "X-Stainless-OS",
    "X-Stainless-Arch",
    "X-Stainless-Runtime",
    "X-Stainless-Runtime-Version",
    "X-Stainless-Async",
    "X-Stainless-Retry-Count",
    "X-Stainless-Read-Timeout",
    "X-Stainless-Timeout",
)
"""What the SDKs tell about this computer with every request; nobody needs it for an answer."""


@cache
def tls(ca_file: str | None) -> "ssl.SSLContext":
    """The system's certificates, or those of SSL_CERT_FILE, and one's own besides."""
    context = httpx2.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise ProviderError(
                ErrorKind.MISCONFIGURED, f"The CA file {ca_file} cannot be used: {error.strerror or error}."
            ) from None
    return context


def http_client(config: ProviderConfig, url: str) -> httpx2.AsyncClient:
    """A client whose redirects are errors: it would carry the key's header to wherever it is sent."""
    hush()
    try:
        return httpx2.AsyncClient(
            verify=tls(config.ca_file),
            trust_env=config.use_proxies,
            mounts=_no_proxy_to_this_computer(url),
            timeout=httpx2.Timeout(config.read_s, connect=config.connect_s),
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=4, keepalive_expiry=60.0),
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_bound_errors]},
            follow_redirects=False,
        )
    except (ImportError, ValueError) as error:
        raise ProviderError(
            ErrorKind.MISCONFIGURED, f"The proxy in HTTPS_PROXY or ALL_PROXY cannot be used: {error}"
        ) from None


def _no_proxy_to_this_computer(url: str) -> dict[str, httpx2.AsyncHTTPTransport | None]:
    """A local server is never behind a proxy, and NO_PROXY is often forgotten."""
    host = host_of(url)
    return {f"all://{host}": None} if host in _LOOPBACK else {}


def hush() -> None:
    """Below WARNING these write URLs, headers and whole requests."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


async def _bound_errors(response: httpx2.Response) -> None:
    """The SDKs read the body of an error whole, however long it is."""
    if response.status_code >= 300:  # noqa: PLR2004 -- success
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _ERROR_BODY_LIMIT
        async for piece in self._stream:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()
