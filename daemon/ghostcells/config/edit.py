"""Change one setting in a TOML file and leave everything else in it, comments included, as it was.

Only lines of the plain form `key = value` below `[section]` are touched. Whether the outcome means what was wanted is
decided by reading it again: a file that is written in another way is refused, not damaged.
"""

import os
import re
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.config.keys import Key, Wrong, check, keys, nearest, shown
from ghostcells.config.load import listed, parse_toml
from ghostcells.domain.errors import ConfigError

_TABLE = re.compile(r"^\s*\[(?P<name>[^\[\]]+)\]\s*(?:#.*)?$")


def find_key(path: str) -> Key:
    """The setting of this name; raises ConfigError with the nearest one."""
    key = keys().get(path)
    if key is None:
        guess = nearest(path, list(keys()))
        hint = f"did you mean {guess}?" if guess else "`ghostcells config get` lists all."
        raise ConfigError(f"{path}: unknown setting; {hint}")
    return key


def set_value(file: Path, path: str, text: str) -> Any:
    """Write a setting, given as on a command line; an empty text takes it out. Returns the value, None where taken out."""
    key = find_key(path)
    value = value_of(key, text) if text else None
    before = _read(file)
    after = _edited(before, key, value)
    if _tree(after, file) != _expected(_tree(before, file), key, value):
        line = f"{key.name} = {shown(value)}" if value is not None else f"no {key.name}"
        raise ConfigError(
            f"{file} is written in a way that is not edited here: put `{line}` below [{key.section}] by hand"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    passing = file.with_name(f".{file.name}.{os.getpid()}")
    passing.write_text(after, encoding="utf-8")
    passing.replace(file)
    return value


def value_of(key: Key, text: str) -> Any:
    """The value that a text of the command line stands for; raises ConfigError."""
    try:
        value, wrong = check(key, listed(text) if key.is_list else text, lax=True)
    except Wrong as error:
        raise ConfigError(f"{key.path}: {error}") from error
    if wrong:
        raise ConfigError(f"{key.path}: {wrong[0]}")
    return list(value) if key.is_list else value


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""


def _tree(text: str, file: Path) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error


def _expected(tree: dict[str, Any], key: Key, value: Any) -> dict[str, Any]:
    section = dict(tree.get(key.section, {}))
    if value is None:
        section.pop(key.name, None)
    else:
        section[key.name] = value
    return {**tree, key.section: section} if section or key.section in tree else tree


def _edited(text: str, key: Key, value: Any) -> str:
    lines = text.splitlines()
    wanted = None if value is None else f"{key.name} = {msgspec.json.encode(value).decode()}"
    start, end = _table(lines, key.section)
    if start is None:
        return text if wanted is None else "\n".join([*lines, *([""] if lines else []), f"[{key.section}]", wanted, ""])
    assigned = re.compile(rf"^\s*{re.escape(key.name)}\s*=")
    number = next((at for at in range(start + 1, end) if assigned.match(lines[at])), None)
    if number is not None:
        lines[number : number + 1] = [] if wanted is None else [wanted]
    elif wanted is not None:
        lines.insert(start + 1, wanted)
    return "\n".join([*lines, ""])


def _table(lines: list[str], name: str) -> tuple[int | None, int]:
    """Where a table's header is, and where the next one begins."""
    headers = [(at, match["name"].strip()) for at, line in enumerate(lines) if (match := _TABLE.match(line))]
    start = next((at for at, found in headers if found == name), None)
    end = next((at for at, _ in headers if start is not None and at > start), len(lines))
    return start, end
