"""Runs the benchmarks and gathers their figures. Use through scripts/bench.

A benchmark is a file of benchmarks/ that can be run by itself. Each line of its output that is a JSON object with `name`,
`value` and `unit` (and `target`, `note`) is a figure and goes into the table; other output is shown as it is.
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks"
NOT_MEASURING = "train_"
"""Files that make a model rather than measure one."""


def found(names: list[str]) -> list[Path]:
    """The benchmarks of these names, or all."""
    runnable = [
        path
        for path in sorted(FOLDER.glob("*.py"))
        if not path.name.startswith(NOT_MEASURING) and "__main__" in path.read_text(encoding="utf-8")
    ]
    unknown = set(names) - {path.stem for path in runnable}
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(p.stem for p in runnable)}")
    return [path for path in runnable if not names or path.stem in names]


def figure(line: str) -> dict[str, Any] | None:
    """The figure that a line holds, if it holds one."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and {"name", "value", "unit"} <= value.keys() else None


def measure(path: Path, arguments: list[str]) -> tuple[list[dict[str, Any]], int]:
    """Run one benchmark; its figures and its exit code."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "daemon"), str(FOLDER)])}
    figures = []
    with subprocess.Popen(
        [sys.executable, path, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if (one := figure(line)) is not None:
                figures.append({"benchmark": path.stem, **one})
            else:
                print(line, end="")
    return figures, run.returncode


def main(arguments: list[str]) -> int:
    names, _, own = " ".join(arguments).partition("--")
    figures: list[dict[str, Any]] = []
    failed = []
    for path in found(names.split()):
        print(f"== {path.stem}", file=sys.stderr)
        more, code = measure(path, own.split())
        figures += more
        failed += [path.stem] if code else []
    show(figures)
    if figures:
        print(f"written to {write(figures).relative_to(ROOT)}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def show(figures: list[dict[str, Any]]) -> None:
    table = Table("benchmark", "figure", "value", "unit", "target", "note")
    for one in figures:
        cells = (
            one["benchmark"],
            one["name"],
            f"{one['value']:g}",
            one["unit"],
            one.get("target", ""),
            one.get("note", ""),
        )
        table.add_row(*(str(cell) for cell in cells))
    if figures:
        Console(width=None if sys.stdout.isatty() else 140).print(table)


def write(figures: list[dict[str, Any]]) -> Path:
    folder = FOLDER / "results"
    folder.mkdir(exist_ok=True)
    path = folder / time.strftime("%Y%m%dT%H%M%S.json")
    about = {"time": int(time.time()), "python": platform.python_version(), "processors": os.cpu_count()}
    path.write_text(json.dumps({**about, "figures": figures}, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
