"""Ollama on this computer, or elsewhere by base URL: OpenAI's format, no key."""

import msgspec

from ghostcells.providers.base import ProviderConfig
from ghostcells.providers.openai import OpenAIProvider
from ghostcells.providers.peer import Peer

DEFAULT_URL = "http://localhost:11434/v1"
_LOADING_S = 120.0
"""A model that is not in memory yet is loaded before the first byte comes."""


class OllamaProvider(OpenAIProvider):
    name = "ollama"
    label = "Ollama"
    start_hint = "Start it with `ollama serve`."

    def __init__(self, config: ProviderConfig) -> None:
        super().__init__(msgspec.structs.replace(config, base_url=config.base_url or DEFAULT_URL))

    def _peer(self, model: str) -> Peer:
        return Peer(label=self.label, url=self._url, model=model, key=self._config.key, start_hint=self.start_hint)


def create(config: ProviderConfig) -> OllamaProvider:
    """The entry point. Time-outs that were left at their defaults are stretched for loading."""
    usual = ProviderConfig()
    stretched = {name: _LOADING_S for name in ("read_s", "total_s") if getattr(config, name) == getattr(usual, name)}
    return OllamaProvider(msgspec.structs.replace(config, **stretched))
