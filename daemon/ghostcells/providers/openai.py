"""OpenAI, and any server that speaks its chat completions: that is a matter of the base URL alone."""

import os
from typing import Any, ClassVar

from ghostcells.providers import chat
from ghostcells.providers.base import ProviderConfig
from ghostcells.providers.peer import Peer, host_of
from ghostcells.providers.sdk import SdkProvider, missing_sdk

DEFAULT_URL = "https://api.openai.com/v1"


class OpenAIProvider(SdkProvider):
    name = "openai"
    label: ClassVar[str] = "OpenAI"
    path = "/chat/completions"
    key_sources = "OPENAI_API_KEY"

    def __init__(self, config: ProviderConfig) -> None:
        url = config.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or DEFAULT_URL
        host = host_of(url)
        self._hosted = host == "openai.com" or host.endswith(".openai.com")
        super().__init__(config, url=url, build=self._build, optional_key=not self._hosted)

    def _build(self) -> Any:
        try:
            from openai import AsyncOpenAI, Omit
        except ImportError:
            raise missing_sdk("openai", "openai") from None
        from ghostcells.providers.transport import TELEMETRY_HEADERS, http_client

        headers: dict[str, Any] = {name: Omit() for name in TELEMETRY_HEADERS}
        return AsyncOpenAI(
            api_key=self._config.key.reveal() if self._config.key else "none",
            base_url=self._url,
            organization=self._config.organisation,
            max_retries=0,
            default_headers=headers,
            http_client=http_client(self._config, self._url),
        )

    def _options(self) -> dict[str, Any]:
        """Without a key there is no header for one either; the SDK wants to hear that with every request."""
        if self._config.key:
            return {}
        from openai import Omit

        return {"headers": {"Authorization": Omit()}}

    def _types(self) -> tuple[Any, Any]:
        return sdk_types()

    def _dialect(self, model: str) -> chat.Dialect:
        return chat.Dialect(hosted=self._hosted, model=model)

    def _reader(self, peer: Peer) -> chat.ChatReader:
        return chat.ChatReader(peer)

    def _peer(self, model: str) -> Peer:
        if self._hosted:
            return super()._peer(model)
        return Peer(
            label="The server",
            url=self._url,
            model=model,
            key=self._config.key,
            key_hint=self._key_hint,
            start_hint=self.start_hint,
        )

    start_hint: ClassVar[str] = "Is the server running, and is model.baseUrl right?"


def sdk_types() -> tuple[Any, Any]:
    """Only after a client was built: the imports are then done."""
    import httpx2
    from openai import AsyncStream

    return httpx2.Response, AsyncStream


def create(config: ProviderConfig) -> OpenAIProvider:
    """The entry point."""
    return OpenAIProvider(config)
