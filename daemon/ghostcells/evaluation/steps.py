"""A command as steps that can be compared: each simple command's program, arguments in order, and options by name.

Quoting is gone, short and long spellings of an option are one, options stand in no order. What a pipe, a substitution, a
redirection or a here-document adds is part of the step it belongs to.
"""

from collections.abc import Iterator

import msgspec

from ghostcells.context.commands import Command, commands_in
from ghostcells.evaluation.flags import Flags, flags_of

MOST_STEPS = 60
"""A longer cell is a script; comparing each step with each would take longer than anyone waits."""
_COUNTED = frozenset({"head", "tail"})
"""Programs that take `-5` for `--lines=5`."""
SHELLS = frozenset({"shellscript", "bash", "sh", "zsh", "shell"})


class Step(msgspec.Struct, frozen=True):
    """`positional` begins with the program, `named` has each option with its values, sorted; `piped`: fed by the one before."""

    positional: tuple[str, ...]
    named: tuple[tuple[str, str], ...] = ()
    piped: bool = False

    @property
    def size(self) -> int:
        """How many things there are in it that may differ."""
        return len(self.positional) + len(self.named)

    @property
    def program(self) -> str:
        return self.positional[0] if self.positional else ""


def steps_of(text: str, language: str = "shellscript") -> tuple[Step, ...]:
    """The steps of a shell cell; of another language each line is one, its words the arguments."""
    if language not in SHELLS:
        lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith(("#", "--")))
        return tuple(Step(tuple(words)) for words in lines if words)
    found = commands_in(text)
    inner = {id(one) for command in found for one in command.given}
    return tuple(step for command in found if id(command) not in inner and (step := _step(command)).size)


def _step(command: Command) -> Step:
    argv = command.argv
    positional, named = _split(argv, flags_of(argv)) if argv else ([], [])
    named += [(f"{name}=", value) for name, value in command.env]
    named += [(">", target) for target in command.writes]
    if command.stdin:
        named.append(("<<", command.stdin.strip()))
    return Step(tuple(positional), tuple(sorted(named)), bool(command.fed_by))


def _split(argv: tuple[str, ...], flags: Flags) -> tuple[list[str], list[tuple[str, str]]]:
    positional, named = [argv[0].rpartition("/")[2] or argv[0]], []
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            positional += [word, *words]
        elif word[1:].isdigit() and word[0] == "-" and argv[0] in _COUNTED:
            named.append(("--lines", word[1:]))
        elif not word.startswith("-") or word == "-" or word.lstrip("-")[:1].isdigit():
            positional.append(word)
        else:
            named += _option(word, words, flags)
    return positional, named


def _option(word: str, words: Iterator[str], flags: Flags) -> list[tuple[str, str]]:
    """The options that one word holds; a value that stands in the next word is taken from there."""
    known = flags.options.get(word)
    if known is not None:
        return [(known.name, next(words, "") if known.valued else "")]
    name, equals, value = word.partition("=")
    if equals:
        known = flags.options.get(name)
        return [(known.name if known else name, value)]
    return _letters(word, words, flags) or [(word, "")]


def _letters(word: str, words: Iterator[str], flags: Flags) -> list[tuple[str, str]]:
    """`-la`, `-n5`, `-itp 80:80`; nothing where that is not how this program's options are written."""
    first = flags.options.get(word[:2])
    if word.startswith("--") or (first is None and not flags.clusters):
        return []
    found: list[tuple[str, str]] = []
    for at in range(1, len(word)):
        known = flags.options.get(f"-{word[at]}")
        if known is not None and known.valued:
            return [*found, (known.name, word[at + 1 :] or next(words, ""))]
        if known is None and not flags.clusters:
            return []
        found.append((known.name if known else f"-{word[at]}", ""))
    return found
