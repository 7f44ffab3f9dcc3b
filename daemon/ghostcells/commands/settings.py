"""`config get|set|path|schema`, and how commands come by their settings."""

import argparse
import os
from pathlib import Path

import msgspec

from ghostcells.commands.output import command, complain, print_json, print_table
from ghostcells.config.edit import find_key, set_value
from ghostcells.config.keys import keys, shown
from ghostcells.config.load import Problem, load, resolve, sources
from ghostcells.config.places import config_file, data_dir
from ghostcells.config.schema import Settings


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that hold on the command line; what is wrong with them is told on stderr."""
    settings, problems = checked(options)
    for problem in problems:
        complain(str(problem))
    return settings


def checked(options: argparse.Namespace) -> tuple[Settings, tuple[Problem, ...]]:
    file, named = config_file(options.config, os.environ)
    return load(config=file, environ=os.environ, config_required=named)


def data_dir_of(options: argparse.Namespace) -> Path:
    return data_dir(options.data_dir, os.environ)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("config", help="Show and change settings.", description="Show and change settings.")
    parts = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    got = command(
        parts,
        "get",
        "Show settings, and where each comes from.",
        examples="ghostcells config get\nghostcells config get suggest.mode",
    )
    got.add_argument("key", nargs="?", metavar="KEY", help="one setting; all without it")
    got.set_defaults(run=get)
    put = command(
        parts,
        "set",
        "Change a setting in the configuration file; an empty value takes it out.",
        examples="ghostcells config set suggest.mode manual\n"
        "ghostcells config set suggest.disabledLanguages python,sql\n"
        "ghostcells config set memory.minConfidence ''",
    )
    put.add_argument("key", metavar="KEY")
    put.add_argument("value", metavar="VALUE")
    put.set_defaults(run=set_)
    command(parts, "path", "Say where the configuration file is.").set_defaults(run=path)
    command(parts, "schema", "Print the settings' JSON Schema.").set_defaults(run=schema)


def get(options: argparse.Namespace) -> int:
    file, named = config_file(options.config, os.environ)
    found, problems = sources(config=file, environ=os.environ, config_required=named)
    values, more = resolve(found)
    for problem in (*problems, *more):
        complain(str(problem))
    wanted = list(keys().values()) if options.key is None else [find_key(options.key)]
    rows = [
        (key.path, values[key.path].value, values[key.path].source)
        if key.path in values
        else (key.path, key.default, "default")
        for key in wanted
    ]
    if options.json:
        print_json({path: {"value": value, "source": source} for path, value, source in rows})
    elif options.key is not None:
        print("" if rows[0][1] is None else rows[0][1] if isinstance(rows[0][1], str) else shown(rows[0][1]))
    else:
        print_table(
            ("setting", "value", "from"),
            [(path, "" if value is None else shown(value), source) for path, value, source in rows],
        )
    return 0


def set_(options: argparse.Namespace) -> int:
    file, _ = config_file(options.config, os.environ)
    value = set_value(file, options.key, options.value)
    if options.json:
        print_json({"file": str(file), "key": options.key, "value": value})
    else:
        print(f"{file}: {options.key} {'is unset' if value is None else f'= {shown(value)}'}")
    return 0


def path(options: argparse.Namespace) -> int:
    file, _ = config_file(options.config, os.environ)
    if options.json:
        print_json({"file": str(file), "exists": file.exists()})
    else:
        print(file)
    return 0


def schema(_: argparse.Namespace) -> int:
    from ghostcells.config.document import settings_schema

    print(msgspec.json.format(msgspec.json.encode(settings_schema())).decode())
    return 0
