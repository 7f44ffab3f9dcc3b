"""Commands that run other commands, taken apart: `sudo rm`, `xargs rm`, `sh -c '…'`, `ssh host rm`, `find -exec rm`."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from ghostcells.context.commands import Command, commands_in

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "fish"})
INTERPRETERS = SHELLS | {"python", "python2", "python3", "perl", "ruby", "node", "php", "deno", "bun", "pwsh"}
_DEPTH = 6
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")

_WITH_VALUE: dict[str, str] = {
    "sudo": "-u -g -h -p -C -r -t -T -U -D --user --group --host --prompt --chdir",
    "doas": "-u -C",
    "pkexec": "--user",
    "env": "-u -C -S --unset --chdir",
    "nice": "-n --adjustment",
    "ionice": "-c -n -p",
    "timeout": "-k -s --kill-after --signal",
    "xargs": "-I -i -n -P -L -d -a -s -E --max-args --max-procs --replace --delimiter --arg-file",
    "parallel": "-j --jobs -a -S --sshlogin",
    "watch": "-n --interval",
    "stdbuf": "-i -o -e",
    "flock": "-w -E --timeout",
    "chroot": "--userspec --groups",
    "nsenter": "-t -S -G --target",
    "strace": "-e -o -p -s",
    "setsid": "",
    "nohup": "",
    "time": "-f -o",
    "exec": "-a",
    "command": "",
    "builtin": "",
    "unbuffer": "",
    "aws-vault": "",
    "arch": "",
}
_SKIPPED_WORDS = {"timeout": 1, "flock": 1, "chroot": 1}
_REMOTE: dict[str, str] = {
    "ssh": "-p -i -l -o -F -J -L -R -D -b -c -E -m -S -W -w",
    "docker": "-u -w -e -n --user --workdir --env --name -v --volume -p --network",
    "podman": "-u -w -e -n --user --workdir --env --name -v --volume -p --network",
}
_EXEC = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def expanded(command: Command, depth: int = 0) -> Iterator[Command]:
    """The command itself and every command that it runs on its own account."""
    yield command
    if depth >= _DEPTH or not command.argv:
        return
    for inner in _inner(command):
        yield from expanded(inner, depth + 1)


def _inner(command: Command) -> Iterator[Command]:
    name, arguments = command.program, list(command.argv[1:])
    if name in SHELLS or name == "su":
        yield from _script(command, arguments)
    elif name == "eval":
        yield from _nested(command, " ".join(arguments))
    elif name in _WITH_VALUE:
        rest = _after_options(arguments, _WITH_VALUE[name].split(), _SKIPPED_WORDS.get(name, 0))
        if rest:
            yield msgspec.structs.replace(command, argv=tuple(rest))
    elif name == "find":
        for index, word in enumerate(arguments):
            if word in _EXEC:
                yield msgspec.structs.replace(command, argv=tuple(arguments[index + 1 :]), fed_by=())
    elif name == "ssh":
        rest = _after_options(arguments, _REMOTE["ssh"].split(), 1)
        if rest:
            yield from _nested(command, " ".join(rest))
    elif "--" in arguments:
        rest = arguments[arguments.index("--") + 1 :]
        if rest and name in {
            "kubectl",
            "oc",
            "docker",
            "podman",
            "aws-vault",
            "nomad",
            "flyctl",
            "k3s",
            "chamber",
            "op",
        }:
            yield msgspec.structs.replace(command, argv=tuple(rest), fed_by=())
    elif name in {"docker", "podman"} and arguments[:1] in (["exec"], ["run"]):
        rest = _after_options(arguments[1:], _REMOTE[name].split(), 1)
        if rest:
            yield msgspec.structs.replace(command, argv=tuple(rest), fed_by=())


def _script(command: Command, arguments: Sequence[str]) -> Iterator[Command]:
    """What a shell is told to run: `-c`, its here-document, or what `echo` pipes into it."""
    for index, word in enumerate(arguments):
        if word.startswith("-") and not word.startswith("--") and "c" in word and index + 1 < len(arguments):
            yield from _nested(command, arguments[index + 1])
            return
    if reads_input(command):
        yield from _nested(command, command.stdin)
        for feeder in command.fed_by:
            if feeder.program in {"echo", "printf"}:
                yield from _nested(command, " ".join(feeder.argv[1:]))
            elif feeder.program == "cat" and feeder.stdin:
                yield from _nested(command, feeder.stdin)


def reads_input(command: Command) -> bool:
    """Whether an interpreter takes its program from its input: no file and no program among its arguments."""
    arguments = command.argv[1:]
    if command.program in SHELLS and any(_is_cluster(word, "s") for word in arguments):
        return True
    if any(_is_cluster(word, letter) for word in arguments for letter in "cem") or "--eval" in arguments:
        return False
    return all(word.startswith("-") for word in arguments)


def _is_cluster(word: str, letter: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and letter in word[1:]


def _nested(command: Command, text: str) -> Iterator[Command]:
    if text.strip():
        for inner in commands_in(text):
            yield msgspec.structs.replace(inner, env=(*command.env, *inner.env))


def _after_options(arguments: Sequence[str], with_value: Sequence[str], skipped: int) -> list[str]:
    rest = list(arguments)
    while rest:
        word = rest[0]
        if word == "--":
            rest.pop(0)
            break
        if word.startswith("-") and len(word) > 1:
            rest.pop(0)
            if word in with_value and rest:
                rest.pop(0)
        elif _ASSIGNMENT.match(word):
            rest.pop(0)
        else:
            break
    return rest[skipped:]
