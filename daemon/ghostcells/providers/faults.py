"""Errors that a model's server tells, by status or in its stream, put as ProviderErrors in words that a person can act on.

Nothing here decides whether to try again; see `resilience`.
"""

import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from ghostcells.providers.base import ErrorKind, ProviderError
from ghostcells.providers.peer import Peer

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|prompt is too long|too many (?:input )?tokens|input is too long"
    r"|reduce the length|exceeds? the (?:available )?context|input length and `?max_tokens",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient_quota|credit balance|billing", re.IGNORECASE)
_UNKNOWN_MODEL = re.compile(
    r"model[ _]not[ _]found|(?:unknown|invalid) model|model\b.{0,80}\bdoes not exist", re.IGNORECASE
)


class Complaint(msgspec.Struct, frozen=True):
    """What a server says is wrong, in whichever of the usual shapes it says it."""

    message: str = ""
    code: str = ""
    param: str = ""

    @property
    def words(self) -> str:
        return f"{self.code} {self.message}"


def read_complaint(body: Any) -> Complaint:
    """From a body's bytes, or from what was decoded of it: `{"error": {…}}`, `{"error": "…"}`, `{"detail": …}`, text."""
    if isinstance(body, bytes):
        try:
            body = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Complaint(message=body[:4096].decode("utf-8", "replace"))
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            said = inner.get("message") or inner.get("detail") or ""
            return Complaint(str(said), _code(inner), str(inner.get("param") or ""))
        return Complaint(message=str(inner))
    return Complaint(message=str(body))


def _code(error: dict[str, Any]) -> str:
    """The error's name; some servers put the number of a status there, and the name under `type`."""
    code, name = error.get("code"), error.get("type")
    return str(name) if isinstance(code, int) and name else str(code or name or "")


def from_status(status: int, complaint: Complaint, peer: Peer, *, retry_after_s: float | None = None) -> ProviderError:
    """An answer that is an error by its status."""
    kind, retryable = _kind_of(status, complaint)
    return ProviderError(
        kind, _words(kind, f"HTTP {status}", complaint, peer), retryable=retryable, retry_after_s=retry_after_s
    )


_STREAMED = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "billing_error": 402,
    "not_found_error": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "timeout_error": 504,
}


def from_event(body: Any, peer: Peer) -> ProviderError:
    """An error that arrives as an event of a stream which began well."""
    complaint = read_complaint(body)
    status = int(complaint.code) if re.fullmatch("[45][0-9]{2}", complaint.code) else _STREAMED.get(complaint.code, 500)
    return from_status(status, complaint, peer)


def _kind_of(status: int, complaint: Complaint) -> tuple[ErrorKind, bool | None]:
    match status:
        case 401:
            return ErrorKind.UNAUTHORIZED, None
        case 402 | 403:
            return ErrorKind.FORBIDDEN, None
        case 404:
            return ErrorKind.NO_MODEL, None
        case 408 | 504:
            return ErrorKind.TIMEOUT, None
        case 413:
            return ErrorKind.CONTEXT_TOO_LONG, None
        case 429 if _NO_CREDIT.search(complaint.words):
            return ErrorKind.RATE_LIMITED, False
        case 429:
            return ErrorKind.RATE_LIMITED, None
        case 503 | 529:
            return ErrorKind.OVERLOADED, None
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.CONFLICT:
            return (ErrorKind.CONTEXT_TOO_LONG, None) if _is_too_long(complaint) else (ErrorKind.SERVER, None)
        case _:
            return _kind_of_refusal(complaint), None


def _kind_of_refusal(complaint: Complaint) -> ErrorKind:
    """Servers tell these apart by code or by words alone, all under status 400 or 422."""
    if _is_too_long(complaint):
        return ErrorKind.CONTEXT_TOO_LONG
    if _NO_CREDIT.search(complaint.words):
        return ErrorKind.FORBIDDEN
    if _UNKNOWN_MODEL.search(complaint.words):
        return ErrorKind.NO_MODEL
    return ErrorKind.MISCONFIGURED


def _is_too_long(complaint: Complaint) -> bool:
    return bool(_TOO_LONG.search(complaint.words)) or "exceed_context_size" in complaint.code


def _words(kind: ErrorKind, what: str, complaint: Complaint, peer: Peer) -> str:
    said = peer.clean(complaint.message)
    quote = f" It says: {said}" if said else ""
    match kind:
        case ErrorKind.UNAUTHORIZED:
            text = f"{peer.label} does not accept the key ({what}). {peer.key_hint}"
        case ErrorKind.FORBIDDEN:
            text = f"{peer.label} refuses this request ({what}). Check what the key may do and the account's credit."
        case ErrorKind.NO_MODEL:
            text = (
                f'{peer.label} has no model "{peer.clean(peer.model)}" at {peer.address} ({what}). '
                "Check model.name and model.baseUrl."
            )
        case ErrorKind.RATE_LIMITED if _NO_CREDIT.search(complaint.words):
            text = f"The account at {peer.label} has no credit left ({what}). Add credit, or choose another provider."
        case ErrorKind.RATE_LIMITED:
            text = f"{peer.label} limits how often it is asked ({what}). Suggestions go on by themselves."
        case ErrorKind.OVERLOADED:
            text = f"{peer.label} is overloaded ({what}). Suggestions go on by themselves."
        case ErrorKind.CONTEXT_TOO_LONG:
            text = (
                f'The request is too long for the model "{peer.clean(peer.model)}" ({what}). Lower model.inputTokens, or '
                "choose a model with a longer context."
            )
        case ErrorKind.TIMEOUT:
            text = f"{peer.label} took too long ({what})."
        case ErrorKind.SERVER:
            text = f"{peer.label} failed ({what}). Suggestions go on by themselves."
        case _:
            text = f"{peer.label} does not understand the request ({what}). Check model.baseUrl and model.name."
    return text + quote


def retry_after(headers: Any, now_s: float) -> float | None:
    """Seconds to wait as the server asks, from `retry-after-ms` or either form of `retry-after`."""
    try:
        if (text := headers.get("retry-after-ms")) is not None:
            return _sane(float(text) / 1000)
        if (text := headers.get("retry-after")) is None:
            return None
        try:
            return _sane(float(text))
        except ValueError:
            return _sane(parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):
        return None


def _sane(seconds: float) -> float | None:
    return max(seconds, 0.0) if seconds == seconds and seconds != float("inf") else None  # noqa: PLR0124 -- not NaN
