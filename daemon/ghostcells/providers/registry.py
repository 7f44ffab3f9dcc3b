"""Providers by name. Own ones and plugins register in the same entry-point group; only the one in use is imported."""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points

from ghostcells.domain.errors import ConfigError
from ghostcells.providers.base import Provider, ProviderConfig, ProviderError

GROUP = "ghostcells.providers"
_OWN = ("openai", "anthropic", "azure", "ollama", "scripted")

Factory = Callable[[ProviderConfig], Provider]


def _own() -> dict[str, EntryPoint]:
    """Known without metadata too, as when the package runs from its source tree."""
    return {name: EntryPoint(name, f"ghostcells.providers.{name}:create", GROUP) for name in _OWN}


class Registry:
    """What there is, and how to make it. A plugin cannot take the name of one of ours: it would be handed its key."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        own = _own()
        plugins = entry_points(group=GROUP) if found is None else found
        self._entries = {entry.name: entry for entry in plugins} | own

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def create(self, name: str, config: ProviderConfig) -> Provider:
        """The provider. Raises ConfigError where there is none of that name, or where it does not work."""
        entry = self._entries.get(name)
        if entry is None:
            raise ConfigError(f'model.provider: there is no provider "{name}".{self._hint(name)}')
        try:
            factory: Factory = entry.load()
        except Exception as error:
            raise ConfigError(
                f'model.provider: the provider "{name}" ({entry.value}) cannot be loaded: {type(error).__name__}: {error}. '
                "Repair or uninstall that plugin, or choose another provider."
            ) from error
        try:
            return factory(config)
        except (ProviderError, ConfigError):
            raise
        except Exception as error:  # noqa: BLE001 -- a plugin's code; its exception may quote the key, so it is not chained
            raise ConfigError(
                f'model.provider: the provider "{name}" cannot be set up ({type(error).__name__}).'
            ) from None

    def _hint(self, name: str) -> str:
        import difflib

        near = difflib.get_close_matches(name.lower(), self._entries, n=2, cutoff=0.6)
        question = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"{question} Known: {', '.join(self.names())}, none."
