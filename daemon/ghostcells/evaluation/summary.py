"""What is written when a run is done: the report, the table of items, and the figures for programs; and which are too low."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation.items import Result
from ghostcells.evaluation.judging import Agreement
from ghostcells.evaluation.metrics import ABOUT, figures
from ghostcells.evaluation.report.page import Measured, page
from ghostcells.evaluation.results import MODE, Batch, Results, write_csv
from ghostcells.evaluation.running import Running

REPORT, ITEMS = "report.html", "items.csv"


def measured(running: Running, agreements: Mapping[str, Agreement], baseline: Path | None) -> list[Measured]:
    """The figures of each batch that has results, with those of the run before, if there is one to compare with."""
    before = Results(baseline) if baseline else None
    found = []
    for run in running.runs:
        items = running.found(run)
        former = _former(before, run.batch) if before else None
        if items:
            found.append(Measured(run.batch, items, figures(items), agreements.get(run.batch.id), former))
    if before is not None:
        before.close()
    return found


def _former(before: Results, batch: Batch) -> list[Result] | None:
    """The newest results there of the same variant on the same data set, of another run than this."""
    named = [one for one in before.batches() if (one.variant, one.dataset) == (batch.variant, batch.dataset)]
    others = [one for one in named if one.id != batch.id]
    return before.items(others[-1].id) if others else None


def write(found: Sequence[Measured], running: Running, out: Path, now_ms: int) -> None:
    """The report and the table of items; for their owner alone, since they hold what was run."""
    write_csv(out / ITEMS, ((one.batch.variant, item) for one in found for item in one.found))
    target = out / REPORT
    target.touch(MODE)
    target.write_text(page(found, running.experiment, now_ms), encoding="utf-8")


def told(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """The figures as JSON."""
    return [
        {"variant": one.batch.variant, "dataset": one.batch.dataset, **msgspec.to_builtins(one.figures)}
        for one in found
    ]


def bounds(given: Sequence[str]) -> dict[str, float]:
    """`near=0.2` as a figure and its bound; raises ConfigError."""
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


def too_low(found: Sequence[Measured], limits: Mapping[str, float]) -> list[str]:
    """Which figures are out of bounds, in words; distances and errors are where they are above."""
    said = []
    for one in found:
        for name, bound in limits.items():
            name_of = f"{one.batch.dataset}, {one.batch.variant}"
            if name not in one.figures.values:
                raise ConfigError(f"--fail-under: {name_of} has no {name}")
            value = one.figures.values[name].value
            high_is_bad = "distance" in name or "error" in name
            if value > bound if high_is_bad else value < bound:
                said.append(f"{name_of}: {name} is {value:.3f}, bound {bound:g}")
    return said
