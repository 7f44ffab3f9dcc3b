"""Azure OpenAI: OpenAI's format behind a resource's address, a deployment's name and an API version."""

import os
from typing import Any

from ghostcells.providers import chat
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.openai import sdk_types
from ghostcells.providers.peer import Peer
from ghostcells.providers.sdk import SdkProvider, missing_sdk

DEFAULT_VERSION = "2024-10-21"
"""The last dated version that is generally available; later ones are called v1 and have no dates."""


class AzureProvider(SdkProvider):
    """`base_url` is the resource, as https://NAME.openai.azure.com; the model's name is the deployment's, unless one is set."""

    name = "azure"
    label = "Azure OpenAI"
    path = "/chat/completions"
    key_sources = "AZURE_OPENAI_API_KEY"

    def __init__(self, config: ProviderConfig) -> None:
        url = config.base_url or os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip()
        super().__init__(config, url=url.rstrip("/"), build=self._build)

    def _build(self) -> Any:
        if not self._url:
            raise ProviderError(
                ErrorKind.MISCONFIGURED,
                "Azure OpenAI needs an address. Set model.baseUrl to https://NAME.openai.azure.com.",
            )
        try:
            from openai import AsyncAzureOpenAI, Omit
        except ImportError:
            raise missing_sdk("openai", "azure") from None
        from ghostcells.providers.transport import TELEMETRY_HEADERS, http_client

        assert self._config.key is not None
        headers: Any = {name: Omit() for name in TELEMETRY_HEADERS}
        return AsyncAzureOpenAI(
            api_key=self._config.key.reveal(),
            azure_endpoint=self._url,
            azure_deployment=self._config.deployment,
            api_version=self._config.api_version or os.environ.get("OPENAI_API_VERSION") or DEFAULT_VERSION,
            organization=self._config.organisation,
            max_retries=0,
            default_headers=headers,
            http_client=http_client(self._config, self._url),
        )

    def _types(self) -> tuple[Any, Any]:
        return sdk_types()

    def _dialect(self, model: str) -> chat.Dialect:
        return chat.Dialect(hosted=True, model=model)

    def _reader(self, peer: Peer) -> chat.ChatReader:
        return chat.ChatReader(peer)

    def _peer(self, model: str) -> Peer:
        return Peer(
            label=self.label,
            url=self._url,
            model=self._config.deployment or model,
            key=self._config.key,
            key_hint=self._key_hint,
            start_hint="Check model.baseUrl: it is https://NAME.openai.azure.com.",
        )


def create(config: ProviderConfig) -> AzureProvider:
    """The entry point."""
    return AzureProvider(config)
