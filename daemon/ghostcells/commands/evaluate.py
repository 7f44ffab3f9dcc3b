"""`eval`: measure the suggestions, on recorded sessions, pairs, notebooks, or the user's own log."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ghostcells.commands.data import opened
from ghostcells.commands.output import command, complain, print_json, print_table
from ghostcells.commands.settings import settings_of
from ghostcells.config.edit import find_key, value_of
from ghostcells.config.places import models_dir
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.words import counted

if TYPE_CHECKING:
    from ghostcells.evaluation.experiment import Experiment
    from ghostcells.evaluation.judging import Agreement
    from ghostcells.evaluation.report.page import Measured
    from ghostcells.evaluation.running import Running
    from ghostcells.evaluation.work import Place

_MINE_FILE = "mine.jsonl"
_TOLD = ("near", "exact", "program", "distance", "shown", "precision", "recall")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "eval",
        "Measure suggestions: replay what was run, ask before each run, and compare. Teaches nothing to your memory.",
        examples="ghostcells eval --mine\n"
        "ghostcells eval --mine --set memory.minConfidence=0.2\n"
        "ghostcells eval runbooks/ --out report/\n"
        "ghostcells eval sessions.jsonl.gz --sample 600 --fail-under near=0.2\n"
        "ghostcells eval --experiment experiment.toml --cap-usd 0.50",
    )
    made.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a directory of notebooks, or JSON Lines (docs/evaluation.md)",
    )
    made.add_argument("--mine", action="store_true", help="replay your own log")
    made.add_argument("--experiment", type=Path, metavar="FILE", help="variants and data, in TOML (docs/evaluation.md)")
    made.add_argument("--out", type=Path, default=Path("ghostcells-eval"), metavar="DIR", help="where results are kept")
    made.add_argument("--sample", type=int, metavar="N", help="ask only N questions of each data set")
    made.add_argument("--seed", type=int, metavar="N", help="which ones (default 0)")
    made.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: all cores)"
    )
    made.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="also measure with this setting, beside yours"
    )
    made.add_argument("--cap-usd", type=float, metavar="USD", help="the most that models may cost, all together")
    made.add_argument("--baseline", type=Path, metavar="DIR", help="compare with the results there")
    made.add_argument(
        "--fail-under", action="append", default=[], metavar="FIGURE=VALUE", help="exit with 1 where a figure is lower"
    )
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when it is done and no figure is too low, 1 otherwise."""
    from ghostcells.evaluation import summary
    from ghostcells.evaluation.running import now_ms, prepared

    limits, experiment = summary.bounds(options.fail_under), _experiment(options)
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _places(options, experiment) as places:
        models = models_dir(os.environ)
        running = prepared(experiment, out, places, settings_of(options), models_dir=models, now_ms=now_ms())
        try:
            unanswered = _work(running, options.jobs)
            found = summary.measured(running, _judged(running), options.baseline)
        except KeyboardInterrupt:
            complain(f"interrupted; what is known is in {options.out}, and the same command goes on from there")
            raise
        finally:
            running.results.close()
    summary.write(found, running, out, now_ms())
    if options.json:
        print_json(summary.told(found))
    else:
        _print(found, options.out)
    failures = summary.too_low(found, limits)
    failures += [unanswered] if unanswered else []
    for text in failures:
        complain(text)
    return 1 if failures else 0


def _experiment(options: argparse.Namespace) -> "Experiment":
    """What the file says, with what stands on the command line on top."""
    from ghostcells.evaluation.experiment import Experiment, Variant, read

    found = read(options.experiment) if options.experiment else Experiment()
    given: dict[str, Any] = {
        "sample": options.sample, "seed": options.seed, "cap_usd": options.cap_usd, "mine": options.mine or None,
        "data": tuple(map(str, options.paths)) or None,
    }  # fmt: skip
    found = replace(found, **{name: value for name, value in given.items() if value is not None})
    if not found.data and not found.mine:
        raise ConfigError("what is to be measured? Give a PATH, --mine or --experiment (docs/evaluation.md)")
    if options.set:
        changed = Variant(settings=_tree(options.set))
        found = replace(found, variants={**found.variants, ", ".join(options.set): changed})
    return found


def _tree(given: Sequence[str]) -> dict[str, Any]:
    """`memory.minConfidence=0.3` as a tree of settings."""
    tree: dict[str, Any] = {}
    for one in given:
        path, equals, text = one.partition("=")
        if not equals:
            raise ConfigError(f"--set: expected KEY=VALUE, got {one!r}")
        key = find_key(path)
        tree.setdefault(key.section, {})[key.name] = value_of(key, text)
    return tree


@contextmanager
def _places(options: argparse.Namespace, experiment: "Experiment") -> "Iterator[list[Place]]":
    """Where the data is. Of the user's log a copy is made, which goes when the work is done."""
    from ghostcells.evaluation.history import TEACHING, keep_records
    from ghostcells.evaluation.work import Place

    places = [Place(str(path)) for path in experiment.data]
    copy = options.out.absolute() / _MINE_FILE
    try:
        if experiment.mine:
            with opened(options) as data:
                keep_records(copy, data.records(TEACHING))
            places.append(Place(str(copy), mine=True))
        yield places
    finally:
        copy.unlink(missing_ok=True)


def _work(running: "Running", jobs: int) -> str:
    """Ask what is left, once it is said what it may cost; why some was not answered."""
    estimate, cap = running.estimate(), running.experiment.cap_usd
    if estimate.unknown:
        names = ", ".join(estimate.unknown)
        raise ConfigError(f"the price of the model of {names} is not known: give model.pricesFile (docs/providers.md)")
    if estimate.usd and not cap:
        raise ConfigError(f"this may cost up to ${estimate.usd:.4f}: say how much it may with --cap-usd")
    if not estimate.questions:
        return ""
    if estimate.usd:
        complain(
            f"{counted(estimate.questions, 'question')}: at most ${estimate.usd:.4f}, and not more than ${cap:.4f}"
        )
    with _progress(estimate.questions) as progressed:
        return running.work(max(1, jobs), progressed)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar where somebody looks on, nothing where nobody does."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _judged(running: "Running") -> "dict[str, Agreement]":
    """What the judge says of each batch, by its id; nothing where there is none."""
    from ghostcells.evaluation.experiment import settings_for
    from ghostcells.evaluation.judging import Judging

    given = running.experiment.judge
    if given is None:
        return {}

    async def judge() -> "dict[str, Agreement]":
        left = running.experiment.cap_usd - running.results.spent(running.batches)
        judging = Judging(settings_for(given.settings, Settings(), name="judge"), running.results, left)
        try:
            return {
                run.batch.id: await judging.judge(run.batch.id, running.found(run), given.most) for run in running.runs
            }
        finally:
            await judging.close()

    return asyncio.run(judge())


def _print(found: "Sequence[Measured]", out: Path) -> None:
    rows = [
        (
            one.batch.dataset,
            one.batch.variant,
            str(one.figures.count),
            *(f"{one.figures.values[name].value:.3f}" for name in _TOLD if name in one.figures.values),
        )
        for one in found
    ]
    print_table(("data", "variant", "questions", *_TOLD), rows, flexible=0)
    print(f"{out / 'report.html'} tells more; {out / 'items.csv'} has every question")
