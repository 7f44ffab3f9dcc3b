"""All sources of settings -> (Settings, problems).

Precedence: defaults < the user's file < the workspace < the environment < the editor's settings. A value that does not
fit costs that value alone, so the next source below it counts; all problems come together. `merge` is pure, so that a
change of one source is to merge again; `sources` reads files and the environment. What settings mean is left to those
who read them.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.config.keys import Wrong, check, keys, nearest, shown
from ghostcells.config.places import OWN_VARIABLES
from ghostcells.config.schema import Settings

WORKSPACE_FILE = ".ghostcells.toml"
_FREE_SECTION = "suggest"
"""The only section that counts from a workspace that is not trusted."""
_NOT_FROM_WORKSPACES = {
    "model.apiKeyFile": "a key is not to be shared",
    "model.caFile": "whose certificates are believed is yours to say",
}
"""Trusted or not: a workspace is shared, and a key is one's own; so is whom it may be sent to."""
_OWN_SECTION = "telemetry"
"""Nor does a workspace say who is told what its user does."""
_PREFIX = "GHOSTCELLS_"


class Source(msgspec.Struct, frozen=True):
    """Where settings stand; `restricted`: only `suggest.*` counts, `lax`: values are strings, as in the environment.

    `workspace`: they come with a folder, and whoever gets the folder gets them.
    """

    name: str
    tree: Mapping[str, Any]
    restricted: bool = False
    workspace: bool = False
    lax: bool = False


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the configuration; `key` is empty where it is the whole source."""

    source: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.message) if part)


class Value(msgspec.Struct, frozen=True):
    """What a setting is, and which source said so; `workspace`: only a workspace did."""

    value: Any
    source: str
    workspace: bool = False


def merge(given: Sequence[Source]) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings that sources give together, the last one counting most, and all that is wrong with them."""
    values, problems = resolve(given)
    sections: dict[str, dict[str, Any]] = {}
    for path, found in values.items():
        key = keys()[path]
        sections.setdefault(key.section, {})[key.attribute] = found.value
    attributes = (keys()[path] for path, found in values.items() if found.workspace)
    given_there = frozenset(key.attribute for key in attributes if key.section == "model")
    if given_there:
        sections["model"]["by_workspace"] = given_there
    default = Settings()
    built = {name: msgspec.structs.replace(getattr(default, name), **values) for name, values in sections.items()}
    return msgspec.structs.replace(default, **built), problems


def resolve(given: Sequence[Source]) -> tuple[dict[str, Value], tuple[Problem, ...]]:
    """What each setting that is set anywhere comes to, and from where."""
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for source in given:
        for path, raw in _leaves(source.tree):
            complaints = _take(source, path, raw, values)
            problems.extend(Problem(source.name, path, message) for message in complaints)
    return values, tuple(problems)


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted paths and values; a table that a setting's name has is a (wrong) value, a null is as good as absent."""
    for name, value in tree.items():
        path = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping) and path not in keys():
            yield from _leaves(value, path)
        elif value is not None:
            yield path, value


def _take(source: Source, path: str, raw: Any, values: dict[str, Value]) -> list[str]:
    """Put one value among `values`; what is wrong with it."""
    key = keys().get(path)
    if key is None:
        return [_unknown(path, raw)]
    if source.restricted and key.section != _FREE_SECTION:
        return ["not heeded while the workspace is not trusted"]
    if source.workspace and path in _NOT_FROM_WORKSPACES:
        return [f"not heeded from a workspace: {_NOT_FROM_WORKSPACES[path]}. Set it in your own configuration"]
    if source.workspace and path.partition(".")[0] == _OWN_SECTION:
        return [
            "not heeded from a workspace: who is told what you do is yours to say. Set it in your own configuration"
        ]
    try:
        value, wrong = check(key, listed(raw) if source.lax and key.is_list else raw, lax=source.lax)
    except Wrong as error:
        return [str(error)]
    if value or not wrong:
        own = path in values and not values[path].workspace and values[path].value == value
        values[path] = Value(value, source.name, source.workspace and not own)
    return [str(error) for error in wrong]


def listed(raw: Any) -> Any:
    """A list from a string: JSON, or words between commas."""
    if not isinstance(raw, str):
        return raw
    if raw.lstrip().startswith("["):
        try:
            return msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return raw
    return [word.strip() for word in raw.split(",") if word.strip()]


def _unknown(path: str, raw: Any) -> str:
    """Says nothing of the value: it may be a key that was put in the wrong place."""
    known = keys()
    if any(name.startswith(f"{path}.") for name in known):
        return f"expected a table of settings, got {shown(raw)}"
    guess = nearest(path, list(known))
    return "unknown setting" + (f"; did you mean {guess}?" if guess else "")


def sources(
    *,
    config: Path | None,
    environ: Mapping[str, str],
    editor: object = None,
    folders: Sequence[Path] = (),
    config_required: bool = False,
) -> tuple[list[Source], list[Problem]]:
    """Read everything that may hold settings, least important first.

    `editor` is `{settings?, workspaceSettings?, workspaceTrusted?}` as it came over the wire, `folders` are the
    workspace's; a missing `config` is a problem only if `config_required`, which is to say that the user named it.
    """
    found: list[Source] = []
    problems: list[Problem] = []
    trees, trusted = _from_editor(editor, problems)
    if config is not None:
        _read(config, found, problems, required=config_required)
    for folder in folders:
        _read(folder / WORKSPACE_FILE, found, problems, restricted=not trusted, workspace=True)
    if "workspaceSettings" in trees:
        tree = trees["workspaceSettings"]
        found.append(Source("workspace settings", tree, restricted=not trusted, workspace=True))
    found.append(from_environment(environ, problems))
    if "settings" in trees:
        found.append(Source("editor settings", trees["settings"]))
    return found, problems


def load(
    *,
    config: Path | None,
    environ: Mapping[str, str],
    editor: object = None,
    folders: Sequence[Path] = (),
    config_required: bool = False,
) -> tuple[Settings, tuple[Problem, ...]]:
    """`sources` and `merge` in one."""
    found, problems = sources(
        config=config, environ=environ, editor=editor, folders=folders, config_required=config_required
    )
    settings, more = merge(found)
    return settings, (*problems, *more)


def _from_editor(editor: object, problems: list[Problem]) -> tuple[dict[str, Mapping[str, Any]], bool]:
    """The trees that the editor sent, and whether it calls the workspace trusted: only `true` itself does."""
    if editor is None:
        return {}, False
    if not isinstance(editor, Mapping):
        problems.append(Problem("editor", "", f"expected an object with settings, got {shown(editor)}"))
        return {}, False
    trees: dict[str, Mapping[str, Any]] = {}
    for name in ("settings", "workspaceSettings"):
        tree = editor.get(name)
        if isinstance(tree, Mapping):
            trees[name] = tree
        elif tree is not None:
            problems.append(Problem("editor", name, f"expected an object, got {shown(tree)}"))
    trusted = editor.get("workspaceTrusted", False)
    if not isinstance(trusted, bool):
        problems.append(Problem("editor", "workspaceTrusted", f"expected true or false, got {shown(trusted)}"))
    return trees, trusted is True


def _read(
    path: Path,
    found: list[Source],
    problems: list[Problem],
    *,
    required: bool = False,
    restricted: bool = False,
    workspace: bool = False,
) -> None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if required:
            problems.append(Problem(str(path), "", "no such file"))
        return
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "", "expected text in UTF-8"))
        return
    except OSError as error:
        problems.append(Problem(str(path), "", f"cannot be read: {error.strerror}"))
        return
    try:
        found.append(Source(str(path), parse_toml(text), restricted=restricted, workspace=workspace))
    except ValueError as error:
        problems.append(Problem(str(path), "", f"is not valid TOML: {error}"))


def parse_toml(text: str) -> dict[str, Any]:
    """The tree of a TOML document; a ValueError names the line."""
    import tomllib

    return tomllib.loads(text)


def from_environment(environ: Mapping[str, str], problems: list[Problem]) -> Source:
    """The settings among environment variables; an empty one counts as unset."""
    variables = {key.variable: path for path, key in keys().items()}
    tree: dict[str, str] = {}
    for name, text in environ.items():
        if not name.startswith(_PREFIX) or not text.strip() or name in OWN_VARIABLES:
            continue
        if name in variables:
            tree[variables[name]] = text
        elif guess := nearest(name, list(variables)):
            problems.append(Problem("environment", name, f"unknown setting; did you mean {guess}?"))
    return Source("environment", tree, lax=True)
