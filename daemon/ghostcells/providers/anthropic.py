"""Anthropic's Claude, by its messages format."""

import os
from typing import Any

from ghostcells.providers import messages
from ghostcells.providers.base import ProviderConfig
from ghostcells.providers.peer import Peer
from ghostcells.providers.sdk import SdkProvider, missing_sdk

DEFAULT_URL = "https://api.anthropic.com"


class AnthropicProvider(SdkProvider):
    name = "anthropic"
    label = "Anthropic"
    path = "/v1/messages"
    key_sources = "ANTHROPIC_API_KEY"

    def __init__(self, config: ProviderConfig) -> None:
        url = config.base_url or os.environ.get("ANTHROPIC_BASE_URL", "").strip() or DEFAULT_URL
        super().__init__(config, url=url, build=self._build)

    def _build(self) -> Any:
        try:
            from anthropic import AsyncAnthropic, Omit
        except ImportError:
            raise missing_sdk("anthropic", "anthropic") from None
        from ghostcells.providers.transport import TELEMETRY_HEADERS, http_client

        assert self._config.key is not None
        headers: Any = {name: Omit() for name in TELEMETRY_HEADERS}
        return AsyncAnthropic(
            api_key=self._config.key.reveal(),
            base_url=self._url,
            max_retries=0,
            default_headers=headers,
            open_telemetry=False,
            http_client=http_client(self._config, self._url),
        )

    def _types(self) -> tuple[Any, Any]:
        import httpx2
        from anthropic import AsyncStream

        return httpx2.Response, AsyncStream

    def _dialect(self, model: str) -> messages.Dialect:  # noqa: ARG002 -- one dialect each, whatever the model
        return messages.Dialect()

    def _reader(self, peer: Peer) -> messages.MessagesReader:
        return messages.MessagesReader(peer)


def create(config: ProviderConfig) -> AnthropicProvider:
    """The entry point."""
    return AnthropicProvider(config)
