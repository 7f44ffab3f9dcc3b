"""`dump`: the user's own runs as recorded sessions, redacted, for `ghostcells eval` here or elsewhere."""

import argparse
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from ghostcells.commands.data import opened
from ghostcells.commands.output import command
from ghostcells.commands.settings import settings_of
from ghostcells.domain.events import Executed
from ghostcells.domain.words import counted

if TYPE_CHECKING:
    from ghostcells.evaluation.dumping import Dumped

_MODE = 0o600


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "dump",
        "Write your runs as recorded sessions (JSON Lines), without secrets and names of files, to measure with `eval`.",
        examples="ghostcells dump --out sessions.jsonl.gz\nghostcells dump | head -n 20",
    )
    made.add_argument(
        "--out", type=Path, metavar="FILE", help="a file, compressed where it ends in .gz (else standard output)"
    )
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from ghostcells.evaluation.dumping import Cleaning, Dumped, dump
    from ghostcells.privacy.redact import Redactor

    outcome = Dumped()
    clean = Cleaning(Redactor(settings_of(options).privacy.patterns), Path.home())
    with opened(options) as data, _target(options.out) as file:
        for event in dump(data.records((Executed,)), clean, outcome):
            file.write(msgspec.json.encode(event) + b"\n")
    _tell(outcome, options)
    return 0


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        return
    path.touch(_MODE)
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        yield cast("BinaryIO", file)


def _tell(outcome: "Dumped", options: argparse.Namespace) -> None:
    """On standard error, since the sessions may be on standard output."""
    if options.json:
        print(msgspec.json.encode(outcome).decode(), file=sys.stderr)
        return
    runs, sessions = counted(outcome.runs, "run"), counted(outcome.sessions, "session")
    redacted = counted(outcome.redactions, "more secret")
    print(f"{runs} in {sessions}, {redacted} taken out. Read it before you give it away.", file=sys.stderr)
