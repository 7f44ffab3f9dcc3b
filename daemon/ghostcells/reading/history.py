"""Shell histories -> the commands in their order, as each shell writes them.

Which of them are worth learning, and how much of each, is `habits`' matter.
"""

import os
import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from ghostcells.reading.runbook import Unreadable

SHELLS = ("bash", "zsh", "fish", "atuin")
MOST = 50_000
"""Commands of a longer history than this are left out, the oldest first."""
_BASH_TIME = re.compile(r"^#\d{9,}$")
_ZSH_ENTRY = re.compile(r"^: \d+:\d+;")
_FISH_ENTRY = re.compile(r"^- cmd: (.*)$")
_META = 0x83


class Habit(msgspec.Struct, frozen=True):
    """A command with the one that most often came before it, empty where none did; `count` is how often it was run."""

    text: str
    before: str
    count: int


def default_path(shell: str, environ: Mapping[str, str], home: Path) -> Path:
    """Where a shell keeps its history unless it was told otherwise."""
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    match shell:
        case "bash":
            return home / ".bash_history"
        case "zsh":
            return Path(environ.get("ZDOTDIR") or home) / ".zsh_history"
        case "fish":
            return data / "fish/fish_history"
        case _:
            return Path(environ.get("ATUIN_DB_PATH") or data / "atuin/history.db")


def read_history(shell: str, path: Path) -> list[str]:
    """The commands, oldest first; raises Unreadable with the file's name and what is wrong."""
    try:
        if shell == "atuin":
            return _atuin(path)
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error
    parse = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return [command for one in parse(data) if (command := one.strip())][-MOST:]


def _bash(data: bytes) -> list[str]:
    """One command a line; where times stand between them, all lines up to the next time."""
    lines = data.decode(errors="replace").splitlines()
    if not any(_BASH_TIME.match(line) for line in lines):
        return lines
    commands: list[list[str]] = [[]]
    for line in lines:
        if _BASH_TIME.match(line):
            commands.append([])
        else:
            commands[-1].append(line)
    # What stands before the first time was written without, one command a line.
    return [*commands[0], *("\n".join(command) for command in commands[1:])]


def _zsh(data: bytes) -> list[str]:
    """Plain lines, or with a time before the command; a line that goes on ends with a backslash."""
    commands: list[str] = []
    pending: list[str] = []
    for line in _unmetafied(data).decode(errors="replace").split("\n"):
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending.append(line[:-1])
            continue
        commands.append(_ZSH_ENTRY.sub("", "\n".join([*pending, line])))
        pending = []
    return [*commands, *([_ZSH_ENTRY.sub("", "\n".join(pending))] if pending else [])]


def _unmetafied(data: bytes) -> bytes:
    """Undo what zsh does to bytes that mean something to it: a mark, and the byte with one bit turned."""
    if _META not in data:
        return data
    out = bytearray()
    turned = False
    for byte in data:
        if turned:
            out.append(byte ^ 32)
            turned = False
        elif byte == _META:
            turned = True
        else:
            out.append(byte)
    return bytes(out)


def _fish(data: bytes) -> list[str]:
    """Lines `- cmd: …` with newlines and backslashes escaped; what stands between them are times and paths."""
    found = (_FISH_ENTRY.match(line) for line in data.decode(errors="replace").splitlines())
    return [re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[1]) for match in found if match]


def _atuin(path: Path) -> list[str]:
    """The commands that ended well, of a database that Atuin may be writing."""
    import sqlite3

    if not path.exists():
        raise Unreadable(f"{path}: no such file or directory")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(history)")}
            kept = "AND deleted_at IS NULL" if "deleted_at" in columns else ""
            rows = connection.execute(
                f"SELECT command FROM (SELECT command, timestamp FROM history WHERE exit = 0 {kept} "  # noqa: S608
                "ORDER BY timestamp DESC LIMIT ?) ORDER BY timestamp",
                (MOST,),
            ).fetchall()
    except sqlite3.Error as error:
        raise Unreadable(f"{path}: not a history of Atuin: {error}") from error
    return [command for (text,) in rows if (command := str(text).strip())]


def present(environ: Mapping[str, str], home: Path) -> list[tuple[str, Path]]:
    """The histories that there are."""
    found = [(shell, default_path(shell, environ, home)) for shell in SHELLS]
    return [(shell, path) for shell, path in found if path.is_file() and os.access(path, os.R_OK)]
