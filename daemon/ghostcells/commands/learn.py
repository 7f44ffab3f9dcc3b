"""`learn`: runbooks and histories that lie around become examples, marked as read and not run."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from ghostcells.app.runbooks import redacted_lessons, unknown
from ghostcells.commands.data import Data, NotFound, opened
from ghostcells.commands.output import command, complain, print_json, print_table
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.events import Learned
from ghostcells.domain.words import counted, one_line
from ghostcells.reading.files import find
from ghostcells.reading.habits import habit_lessons, habits
from ghostcells.reading.history import SHELLS, default_path, present, read_history
from ghostcells.reading.material import lessons_in
from ghostcells.reading.runbook import Lesson, Unreadable

_BATCH = 2_000
_SAMPLES = 12
_ALL = "all"

Material = tuple[str, Callable[[], Sequence[Lesson]]]
"""The name of something to read, and how."""


class Learning(msgspec.Struct):
    """What came of it; `known` lessons were there before. `samples` are some of the new ones: what for, and the command.

    `interrupted` by Ctrl-C, the rest has not been read; all that is counted here is kept.
    """

    files: int = 0
    lessons: int = 0
    learned: int = 0
    known: int = 0
    problems: list[str] = []
    samples: list[tuple[str, str]] = []
    interrupted: bool = False


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "learn",
        "Read runbooks (Markdown, Jupyter), tldr pages, what Foyle learned, or shell histories, so that the first suggestions "
        "can come from them. Nothing in them is run.",
        examples="ghostcells learn docs/ runbooks/deploy.md\nghostcells learn --dry-run notes.ipynb\n"
        "ghostcells learn tldr.zip ~/.foyle/training ~/.foyle/logs/raw\nghostcells learn --history zsh --dry-run",
    )
    made.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a .md or .ipynb file, an archive of pages (.zip, .tar), an example or log of Foyle, or a directory of them",
    )
    made.add_argument(
        "--history",
        action="append",
        choices=[*SHELLS, _ALL],
        metavar="SHELL",
        help=f"also this shell's history, after asking: {', '.join(SHELLS)}, or {_ALL} that there are",
    )
    made.add_argument(
        "--history-file", type=Path, metavar="FILE", help="where the history is, if not in the usual place"
    )
    made.add_argument(
        "--arguments",
        action="store_true",
        help="keep whole commands of a history; without this only programs, subcommands and names of flags",
    )
    made.add_argument("--dry-run", action="store_true", help="only say what would be learned")
    made.add_argument("--yes", action="store_true", help="read histories without asking")
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if not options.paths and not options.history:
        raise ConfigError("expected a PATH, or --history SHELL")
    found, problems = find(options.paths)
    material = [material_of(path) for path in found]
    material += [] if not options.history else _histories(options)
    with opened(options) as data:
        outcome = learn(data, _with_progress(material), dry_run=options.dry_run)
    outcome.problems = [*(str(problem) for problem in problems), *outcome.problems]
    for problem in outcome.problems:
        complain(problem)
    if options.json:
        told = msgspec.to_builtins(outcome)
        print_json({**{key: told[key] for key in told if key != "samples"}, "dryRun": options.dry_run})
    else:
        if options.dry_run and outcome.samples:
            print_table(("for", "command"), outcome.samples, flexible=2)
            print()
        print(_summary(outcome, dry_run=options.dry_run))
    if outcome.interrupted:
        raise KeyboardInterrupt
    return 1 if outcome.problems else 0


def material_of(path: Path) -> Material:
    return str(path), lambda: lessons_in(path)


# Histories


def _histories(options: argparse.Namespace) -> list[Material]:
    """The histories that are asked for, where the user agrees."""
    wanted = _wanted(options)
    if not wanted:
        raise NotFound("there is no shell history in the usual places: --history-file says where it is")
    if not options.dry_run and not options.yes:
        _consent(wanted, whole=options.arguments)
    return [_history_of(shell, path, options.arguments) for shell, path in wanted]


def _wanted(options: argparse.Namespace) -> list[tuple[str, Path]]:
    home = Path.home()
    if options.history_file is not None:
        if len(options.history) != 1 or _ALL in options.history:
            raise ConfigError("--history-file: expected one --history SHELL that says whose it is")
        return [(options.history[0], options.history_file)]
    if _ALL in options.history:
        return present(os.environ, home)
    return [(shell, default_path(shell, os.environ, home)) for shell in dict.fromkeys(options.history)]


def _consent(wanted: Sequence[tuple[str, Path]], *, whole: bool) -> None:
    """Ask; who cannot answer has to have said --yes."""
    if not sys.stdin.isatty():
        raise NotFound("a shell history is only read with consent: --yes, or --dry-run to see what would be learned")
    kept = (
        "whole commands, without secrets that are recognised"
        if whole
        else "programs, subcommands and names of flags only"
    )
    for shell, path in wanted:
        print(f"{shell}: {path}", file=sys.stderr)
    print(f"Of what was run at least twice, keep {kept}. It stays on this computer.", file=sys.stderr)
    print("Read this? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotFound("no history was read")


def _history_of(shell: str, path: Path, whole: bool) -> Material:  # noqa: FBT001 - what the option says
    return f"{shell} history", lambda: list(habit_lessons(habits(read_history(shell, path), arguments=whole), shell))


# Learning


def learn(data: Data, material: Iterable[Material], *, dry_run: bool = False) -> Learning:
    """Read material and append what is new in it, some lessons at a time; what was read before Ctrl-C is kept."""
    outcome = Learning()
    waiting: list[Learned] = []
    seen: set[str] = set()
    try:
        for _, read in material:
            try:
                found = read()
            except Unreadable as error:
                outcome.problems.append(str(error))
                continue
            fresh = list(unknown(redacted_lessons(found, data.redact), data.examples.by_id, seen))
            waiting += fresh
            _count(outcome, found, fresh)
            if len(waiting) >= _BATCH and not dry_run:
                # Whatever interrupts the writing, nothing is written twice.
                ready, waiting = waiting, []
                data.append(ready)
    except KeyboardInterrupt:
        outcome.interrupted = True
    if waiting and not dry_run:
        data.append(waiting)
    return outcome


def _count(outcome: Learning, found: Sequence[Lesson], fresh: Sequence[Learned]) -> None:
    outcome.files += 1
    outcome.lessons += len(found)
    outcome.learned += len(fresh)
    outcome.known += len(found) - len(fresh)
    outcome.samples += [_sample(one) for one in fresh[: _SAMPLES - len(outcome.samples)]]


def _sample(record: Learned) -> tuple[str, str]:
    situation = record.situation
    assert situation is not None
    before = situation.above[-1].text if situation.above else ""
    asked = situation.intent.strip().rpartition("\n")[2] or (f"after {before}" if before else situation.notebook)
    return one_line(asked, 60), one_line(record.text)


def _with_progress(material: list[Material]) -> Iterator[Material]:
    """The material, with a bar where somebody looks on."""
    if not sys.stderr.isatty() or len(material) < 2:  # noqa: PLR2004 - one file is read in no time
        yield from material
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(material, description="reading", console=Console(stderr=True), transient=True)


def _summary(outcome: Learning, *, dry_run: bool) -> str:
    would = "would be learned" if dry_run else "learned"
    parts = [f"{counted(outcome.files, 'file')}: {counted(outcome.learned, 'example')} {would}"]
    if outcome.known:
        parts.append(f"{outcome.known} known already")
    if outcome.interrupted:
        parts.append("interrupted: the rest was not read")
    if not outcome.lessons and outcome.files:
        parts.append("no command stands directly below prose, or ran twice")
    return ", ".join(parts)
