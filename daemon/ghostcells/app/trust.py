"""Whom the user's key may be sent to: the host that it is for, or one that the user has named; none that a workspace names.

A workspace that is trusted may say which model is asked and where, so that a team shares a server. That is not to say that it
gets the keys of everybody who opens it.
"""

from urllib.parse import urlsplit

from ghostcells.config.schema import Settings
from ghostcells.providers.peer import host_of

_USUAL = {"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}


def key_file_of(settings: Settings) -> str | None:
    """The file with the user's key, None where it may be for another provider than the one that a workspace has chosen."""
    return None if "provider" in settings.model.by_workspace else settings.model.api_key_file


def withheld(settings: Settings, provider: str, environ_url: str) -> str:
    """Why the key is not sent to the address in `settings`, empty where it is; `environ_url` is the environment's address."""
    url = settings.model.base_url
    if url is None or "base_url" not in settings.model.by_workspace:
        return ""
    if _origin(url) in {_origin(_USUAL.get(provider, "")), _origin(environ_url)} - {None}:
        return ""
    return (
        f"This workspace says that {provider} is at {host_of(url) or url}: your key is not sent there. "
        "If it should be, set model.baseUrl in your own configuration."
    )


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; a key that is for a host is not for it without encryption, nor for what else listens there."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.hostname else None
