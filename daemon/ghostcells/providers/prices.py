"""What tokens cost, and which model is asked where the user names none. The table is data: `prices.toml`, and a user's own.

Sums, caps and what happens at them are the ledger's.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ghostcells.domain.errors import ConfigError
from ghostcells.domain.exchange import Usage

FREE = frozenset({"ollama", "scripted", "none"})
"""Providers that cost nothing by the token."""
_MILLION = 1_000_000
_DATED = re.compile(r"(?:[-@]20\d{2}-?\d{2}-?\d{2}|[-:]latest)$")

Amount = Annotated[float, Meta(ge=0)]
Tokens = Annotated[int, Meta(ge=0)]


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars per million tokens; what is not given for the cache is priced as input."""

    input: Amount
    output: Amount
    cache_read: Amount | None = None
    cache_write: Amount | None = None
    up_to: Tokens | None = None
    cache_minimum: Tokens | None = None

    def usd(self, usage: Usage) -> float:
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        plain = max(usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens, 0)
        total = plain * self.input + usage.cache_read_tokens * read
        total += usage.cache_write_tokens * write + usage.output_tokens * self.output
        return total / _MILLION


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    defaults: dict[str, str] = {}
    models: dict[str, Price] = {}


class Prices:
    def __init__(self, table: dict[str, Price], defaults: dict[str, str]) -> None:
        self._table = table
        self._defaults = defaults

    @classmethod
    def load(cls, override: Path | None = None) -> "Prices":
        """Our table, with a user's file laid over it. Raises ConfigError for a file that cannot be used."""
        ours = _parse(Path(__file__).with_name("prices.toml").read_text("utf-8"), "prices.toml")
        theirs = _Table()
        if override is not None:
            try:
                theirs = _parse(override.read_text("utf-8"), str(override))
            except FileNotFoundError:
                pass  # most people have none
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{override}: the prices cannot be read: {error}.") from error
        return cls(ours.models | theirs.models, ours.defaults | theirs.defaults)

    def cost(self, model: str, usage: Usage, *, provider: str = "") -> tuple[float, bool]:
        """US dollars, and whether that is known: not for a model without a price, a prompt beyond its price's range."""
        if provider in FREE:
            return 0.0, True
        price = self.find(model)
        if price is None:
            return 0.0, False
        return price.usd(usage), price.up_to is None or usage.input_tokens <= price.up_to

    def find(self, model: str) -> Price | None:
        """A model's price, also where its name carries a date or a vendor. Names that merely resemble one have none."""
        for name in (model, model.rpartition("/")[2]):
            for candidate in (name, _DATED.sub("", name)):
                if candidate in self._table:
                    return self._table[candidate]
        return None

    def cache_minimum(self, model: str) -> int | None:
        """Tokens that a prefix needs before the provider caches it; None where that is not known."""
        price = self.find(model)
        return price.cache_minimum if price else None

    def default_model(self, provider: str) -> str | None:
        return self._defaults.get(provider)


def _parse(text: str, name: str) -> _Table:
    try:
        return msgspec.convert(tomllib.loads(text), _Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{name}: {error}") from error
