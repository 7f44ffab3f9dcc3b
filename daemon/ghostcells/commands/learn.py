"""`learn`: runbooks that lie around become examples, marked as read and not run."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.commands.data import Data, opened
from ghostcells.commands.output import command, complain, counted, print_json
from ghostcells.domain.events import Learned
from ghostcells.domain.examples import Reason
from ghostcells.learning.lessons import example_id
from ghostcells.reading.files import find, read
from ghostcells.reading.runbook import Lesson, Unreadable, lessons

_BATCH = 2_000


class Learning(msgspec.Struct):
    """What came of it; `known` lessons were there before."""

    files: int = 0
    lessons: int = 0
    learned: int = 0
    known: int = 0
    problems: list[str] = []


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "learn",
        "Read runbooks (Markdown, Jupyter), so that the first suggestions can come from them. Nothing in them is run.",
        examples="ghostcells learn docs/ runbooks/deploy.md\nghostcells learn --dry-run notes.ipynb",
    )
    made.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a .md or .ipynb file, or a directory of them"
    )
    made.add_argument("--dry-run", action="store_true", help="only say what would be learned")
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    found, problems = find(options.paths)
    with opened(options) as data:
        outcome = learn(data, _with_progress(found), dry_run=options.dry_run)
    outcome.problems = [*(str(problem) for problem in problems), *outcome.problems]
    for problem in outcome.problems:
        complain(problem)
    if options.json:
        print_json({**msgspec.to_builtins(outcome), "dryRun": options.dry_run})
    else:
        print(_summary(outcome, dry_run=options.dry_run))
    return 1 if outcome.problems else 0


def learn(data: Data, paths: Iterable[Path], *, dry_run: bool = False) -> Learning:
    """Read files and append what is new in them, some lessons at a time."""
    outcome = Learning()
    waiting: list[Learned] = []
    seen: set[str] = set()
    for path in paths:
        try:
            found = lessons(read(path))
        except Unreadable as error:
            outcome.problems.append(str(error))
            continue
        outcome.files += 1
        outcome.lessons += len(found)
        fresh = list(_fresh(data, found, seen))
        outcome.learned += len(fresh)
        outcome.known += len(found) - len(fresh)
        waiting += fresh
        if len(waiting) >= _BATCH and not dry_run:
            data.append(waiting)
            waiting = []
    if waiting and not dry_run:
        data.append(waiting)
    return outcome


def _fresh(data: Data, found: Sequence[Lesson], seen: set[str]) -> Iterator[Learned]:
    """Records of the lessons that are not known yet, as they will be stored: the id is that of the redacted text."""
    for lesson in found:
        record: Any = data.redact(
            Learned(
                id="",
                time_ms=0,
                notebook=lesson.situation.notebook,
                example="",
                reason=Reason.READ,
                situation=lesson.situation,
                text=lesson.text,
                language=lesson.language,
            )
        )
        example = example_id(record.situation, record.language, record.text)
        known = data.examples.by_id(example)
        if example not in seen and (known is None or not known.reads):
            seen.add(example)
            yield msgspec.structs.replace(record, example=example)


def _with_progress(paths: list[Path]) -> Iterator[Path]:
    """The paths, with a bar where somebody looks on."""
    if not sys.stderr.isatty() or len(paths) < 2:  # noqa: PLR2004 - one file is read in no time
        yield from paths
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(paths, description="reading", console=Console(stderr=True), transient=True)


def _summary(outcome: Learning, *, dry_run: bool) -> str:
    would = "would be learned" if dry_run else "learned"
    parts = [f"{counted(outcome.files, 'file')}: {counted(outcome.learned, 'example')} {would}"]
    if outcome.known:
        parts.append(f"{outcome.known} known already")
    if not outcome.lessons and outcome.files:
        parts.append("no command stands directly below prose")
    return ", ".join(parts)
