"""Which options of a program mean the same, and which take a value: read from `flags.toml`."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec


class Option(msgspec.Struct, frozen=True):
    """`name` is the one that all spellings are counted under."""

    name: str
    valued: bool


class Flags(msgspec.Struct, frozen=True):
    """One program's options by each of their spellings; `clusters`: whether letters may be written together."""

    options: dict[str, Option]
    clusters: bool


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clusters: dict[str, list[str]]
    options: dict[str, list[str]]


@cache
def _table() -> _Table:
    text = files("ghostcells.evaluation").joinpath("flags.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


@cache
def _entry(name: str) -> dict[str, Option]:
    found: dict[str, Option] = {}
    for line in _table().options.get(name, ()):
        spellings = line.removesuffix("=").split()
        option = Option(spellings[-1], line.endswith("="))
        found.update((spelling, option) for spelling in spellings)
    return found


@cache
def _of(program: str, subcommand: str) -> Flags:
    special = _entry(f"{program} {subcommand}")
    return Flags({**_entry(program), **special}, program in _table().clusters["programs"])


def flags_of(argv: Sequence[str]) -> Flags:
    """What is known of the options of this command; an unknown program has none."""
    program = argv[0].rpartition("/")[2]
    subcommand = next((word for word in argv[1:] if not word.startswith("-")), "")
    return _of(program, subcommand if f"{program} {subcommand}" in _table().options else "")
