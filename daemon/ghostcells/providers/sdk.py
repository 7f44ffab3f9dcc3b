"""What the adapters on official SDKs share: one client, built at first use off the loop, and one way to ask through it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Protocol

from ghostcells.domain.exchange import Chunk, Prompt
from ghostcells.providers.answer import Answer, Reader
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError, SecretKey
from ghostcells.providers.exchange import Exchange, Refused
from ghostcells.providers.faults import Complaint
from ghostcells.providers.loading import Once
from ghostcells.providers.peer import Peer
from ghostcells.providers.stops import Stops

_REPHRASINGS = 8
_REFUSALS = (400, 422)


class Dialect(Protocol):
    """How requests are put for one model; see `chat` and `messages`."""

    def body(self, model: str, prompt: Prompt) -> dict[str, Any]: ...

    def learn(self, body: dict[str, Any], complaint: Complaint) -> bool: ...


class SdkProvider(ABC):
    """A provider behind an SDK's client. The SDK authenticates, addresses and sends; the stream is read here.

    Reading it ourselves is what makes a missing end visible (the SDKs take it for success), keeps bounds, and costs the
    event loop a small part of what the SDKs' models cost per chunk.
    """

    name: str
    label: ClassVar[str]
    path: ClassVar[str]
    """Where requests go, below the base URL."""
    key_sources: ClassVar[str]

    def __init__(
        self, config: ProviderConfig, *, url: str, build: Callable[[], Any], optional_key: bool = False
    ) -> None:
        self._config = config
        self._url = url
        self._optional_key = optional_key
        self._client = Once(build)
        self._dialects: dict[str, Dialect] = {}

    async def prepare(self) -> None:
        """Import the SDK and build its client now, so that the first request need not. Raises ProviderError."""
        self._check_key()
        await self._client.get()

    async def stream(self, model: str, prompt: Prompt) -> AsyncIterator[Chunk]:
        self._check_key()
        client = await self._client.get()
        peer = self._peer(model)
        exchange = Exchange(peer, self._config)
        try:
            dialect = self._dialects.setdefault(model, self._dialect(model))
            body = await self._open(exchange, client, dialect, model, prompt)
            stops = Stops(prompt.stop if "stop" not in body and "stop_sequences" not in body else ())
            answer = Answer(exchange, self._reader(peer), peer, self._config, stops)
            while chunks := await answer.more():
                for chunk in chunks:
                    yield chunk
            if answer.ended:
                await exchange.drain()
        finally:
            await exchange.close()

    async def close(self) -> None:
        await self._client.close(lambda client: client.close())

    async def _open(
        self, exchange: Exchange, client: Any, dialect: Dialect, model: str, prompt: Prompt
    ) -> dict[str, Any]:
        """Open the exchange, rephrasing what the server does not take; returns what was sent in the end."""
        for _ in range(_REPHRASINGS):
            body = dialect.body(model, prompt)
            try:
                await exchange.open(lambda body=body: self._send(client, body))  # type: ignore[misc]
            except Refused as refused:
                if refused.status not in _REFUSALS or not dialect.learn(body, refused.complaint):
                    raise refused.error from None
            else:
                return body
        raise ProviderError(ErrorKind.MISCONFIGURED, f"{self.label} takes no form of the request. Check model.name.")

    async def _send(self, client: Any, body: dict[str, Any]) -> Any:
        """The SDK's plain `post`: its typed methods do the same and take apart the request's types on the loop, once."""
        raw, stream_class = self._types()
        return await client.post(
            self.path, cast_to=raw, body=body, options=self._options(), stream=True, stream_cls=stream_class
        )

    def _options(self) -> dict[str, Any]:
        """What the SDK is told about each request besides its body."""
        return {}

    @abstractmethod
    def _types(self) -> tuple[Any, Any]:
        """The SDK's classes of a raw response and of a stream."""

    @abstractmethod
    def _dialect(self, model: str) -> Dialect: ...

    @abstractmethod
    def _reader(self, peer: Peer) -> Reader: ...

    def _peer(self, model: str) -> Peer:
        return Peer(label=self.label, url=self._url, model=model, key=self._config.key, key_hint=self._key_hint)

    @property
    def _key_hint(self) -> str:
        return f"Check {self.key_sources}, or set model.apiKeyFile to a file that holds a valid key."

    def _check_key(self) -> None:
        key = self._config.key
        if not key:
            if self._optional_key:
                return
            raise ProviderError(
                ErrorKind.UNAUTHORIZED, f"There is no key for {self.label}. Set {self.key_sources} or model.apiKeyFile."
            )
        if not is_sendable(key):
            raise ProviderError(
                ErrorKind.MISCONFIGURED,
                f"The key for {self.label} has blanks or characters that no key has. Copy it again.",
            )


def is_sendable(key: SecretKey) -> bool:
    """Whether a header can carry it."""
    return all("!" <= char <= "~" for char in key.reveal())


def missing_sdk(package: str, extra: str) -> ProviderError:
    return ProviderError(
        ErrorKind.MISCONFIGURED, f"The package `{package}` is not installed. Run: pip install 'ghostcells[{extra}]'."
    )
