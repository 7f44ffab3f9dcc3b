"""Every setting, with its type, its default and what it does.

The settings' documentation, their JSON Schema and their names in the environment all come from these structs. A key
stands here if and only if something reads it; who may set it, and where a value comes from, is `load`'s matter.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Url = Annotated[str, Meta(pattern="^https?://")]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


class Suggest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When ghosts appear. The only settings that a workspace may give before it is trusted."""

    enabled: Annotated[bool, Meta(description="Whether anything is suggested at all.")] = True
    mode: Annotated[
        Literal["auto", "manual"],
        Meta(description="`auto` suggests while you type, `manual` only when you ask for it."),
    ] = "auto"
    disabled_languages: Annotated[
        tuple[str, ...],
        Meta(
            description="Language ids of code cells that get no suggestions, such as `python`.", examples=[["python"]]
        ),
    ] = ()
    disabled_notebooks: Annotated[
        tuple[str, ...],
        Meta(
            description="Patterns of notebooks that get no suggestions: `*` stands for any characters.",
            examples=[["*/private/*", "*.ipynb"]],
        ),
    ] = ()


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which model writes suggestions where memory has none.

    This release suggests from memory alone: what is set here is kept for a later one, and said to be so.
    """

    provider: Annotated[
        str | None,
        Meta(
            description="`none`, `openai`, `anthropic`, `azure`, `ollama` or a plugin's name. Unset: the provider "
            "whose key is in the environment (`openai` first), else `none`.",
            examples=["none"],
        ),
    ] = None
    name: Annotated[
        str | None, Meta(description="The model's name. Unset: a current, inexpensive one of the provider.")
    ] = None
    base_url: Annotated[
        Url | None,
        Meta(
            description="Where the provider is reached. Unset: its own address, or `OPENAI_BASE_URL`, "
            "`ANTHROPIC_BASE_URL`.",
            examples=["http://localhost:8080/v1"],
        ),
    ] = None
    api_key_file: Annotated[
        str | None,
        Meta(
            description="A file that holds the provider's key. Unset: `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, then the "
            "keyring. The key itself never stands in a configuration.",
            examples=["~/.config/keys/openai"],
        ),
    ] = None


class Memory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How remembered commands are found."""

    embedder: Annotated[
        Literal["auto", "lexical", "minilm", "openai"],
        Meta(
            description="What compares texts. `auto` takes the best local one that is installed, never a paid one; "
            "`lexical` compares words and needs nothing."
        ),
    ] = "auto"
    min_confidence: Annotated[
        Share | None,
        Meta(
            description="Below this probability nothing is shown; 0 shows the best there is. Unset: the calibrated "
            "value.",
            examples=[0.3],
        ),
    ] = None
    idle_seconds: Annotated[
        Count,
        Meta(description="After so many seconds without a search the embedder leaves main memory; 0: never."),
    ] = 600


class Budget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a paid model may cost. This release asks none."""

    notebook_usd: Annotated[
        Amount,
        Meta(description="The most that one notebook costs from its opening to its closing, in US dollars."),
    ] = 0.05
    day_usd: Annotated[Amount, Meta(description="The most that a day costs, in US dollars.")] = 1.0


class Log(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept of what happened, and how much the daemon says."""

    retention_days: Annotated[
        Count,
        Meta(description="Outputs and traces older than this are dropped; what was learned stays. 0 keeps all."),
    ] = 400
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="How much the daemon writes to its log file. Only `debug` writes text of cells."),
    ] = "info"


class Privacy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is taken out of everything that is stored."""

    patterns: Annotated[
        tuple[str, ...],
        Meta(
            description="Regular expressions (Python's) whose matches are redacted, besides what is recognised anyway.",
            examples=[["ACME-[0-9]{8}"]],
        ),
    ] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    suggest: Suggest = Suggest()
    model: Model = Model()
    memory: Memory = Memory()
    budget: Budget = Budget()
    log: Log = Log()
    privacy: Privacy = Privacy()


KEY_VARIABLES = (("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY"))
"""The providers that a key in the environment selects, the preferred one first."""


def chosen_provider(settings: Settings, environ: Mapping[str, str]) -> str:
    """The provider that is asked for: the setting's, else the one whose key is in the environment, else "none"."""
    if settings.model.provider is not None:
        return settings.model.provider
    return next((name for name, variable in KEY_VARIABLES if environ.get(variable, "").strip()), "none")
