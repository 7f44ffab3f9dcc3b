"""Whom a request goes to, as errors speak of them: what may be shown of an address, and how a stranger's words are quoted."""

import re
from urllib.parse import urlsplit, urlunsplit

import msgspec

from ghostcells.providers.base import SecretKey

_QUOTED_CHARS = 200
_KEY_SHAPES = re.compile(r"(?i)\b(?:bearer\s+\S+|(?:sk|pk|rk|key)-[\w*.…-]{4,})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Peer(msgspec.Struct, frozen=True):
    """Whom an error is about: the provider's name for people, its address, the model asked for, the key to keep out."""

    label: str
    url: str
    model: str = ""
    key: SecretKey | None = None
    key_hint: str = "Set model.apiKeyFile to a file that holds a valid key."
    start_hint: str = "Check your network and model.baseUrl."

    @property
    def address(self) -> str:
        """The URL without user, password and query, which may be secrets."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return self.clean(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))

    def clean(self, text: str) -> str:
        """Text of a stranger, made fit to be quoted in one line: without keys and control characters, cut short."""
        if self.key:
            text = text.replace(self.key.reveal(), "…")
        text = _CONTROLS.sub(" ", _KEY_SHAPES.sub("…", text)).strip()
        return text if len(text) <= _QUOTED_CHARS else text[: _QUOTED_CHARS - 1] + "…"


def host_of(url: str) -> str:
    """The host's name, or nothing where the URL is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
