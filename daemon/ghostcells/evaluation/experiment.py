"""What is to be measured: data, sample, variants. Read from TOML, or put together from a command line."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ghostcells.config.load import Problem, Source, merge, parse_toml
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError

Recall = Literal["on", "off", "nearest-words", "nearest-meaning"]
Name = Annotated[str, Meta(pattern=r"^[\w.+ =,:/-]{1,80}$")]


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`memory`: as in the daemon, not at all, or a floor that copies the command of the nearest prose.

    `settings` is the tree of the configuration file, laid over that of the run.
    """

    memory: Recall = "on"
    settings: dict[str, Any] = {}


class Judge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that says whether two commands do the same; `settings` as in a variant. `most` pairs are asked about."""

    settings: dict[str, Any]
    most: Annotated[int, Meta(ge=1)] = 200


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """`sample` questions are drawn by `seed` from those after the first `skip` of each data set; 0: all of them.

    `rankers` is a directory with `folds.json` (repository -> number) and `ranker-<number>.json`: who judges which repository,
    so that nobody is judged by what it was learned from. `cap-usd` is the most that the whole run may cost.
    """

    data: tuple[str, ...] = ()
    mine: bool = False
    sample: Annotated[int, Meta(ge=0)] = 0
    seed: int = 0
    skip: Annotated[int, Meta(ge=0)] = 0
    rankers: str = ""
    cap_usd: Annotated[float, Meta(ge=0)] = 0.0
    variants: dict[Name, Variant] = msgspec.field(default_factory=lambda: {"memory": Variant()})
    judge: Judge | None = None


def read(path: Path) -> Experiment:
    """The experiment in a file, its paths relative to it; raises ConfigError."""
    try:
        tree = parse_toml(path.read_text(encoding="utf-8"))
        found = msgspec.convert(tree, Experiment)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    beside = path.absolute().parent
    data = tuple(str(beside / Path(one).expanduser()) for one in found.data)
    rankers = str(beside / Path(found.rankers).expanduser()) if found.rankers else ""
    return msgspec.structs.replace(found, data=data, rankers=rankers)


def settings_for(given: dict[str, Any], base: Settings, *, name: str) -> Settings:
    """`base` with these settings on top; no model is asked unless they say so. Raises ConfigError for what does not fit."""
    tree = {"model": {"provider": "none"}}
    merged, problems = merge([Source("", tree), Source(name, given)])
    if problems:
        raise ConfigError(_told(problems, name))
    parts = {
        section: msgspec.structs.replace(
            getattr(base, section),
            **{key: getattr(getattr(merged, section), key) for key in _set(given, tree, section)},
        )
        for section in base.__struct_fields__
    }
    return msgspec.structs.replace(base, **parts)


def _set(given: dict[str, Any], tree: dict[str, Any], section: str) -> list[str]:
    """The attributes that are set for a section, whatever their spelling in TOML."""
    names = {*given.get(section, {}), *tree.get(section, {})}
    fields = msgspec.structs.fields(type(getattr(Settings(), section)))
    return [one.name for one in fields if one.encode_name in names]


def _told(problems: tuple[Problem, ...], name: str) -> str:
    return "; ".join(f"variant {name}: {one.key}: {one.message}" for one in problems)


def identity(*parts: object) -> str:
    """A short name for everything that a result depends on."""
    body = msgspec.json.encode([msgspec.to_builtins(one) for one in parts], order="deterministic")
    return hashlib.blake2b(body, digest_size=8).hexdigest()
