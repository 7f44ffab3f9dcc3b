"""`eval`: measure the suggestions, on recorded sessions, pairs, notebooks, or the user's own log."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from ghostcells.commands.data import opened
from ghostcells.commands.output import command, complain, counted, print_json, print_table
from ghostcells.commands.settings import settings_of
from ghostcells.config.edit import find_key
from ghostcells.config.load import listed
from ghostcells.config.places import models_dir
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError

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
    from ghostcells.evaluation.running import prepared

    bounds = _bounds(options.fail_under)
    experiment = _experiment(options)
    options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _places(options, experiment) as places:
        running = prepared(
            experiment,
            options.out.absolute(),
            places,
            settings_of(options),
            models_dir=models_dir(os.environ),
            now_ms=_now(),
        )
        whole = _work(running, options)
        agreements = _judged(running)
    summaries = _report(running, options, agreements)
    if options.json:
        print_json(summaries)
    else:
        _print(summaries, options.out)
    if not whole:
        complain("ended early, because the money was gone: with a higher --cap-usd the same goes on from here")
    return 1 if _too_low(summaries, bounds) or not whole else 0


def _now() -> int:
    from ghostcells.evaluation.running import now_ms

    return now_ms()


def _experiment(options: argparse.Namespace) -> Any:
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


def _tree(given: list[str]) -> dict[str, Any]:
    """`memory.minConfidence=0.3` as a tree of settings."""
    tree: dict[str, Any] = {}
    for one in given:
        path, equals, text = one.partition("=")
        if not equals:
            raise ConfigError(f"--set: expected KEY=VALUE, got {one!r}")
        key = find_key(path)
        tree.setdefault(key.section, {})[key.name] = _value(key, text)
    return tree


def _value(key: Any, text: str) -> Any:
    from ghostcells.config.keys import Wrong, check

    try:
        value, wrong = check(key, listed(text) if key.is_list else text, lax=True)
    except Wrong as error:
        raise ConfigError(f"--set {key.path}: {error}") from error
    if wrong:
        raise ConfigError(f"--set {key.path}: {wrong[0]}")
    return list(value) if key.is_list else value


def _bounds(given: list[str]) -> dict[str, float]:
    from ghostcells.evaluation.metrics import ABOUT

    found = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise ConfigError(f"--fail-under: expected FIGURE=VALUE, got {one!r}") from error
        if name not in ABOUT:
            raise ConfigError(f"--fail-under: {name!r} is none of {', '.join(ABOUT)}")
    return found


@contextmanager
def _places(options: argparse.Namespace, experiment: Any) -> Iterator[list[Any]]:
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


def _work(running: Any, options: argparse.Namespace) -> bool:
    estimate = running.estimate()
    cap = running.experiment.cap_usd
    if estimate.unknown:
        raise ConfigError(
            f"the price of the model of {', '.join(estimate.unknown)} is not known: give model.pricesFile (docs/providers.md)"
        )
    if estimate.usd and not cap:
        raise ConfigError(f"this may cost up to ${estimate.usd:.4f}: say how much it may with --cap-usd")
    if not estimate.questions:
        return True
    if estimate.usd:
        complain(
            f"{counted(estimate.questions, 'question')}: at most ${estimate.usd:.4f}, and not more than ${cap:.4f}"
        )
    with _progress(estimate.questions) as progressed:
        done: bool = running.work(max(1, options.jobs), progressed)
    return done


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar where somebody looks on, a line at the end where nobody does."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _judged(running: Any) -> dict[str, Any]:
    """What the judge says of each batch, by its id."""
    import asyncio

    if running.experiment.judge is None:
        return {}
    from ghostcells.evaluation.experiment import settings_for
    from ghostcells.evaluation.judging import Judging

    async def judge() -> dict[str, Any]:
        given = running.experiment.judge
        settings = settings_for(given.settings, Settings(), name="judge")
        left = running.experiment.cap_usd - running.results.spent(running.batches)
        judging = Judging(settings, running.results, left)
        try:
            return {
                run.batch.id: await judging.judge(run.batch.id, running.found(run), given.most, lambda: None)
                for run in running.runs
            }
        finally:
            await judging.close()

    return asyncio.run(judge())


def _report(running: Any, options: argparse.Namespace, agreements: dict[str, Any]) -> list[dict[str, Any]]:
    """Write `report.html` and `items.csv`; return the figures for programs."""
    from ghostcells.evaluation.metrics import figures
    from ghostcells.evaluation.report.page import Measured, page
    from ghostcells.evaluation.results import MODE, Results, write_csv

    baseline = Results(options.baseline) if options.baseline else None
    measured = []
    for one in running.runs:
        found = running.found(one)
        if found:
            former = _former(baseline, one.batch) if baseline else None
            measured.append(Measured(one.batch, found, figures(found), agreements.get(one.batch.id), former))
    write_csv(options.out / "items.csv", ((one.batch.variant, item) for one in measured for item in one.found))
    target = options.out / "report.html"
    target.touch(MODE)
    target.write_text(page(measured, running.experiment, _now()), encoding="utf-8")
    if baseline is not None:
        baseline.close()
    running.results.close()
    return [
        {"variant": one.batch.variant, "dataset": one.batch.dataset, **msgspec.to_builtins(one.figures)}
        for one in measured
    ]


def _former(baseline: Any, batch: Any) -> Any:
    """The newest results there of the same variant on the same data set, of another run than this."""
    fitting = [
        one
        for one in baseline.batches()
        if (one.variant, one.dataset) == (batch.variant, batch.dataset) and one != batch
    ]
    return baseline.items(fitting[-1].id) if fitting else None


def _print(summaries: list[dict[str, Any]], out: Path) -> None:
    rows = [
        (
            one["dataset"],
            one["variant"],
            str(one["count"]),
            *(f"{one['values'][name]['value']:.3f}" for name in _TOLD),
        )
        for one in summaries
    ]
    print_table(("data", "variant", "questions", *_TOLD), rows)
    print(f"{out / 'report.html'} tells more; {out / 'items.csv'} has every question")


def _too_low(summaries: list[dict[str, Any]], bounds: dict[str, float]) -> bool:
    """Whether a figure of any variant is out of bounds; for errors and distances, whether it is above."""
    failed = False
    for one in summaries:
        for name, bound in bounds.items():
            if name not in one["values"]:
                raise ConfigError(f"--fail-under: {one['dataset']}, {one['variant']} has no {name}")
            value = one["values"][name]["value"]
            high_is_bad = "distance" in name or "error" in name
            if value > bound if high_is_bad else value < bound:
                complain(f"{one['dataset']}, {one['variant']}: {name} is {value:.3f}, bound {bound:g}")
                failed = True
    return failed
