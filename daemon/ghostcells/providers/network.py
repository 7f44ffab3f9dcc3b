"""Failures below the protocol: no connection, no TLS, silence, a broken stream, put as ProviderErrors."""

import os
import socket
import ssl

from ghostcells.providers.base import ErrorKind, ProviderError
from ghostcells.providers.peer import Peer


def from_exception(error: BaseException, peer: Peer) -> ProviderError:
    """A failure below the protocol. SDKs wrap those of the HTTP library, which wrap the system's: all are looked at."""
    chain = _chain(error)
    names = {name for link in chain for name in _class_names(link)}
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return ProviderError(
            ErrorKind.TLS,
            f"The certificate of {peer.address} cannot be trusted: {peer.clean(_verdict(chain))}. "
            "Behind a proxy that inspects traffic, set model.caFile or SSL_CERT_FILE to a file with its CA.",
        )
    if "ConnectError" in names and any(_is_handshake(link) for link in chain):
        return ProviderError(
            ErrorKind.TLS,
            f"{peer.address} does not speak TLS as it should ({peer.clean(str(chain[-1]))}). "
            "Check whether model.baseUrl begins with https:// or http:// as the server does.",
        )
    if "ProxyError" in names:
        return ProviderError(
            ErrorKind.UNREACHABLE,
            f"The proxy on the way to {peer.address} refuses: {peer.clean(str(chain[-1]))}. Check HTTPS_PROXY and NO_PROXY.",
        )
    if names & {"ConnectError", "ConnectTimeout"}:
        why = "no answer" if "ConnectTimeout" in names else peer.clean(_reason(chain))
        return ProviderError(ErrorKind.UNREACHABLE, f"Cannot reach {peer.address}: {why}. {peer.start_hint}")
    if "TimeoutException" in names:
        return ProviderError(
            ErrorKind.TIMEOUT, f"{peer.label} went silent for too long. Suggestions go on by themselves."
        )
    if names & {"InvalidURL", "UnsupportedProtocol", "LocalProtocolError", "CookieConflict"}:
        return ProviderError(
            ErrorKind.MISCONFIGURED,
            f'"{peer.address}" cannot be asked: {peer.clean(str(chain[-1]))}. Check model.baseUrl.',
        )
    if names & {"TransportError", "StreamError", "StreamClosed", "ConnectionError"}:
        return ProviderError(
            ErrorKind.CUT, f"The connection to {peer.label} was lost. Suggestions go on by themselves."
        )
    if isinstance(chain[-1], ValueError):
        return garbage(peer, type(chain[-1]).__name__)
    return ProviderError(
        ErrorKind.MISCONFIGURED,
        f"The library that talks to {peer.label} failed ({type(chain[-1]).__name__}). Install it again, in the version "
        "that ghostcells asks for.",
    )


def garbage(peer: Peer, what: str) -> ProviderError:
    return ProviderError(
        ErrorKind.GARBAGE,
        f"What {peer.address} answers is not what {peer.label} would say ({peer.clean(what)}). Check model.baseUrl, "
        "and whether a proxy or a sign-in page stands in between.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _class_names(error: BaseException) -> list[str]:
    return [cls.__name__ for cls in type(error).__mro__]


def _verdict(chain: list[BaseException]) -> str:
    found = [link for link in chain if isinstance(link, ssl.SSLCertVerificationError)][-1]
    return found.verify_message or str(found)


def _is_handshake(error: BaseException) -> bool:
    """A disagreement, not a connection that was merely dropped while it was made."""
    dropped = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    return isinstance(error, ssl.SSLError) and not isinstance(error, dropped)


def _reason(chain: list[BaseException]) -> str:
    """The system's words, such as "Connection refused": several attempts may hide in one group."""
    for link in reversed(chain):
        for inner in getattr(link, "exceptions", (link,)):
            if isinstance(inner, OSError) and inner.strerror:
                # asyncio puts its own words there; a resolver's have no number of the system's
                known = isinstance(inner, socket.gaierror) or not inner.errno
                return inner.strerror if known else os.strerror(inner.errno or 0)
    return str(chain[-1]) or type(chain[-1]).__name__
