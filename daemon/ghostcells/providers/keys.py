"""Where a provider's key comes from: a file that is named, the environment, the system's keyring. Never a workspace's file.

The caller sees to it that `key_file` was not set by an untrusted workspace. Nothing here logs, and no error quotes a key.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.domain.errors import ConfigError
from ghostcells.providers.base import SecretKey
from ghostcells.providers.loading import off_loop

VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
}
KEYLESS = frozenset({"ollama", "scripted", "none"})
SERVICE = "ghostcells"
_FILE_LIMIT = 16384
_KEYRING_S = 5.0
"""A locked keyring may wait for its owner to unlock it; suggestions from memory do not."""


class FoundKey(msgspec.Struct, frozen=True):
    """`source` tells a person where it came from; `warning` what is unsafe about that, if anything."""

    key: SecretKey | None
    source: str
    warning: str = ""


async def find_key(
    provider: str,
    *,
    key_file: str | None,
    environ: Mapping[str, str],
    load_keyring: Callable[[], Any] | None = None,
) -> FoundKey:
    """The key of a provider, or none. Raises ConfigError where a key file is named and cannot be used."""
    if key_file is not None:
        return await asyncio.to_thread(from_file, key_file)
    variable = VARIABLES.get(provider)
    if variable and (text := environ.get(variable, "").strip()):
        return FoundKey(SecretKey(text), variable)
    if provider in KEYLESS:
        return FoundKey(None, "")
    return await _from_keyring(provider, load_keyring or _import_keyring)


def from_file(name: str) -> FoundKey:
    """The first line that is not blank."""
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            lines = file.read(_FILE_LIMIT).decode("utf-8", "replace").split("\n")
    except OSError as error:
        raise ConfigError(f"model.apiKeyFile: {name} cannot be read: {error.strerror}.") from None
    text = next((line.strip() for line in lines if line.strip()), "")
    if not text:
        raise ConfigError(f"model.apiKeyFile: expected a key in {name}, which is empty.")
    others = os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO)
    warning = f"Others on this computer can read {name}. Run: chmod 600 {name}" if others else ""
    return FoundKey(SecretKey(text), name, warning)


def _import_keyring() -> Any:
    import keyring

    return keyring


async def _from_keyring(provider: str, load: Callable[[], Any]) -> FoundKey:
    """`keyring set ghostcells openai` puts it there. No keyring, a locked one or a broken one is the same as no key."""

    def look() -> str | None:
        try:
            found = load().get_password(SERVICE, provider)
        except Exception:  # noqa: BLE001 -- backends fail in their own ways, the package may not be there
            return None
        return found if isinstance(found, str) else None

    try:
        async with asyncio.timeout(_KEYRING_S):
            text = await off_loop(look)
    except TimeoutError:
        return FoundKey(None, "", "The system's keyring did not answer.")
    return FoundKey(SecretKey(text), "keyring") if text and text.strip() else FoundKey(None, "")
