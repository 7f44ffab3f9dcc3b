"""Warnings about a suggested command, wherever it comes from.

By what would run, not by what stands there: quoted text and comments warn of nothing, and what a pipe, a substitution, `sudo`,
`xargs` or `sh -c` runs is seen. Whether a warned-of command shows is for others to decide.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from ghostcells.context.commands import Command, commands_in
from ghostcells.context.languages import is_shell
from ghostcells.context.places import known_places, places_of
from ghostcells.context.programs import shell_in_python, sql_given, sql_warning
from ghostcells.context.rules import CONTEXT, DESTRUCTIVE, PRIVILEGED, REMOTE, Rule, listed, matches
from ghostcells.context.wrappers import INTERPRETERS, expanded, reads_input
from ghostcells.domain.ghosts import Caution

_FETCHERS = frozenset({"curl", "wget", "http", "https", "xh", "fetch", "aria2c", "lynx", "lwp-download"})
_DEVICES = (
    "/dev/sd",
    "/dev/nvme",
    "/dev/hd",
    "/dev/vd",
    "/dev/xvd",
    "/dev/mmcblk",
    "/dev/disk",
    "/dev/mapper",
    "/dev/mem",
)
_ORDER = (DESTRUCTIVE, REMOTE, PRIVILEGED, CONTEXT)
_SQL = frozenset({"sql", "mysql", "postgres", "postgresql", "sqlite", "plsql", "tsql", "bigquery"})
_PYTHON = frozenset({"python", "ipython"})


def cautions(text: str, language: str, used: Sequence[str] = (), rules: Sequence[Rule] = ()) -> tuple[Caution, ...]:
    """What to say about a command before it is run, each message once, the gravest first.

    `used` are the commands run so far in the notebook, for the places they name; `rules` the user's own, besides the listed
    ones.
    """
    return _cautions(text, language, tuple(used), tuple(rules))


@lru_cache(maxsize=256)
def _cautions(text: str, language: str, used: tuple[str, ...], rules: tuple[Rule, ...]) -> tuple[Caution, ...]:
    if language in _SQL:
        found = [Caution(DESTRUCTIVE, message) for message in sql_warning(text)]
    else:
        commands = _commands(text, language)
        found = [caution for command in commands for caution in _of_command(command, rules)]
        if any(True for command in commands for _ in places_of(command)):
            found += _elsewhere(commands, used, language)
    order = {code: place for place, code in enumerate(_ORDER)}
    return tuple(sorted(dict.fromkeys(found), key=lambda caution: order.get(caution.code, len(order))))


@lru_cache(maxsize=512)
def _commands(text: str, language: str) -> tuple[Command, ...]:
    if is_shell(language):
        scripts = [text]
    elif language in _PYTHON:
        scripts = shell_in_python(text)
    else:
        scripts = []
    return tuple(inner for script in scripts for command in commands_in(script) for inner in expanded(command))


def _of_command(command: Command, rules: Sequence[Rule]) -> Iterator[Caution]:
    for rule in (*listed(command.program), *rules):
        if matches(rule.pattern, command.argv):
            yield Caution(rule.code, f"`{command.program}` {rule.message}")
    for target in command.writes:
        if target.startswith(_DEVICES):
            yield Caution(DESTRUCTIVE, f"writes over the device {target}")
    if command.program == "tee" and any(word.startswith(_DEVICES) for word in command.argv[1:]):
        yield Caution(DESTRUCTIVE, "`tee` writes over a device")
    for sql in sql_given(command):
        yield from (Caution(DESTRUCTIVE, message) for message in sql_warning(sql))
    if _runs_remote(command):
        yield Caution(REMOTE, f"`{command.program}` runs what it has just fetched")


def _runs_remote(command: Command) -> bool:
    program = command.program
    if program in INTERPRETERS and reads_input(command) and any(map(_fetches, command.fed_by)):
        return True
    if program in INTERPRETERS or program in {"eval", "source", "."}:
        taken = program in {"eval", "source", "."} or any("(" in word or "`" in word for word in command.argv[1:])
        return taken and any(map(_fetches, command.given))
    return False


def _fetches(command: Command) -> bool:
    return any(inner.program in _FETCHERS for inner in expanded(command))


@lru_cache(maxsize=16)
def _used_places(used: tuple[str, ...], language: str) -> Mapping[str, set[str]]:
    return known_places(inner for text in used for inner in _commands(text, language))


def _elsewhere(commands: Sequence[Command], used: tuple[str, ...], language: str) -> Iterator[Caution]:
    known = _used_places(used, language)
    for command in commands:
        for place in places_of(command):
            others = known.get(place.kind)
            if others and place.name not in others:
                before = ", ".join(sorted(others))
                yield Caution(CONTEXT, f"{place.kind} {place.name}: so far this notebook used {before}")
