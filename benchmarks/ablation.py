"""What does each ingredient of memory's ranking bring? Learns without it, and judges on families that were left out.

    python benchmarks/ablation.py --data DIRECTORY --work DIRECTORY [--folds 2]

Reads the candidates and features that `train_ranker.py` left in `--work`, with vectors, and learns the trees again on some of
the features, or on some of the candidates. What decides which candidates there are is taken out of the sessions, and all
questions are asked again. One JSON object a line: the sessions' figures on the folds that were left out.
"""

import argparse
import json
import pickle
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sessions
import train_ranker
from train_ranker import Judges, Table, best_rows, figures, fit, from_sessions, in_parts, prepared

from ghostcells.domain.examples import Situation
from ghostcells.memory import features

INGREDIENTS: dict[str, tuple[str, ...]] = {
    "heading": ("heading jaccard", "same heading", "heading in other intent"),
    "cells before and procedures": (
        "before jaccard", "same before", "before2 jaccard", "before bigram", "above jaccard", "told jaccard", "first cell",
        "same program as before", "program above", "kin of before",
    ),
    "place, recency, frequency": ("same notebook", "shared folders", "age", "newer share", "runs"),
    "what other candidates propose": (
        "rough", "rough to best", "rough rank", "support", "program support", "best support", "fellows", "found again",
        "found again to most",
    ),
    "words of commands that go with words of prose": ("kin of intent", "kin of tail", "kin of before", "program kin"),
    "values and their use": (
        "spans", "spans covered", "changes", "unresolved", "values known", "values", "values used", "plain changes",
        "unlike changes",
    ),
    "language of the cells above": ("same language",),
    "vectors": ("similarity", "similarity to best", "similarity rank"),
}  # fmt: skip


def _no_outputs(situation: Situation) -> Situation:
    above = tuple(msgspec.structs.replace(cell, output="") for cell in situation.above)
    return msgspec.structs.replace(situation, above=above)


def _no_cells(situation: Situation) -> Situation:
    """Where there is no prose, what is compared by meaning is the command before: that stays."""
    return msgspec.structs.replace(situation, above=(), language="") if situation.intent.strip() else situation


SITUATIONS: dict[str, tuple[Callable[[Situation], Situation], bool]] = {
    "outputs above": (_no_outputs, True),
    "all cells above": (_no_cells, True),
    "the intent's words in the query": (lambda situation: msgspec.structs.replace(situation, intent=""), False),
}
"""What is done to situations, and whether to remembered ones as well. Without words of its own a query has no vector."""


def asked_again(data: Path, work: Path, by: Judges, name: str) -> Table:
    """The sessions' candidates where situations lack something."""
    change, remembered = SITUATIONS[name]
    shared, _ = prepared(data, work, words=False)

    def changed(step: sessions.Step) -> sessions.Step:
        return msgspec.structs.replace(step, situation=change(step.situation))

    due = [step.number for step in shared.steps if step.asked]
    lacking = [changed(step) for step in shared.steps]
    shared = msgspec.structs.replace(
        shared, steps=lacking if remembered else shared.steps, questions=None if remembered else lacking
    )
    return in_parts(from_sessions, shared, due, by)[1]


def without(tables: Sequence[Table], names: Sequence[str]) -> list[Table]:
    columns = [features.NAMES.index(name) for name in names]
    found = []
    for table in tables:
        x = table.x.copy()
        x[:, columns] = 0
        found.append(msgspec.structs.replace(table, x=x))
    return found


def unadapted(tables: Sequence[Table]) -> list[Table]:
    """Only the commands as they were remembered."""
    changes, raw = features.NAMES.index("changes"), features.NAMES.index("raw")
    return [_part(table, (table.x[:, changes] == 0) | (table.x[:, raw] == 1)) for table in tables]


def _part(table: Table, keep: Any) -> Table:
    return Table(*(getattr(table, name)[keep] for name in Table.__struct_fields__))


def reached(tables: Sequence[Table], folds: int) -> dict[str, float]:
    width = tables[0].x.shape[1]
    real = tables[0]
    margins = np.zeros(len(real.x))
    for number in range(folds):
        learned = fit(tables, [table.fold != number for table in tables], width)
        there = real.fold == number
        margins[there] = learned.predict(real.x[there], raw_score=True)
    asked = _part(msgspec.structs.replace(real), real.fold < folds)
    best = best_rows(margins[real.fold < folds], asked.question)
    return figures(margins[real.fold < folds][best], asked.distance[best], asked.program[best])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="directory of train_ranker.py's leavings")
    parser.add_argument("--folds", type=int, default=2, help="how many of the folds are judged")
    given = parser.parse_args()
    kept = sorted(given.work.glob("tables-*.pickle"), key=lambda path: path.stat().st_mtime)
    if not kept:
        print(f"nothing in {given.work}: run train_ranker.py first", file=sys.stderr)
        return 0
    sys.modules["__main__"].Table = train_ranker.Table  # type: ignore[attr-defined]  # as it was when it was written
    by, pairs = pickle.loads(kept[-1].read_bytes())
    tables = [pair[1] for pair in pairs]
    print(json.dumps({"without": "nothing", **reached(tables, given.folds)}), flush=True)
    print(json.dumps({"without": "adaptation", **reached(unadapted(tables), given.folds)}), flush=True)
    for name, columns in INGREDIENTS.items():
        print(json.dumps({"without": name, **reached(without(tables, columns), given.folds)}), flush=True)
    for name in SITUATIONS:
        lacking = [asked_again(given.data, given.work, by, name), *tables[1:]]
        print(json.dumps({"without": name, **reached(lacking, given.folds)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
