"""Which model is asked, and the chain that asks it: chosen by settings and environment, made when first needed.

To make it imports an SDK, reads a key and may wait for a keyring, so it happens beside the loop; until then, and where it
fails, memory suggests alone.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from ghostcells.app.trust import key_file_of, withheld
from ghostcells.config.schema import KEY_VARIABLES, Settings, chosen_provider
from ghostcells.domain.errors import ConfigError, GhostcellsError
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.peer import host_of
from ghostcells.providers.prices import FREE, Prices
from ghostcells.providers.resilience import Link, Resilient

logger = logging.getLogger(__name__)

TROUBLE = "model"
_NAMED = frozenset({"openai", "anthropic", "azure", "ollama", "scripted"})
_HERE = ("localhost", "127.0.0.1", "::1")
_URL_VARIABLES = {
    "openai": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "azure": "AZURE_OPENAI_ENDPOINT",
    "ollama": "",
}


class Choice(msgspec.Struct, frozen=True):
    """What the settings come to. `local`: on this computer; `free`: costs nothing by the token; `source` says who chose."""

    provider: str
    model: str
    fallback: str | None
    url: str | None
    local: bool
    free: bool
    source: str

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,) if self.fallback in {None, self.model} else (self.model, str(self.fallback))


def choose(settings: Settings, environ: Mapping[str, str], prices: Prices) -> Choice | None:
    """The model that is to be asked, None for none. Raises ConfigError where the settings do not name one."""
    provider = chosen_provider(settings, environ)
    if provider == "none":
        return None
    name = settings.model.name or prices.default_model(provider) or settings.model.deployment
    if not name and provider not in _NAMED:
        # A plugin may have one model only, and need no name for it.
        name = "default"
    if not name:
        raise ConfigError(f'model.name: the provider "{provider}" has no default model; name one.')
    url = settings.model.base_url or _environ_url(provider, environ) or None
    local = provider == "scripted" or (provider == "ollama" and url is None) or host_of(url or "") in _HERE
    source = "settings" if settings.model.provider else dict(KEY_VARIABLES)[provider]
    return Choice(provider, name, settings.model.fallback, url, local, local or provider in FREE, source)


def _environ_url(provider: str, environ: Mapping[str, str]) -> str:
    variable = _URL_VARIABLES.get(provider)
    return environ.get(variable, "").strip() if variable else ""


def prices_of(settings: Settings) -> Prices:
    """The table of prices. Raises ConfigError for a user's own that cannot be used."""
    own = settings.model.prices_file
    return Prices.load(Path(own).expanduser() if own else None)


def provider_config(settings: Settings, choice: Choice) -> ProviderConfig:
    """Everything but the key."""
    usual, model = ProviderConfig(), settings.model
    return ProviderConfig(
        base_url=choice.url,
        api_version=model.api_version,
        deployment=model.deployment,
        read_s=model.silence_seconds or usual.read_s,
        total_s=model.timeout_seconds or usual.total_s,
        ca_file=str(Path(model.ca_file).expanduser()) if model.ca_file else None,
    )


class Models:
    """The model in use. `trouble` is told what is wrong with it, in words, and nothing when it works again."""

    def __init__(self, environ: Mapping[str, str], trouble: Callable[[str], None]) -> None:
        self.choice: Choice | None = None
        self.prices = Prices.load()
        self._environ = environ
        self._tell = trouble
        self.troubled = False
        self._withheld = ""
        self._settings = Settings()
        self._making: asyncio.Task[Resilient] | None = None
        self._made: Resilient | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def use(self, settings: Settings) -> Choice | None:
        """Work with what these settings say from now on; returns what that is."""
        if (settings.model, settings.providers) != (self._settings.model, self._settings.providers):
            self._forget()
        self._settings = settings
        try:
            self.prices = prices_of(settings)
            self.choice = choose(settings, self._environ, self.prices)
        except ConfigError as error:
            self.choice = None
            self._trouble(str(error))
        return self.choice

    def prepare(self) -> None:
        """Begin to make the chain, so that the first answer need not wait for imports."""
        if self.choice is not None and self._making is None:
            self._background(self._prepared())

    async def chain(self) -> Resilient:
        """The chain, made at the first call; a failure is told, and the next call tries again."""
        if self._made is not None:
            return self._made
        if self._making is None or self._making.done():
            self._making = asyncio.ensure_future(self._make())
            self._making.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._making)

    async def close(self) -> None:
        self._forget()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _prepared(self) -> None:
        try:
            chain = await self.chain()
            await chain.prepare()
        except GhostcellsError as error:
            logger.warning("The model is not ready: %s", error)

    async def _make(self) -> Resilient:
        from ghostcells.providers.keys import find_key
        from ghostcells.providers.loading import off_loop
        from ghostcells.providers.registry import Registry

        settings, choice = self._settings, self.choice
        assert choice is not None
        try:
            found = await find_key(choice.provider, key_file=key_file_of(settings), environ=self._environ)
            if found.warning:
                logger.warning("%s", found.warning)
            self._withheld = ""
            if found.key is not None:
                self._withheld = withheld(settings, choice.provider, _environ_url(choice.provider, self._environ))
            key = None if self._withheld else found.key
            config = msgspec.structs.replace(provider_config(settings, choice), key=key)
            provider = await off_loop(lambda: Registry().create(choice.provider, config))
        except (ConfigError, ProviderError) as error:
            self._trouble(str(error))
            raise
        made = Resilient(
            [Link(provider, model) for model in choice.models],
            on_trouble=self._failed,
            on_recovered=lambda: self._trouble(""),
        )
        if settings is self._settings:
            self._made = made
        return made

    def _trouble(self, text: str) -> None:
        self.troubled = bool(text)
        self._tell(text)

    def _failed(self, error: ProviderError) -> None:
        """An empty answer is what a model is asked for that knows nothing useful: it works."""
        if error.kind is ErrorKind.UNAUTHORIZED and self._withheld:
            self._trouble(self._withheld)
        else:
            self._trouble("" if error.kind is ErrorKind.EMPTY else error.message)

    def _forget(self) -> None:
        """Give up the chain; requests under way end with their tasks."""
        made, self._made = self._made, None
        making, self._making = self._making, None
        self._trouble("")
        if making is not None and not making.done():
            making.cancel()
        if made is not None:
            self._background(made.close())

    def _background(self, work: object) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
