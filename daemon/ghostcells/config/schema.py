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
Seconds = Annotated[float, Meta(ge=1)]
Days = Annotated[float, Meta(ge=0.01)]
Tokens = Annotated[int, Meta(ge=300)]


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
    risky_commands: Annotated[
        tuple[str, ...],
        Meta(
            description="Patterns of commands to warn about, besides those that are warned about anyway: the program, its "
            "subcommands in order, options in any order; `a|b` either, `*` any characters.",
            examples=[["make deploy", "ansible-playbook ** --limit=prod*"]],
        ),
    ] = ()


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which model writes suggestions besides memory. docs/providers.md says how each is set up."""

    by_workspace: frozenset[str] = frozenset()
    """Attributes of this struct whose value a workspace gave, and the user's own configuration does not."""
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
    fallback: Annotated[
        str | None,
        Meta(
            description="A second model of the same provider, asked where the first one fails.",
            examples=["gpt-5.4-nano"],
        ),
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
    deployment: Annotated[
        str | None, Meta(description="The name of an Azure deployment, where it is not the model's name.")
    ] = None
    api_version: Annotated[
        str | None, Meta(description="The version of Azure's interface.", examples=["2024-10-21"])
    ] = None
    ca_file: Annotated[
        str | None,
        Meta(description="A file with the certificates that the provider's is checked against, in PEM."),
    ] = None
    prices_file: Annotated[
        str | None,
        Meta(
            description="A table of prices laid over ours, as docs/providers.md describes it.",
            examples=["~/.config/ghostcells/prices.toml"],
        ),
    ] = None
    timeout_seconds: Annotated[
        Seconds | None,
        Meta(description="The longest that one answer may take. Unset: 90, for Ollama 120."),
    ] = None
    silence_seconds: Annotated[
        Seconds | None,
        Meta(description="The longest silence before and within an answer. Unset: 30, for Ollama 120."),
    ] = None
    input_tokens: Annotated[
        Tokens,
        Meta(
            description="The most tokens that one prompt may have; what does not fit is left out, and the trace says what."
        ),
    ] = 600


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


class MostUsed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The commands that you run most. They are told to a model and are always among memory's candidates."""

    count: Annotated[
        Count, Meta(description="How many of them a notebook is given when it is opened; 0 switches this off.")
    ] = 10
    depth: Annotated[Count, Meta(description="How many are kept, ranked, to choose those from.")] = 50
    half_life_days: Annotated[
        Days, Meta(description="After so many days a run counts half: what you did last week goes before last month's.")
    ] = 7.0
    look_back_days: Annotated[Count, Meta(description="Runs older than this do not count.")] = 30
    min_runs: Annotated[Count, Meta(description="How often a command has to have been run in that time.")] = 2
    refresh_hours: Annotated[
        Amount, Meta(description="They are counted again after so many hours, by one daemon for all.")
    ] = 24.0
    keep_days: Annotated[
        Count,
        Meta(description="For so long the former ones are kept when there is nothing to count, as after a holiday."),
    ] = 30
    item_tokens: Annotated[
        Count, Meta(description="A command with more tokens than this, as estimated, is left out.")
    ] = 40


class Budget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a model may cost. Where a cap is reached memory goes on alone, and the status says so."""

    notebook_usd: Annotated[
        Amount,
        Meta(description="The most that one notebook costs from its opening to its closing, in US dollars."),
    ] = 0.05
    day_usd: Annotated[Amount, Meta(description="The most that a day costs, in US dollars.")] = 1.0
    soft_share: Annotated[
        Share,
        Meta(
            description="From this share of a cap on, a model is asked only where you ask by hand or have run a cell."
        ),
    ] = 0.8
    session_tokens: Annotated[
        Count,
        Meta(
            description="The most tokens, prompts and answers together, for as long as one cell has the focus; whoever asks "
            "by hand is answered beyond. 0: no limit."
        ),
    ] = 2400


class Providers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a provider of models may be shown."""

    allow_outputs: Annotated[
        bool, Meta(description="Whether what cells printed may be sent, shortened and without secrets.")
    ] = True
    allow_paths: Annotated[
        tuple[str, ...],
        Meta(
            description="Patterns of notebooks of which anything may be sent: `*` stands for any characters.",
            examples=[["*/runbooks/*"]],
        ),
    ] = ("*",)
    offline: Annotated[bool, Meta(description="Whether only a model on this computer may be asked.")] = False


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
    """What is taken out of everything that is stored or sent."""

    patterns: Annotated[
        tuple[str, ...],
        Meta(
            description="Regular expressions (Python's) whose matches are redacted, besides what is recognised anyway.",
            examples=[["ACME-[0-9]{8}"]],
        ),
    ] = ()


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is told to systems that watch; all of it is off by default, and there is no receiver but your own."""

    otlp: Annotated[
        bool, Meta(description="Whether spans and metrics are sent over OTLP. Needs `pip install 'ghostcells[otel]'`.")
    ] = False
    endpoint: Annotated[
        Url | None,
        Meta(
            description="Where the receiver is reached, over HTTP. Unset: `OTEL_EXPORTER_OTLP_ENDPOINT`, else "
            "`http://localhost:4318`. Headers come from `OTEL_EXPORTER_OTLP_HEADERS`.",
            examples=["https://api.honeycomb.io"],
        ),
    ] = None
    content: Annotated[
        bool, Meta(description="Whether spans hold prompts and answers, too; secrets are taken out of them.")
    ] = False
    metrics: Annotated[
        str | None,
        Meta(
            description="Where Prometheus may scrape, on 127.0.0.1; port 0 takes a free one, which the log names. "
            "Needs `pip install 'ghostcells[metrics]'`.",
            examples=["127.0.0.1:9464"],
        ),
    ] = None
    textfile: Annotated[
        str | None,
        Meta(
            description="A file that metrics are written to, for a node exporter's textfile collector.",
            examples=["/var/lib/node_exporter/ghostcells.prom"],
        ),
    ] = None
    usage: Annotated[
        bool,
        Meta(
            description="Whether usage events, features and numbers, are sent to the OTLP receiver. "
            "`ghostcells telemetry show` prints what that would be."
        ),
    ] = False
    private: Annotated[
        tuple[str, ...],
        Meta(
            description="Which words usage events may hold besides numbers: `language`, `provider`, `model`, `reason`.",
            examples=[["language"]],
        ),
    ] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    suggest: Suggest = Suggest()
    model: Model = Model()
    memory: Memory = Memory()
    most_used: MostUsed = MostUsed()
    budget: Budget = Budget()
    providers: Providers = Providers()
    log: Log = Log()
    privacy: Privacy = Privacy()
    telemetry: Telemetry = Telemetry()


KEY_VARIABLES = (("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY"))
"""The providers that a key in the environment selects, the preferred one first."""


def chosen_provider(settings: Settings, environ: Mapping[str, str]) -> str:
    """The provider that is asked for: the setting's, else the one whose key is in the environment, else "none"."""
    if settings.model.provider is not None:
        return settings.model.provider
    return next((name for name, variable in KEY_VARIABLES if environ.get(variable, "").strip()), "none")
