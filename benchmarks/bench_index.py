"""The index with many examples: reading the log, finding examples by their words, and answering a question by words alone.

Usage: python benchmarks/bench_index.py [--examples N] [--directory DIR]
The prose is made up, from words as frequent as those of a language; times are CPU times of the thread, at the median.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from ghostcells.app.index import SLICE_MS, WORDS
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.ids import ulid
from ghostcells.domain.notebook import CellKind
from ghostcells.memory.analysis import query_terms
from ghostcells.memory.model import ranker
from ghostcells.memory.profiles import Reader
from ghostcells.memory.rank import rank
from ghostcells.memory.recall import hits_of, look_up
from ghostcells.memory.weighing import Weighing
from ghostcells.store.examples import Examples
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.segment import Segment, encode

START_MS = 1_700_000_000_000
SEARCHES = 200
VOCABULARY = 20_000


def records(count: int) -> Iterator[Executed]:
    """Runs with about thirty words of prose before them and a few commands above."""
    chance = random.Random(7)
    letters = "abcdefghiklmnoprstuvw"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 2) for rank in range(VOCABULARY)))
    commands = [" ".join(chance.choices(words, k=chance.randint(2, 6))) for _ in range(count // 4 + 1)]
    for number in range(count):
        intent = " ".join(chance.choices(words, cum_weights=weights, k=30))
        above = tuple(Above(CellKind.CODE, "shellscript", chance.choice(commands)) for _ in range(3))
        notebook = f"file:///runbooks/{number // 20}.md"
        yield Executed(
            id=ulid(START_MS + number, number << 20), time_ms=START_MS + number, notebook=notebook, success=True,
            text=chance.choice(commands), language="shellscript",
            situation=Situation(notebook=notebook, intent=intent, above=above, language="shellscript"),
        )  # fmt: skip


def median_ms(work: Callable[[Situation], object], situations: list[Situation]) -> float:
    times = []
    for situation in situations:
        start = time.thread_time()
        work(situation)
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e3


def measure(root: Path, count: int) -> None:
    paths = prepare(root)
    made = list(records(count))
    for number, start in enumerate(range(0, count, 10_000), 1):
        (paths.log / Segment("DEAD", number).name).write_bytes(encode(made[start : start + 10_000]))
    index = Index.open(paths, WORDS)
    slices, more = [], True
    while more:
        start = time.thread_time()
        more = index.catch_up(SLICE_MS)
        slices.append((time.thread_time() - start) * 1e3)
    tell(f"reading {count} runs, each", sum(slices) / count * 1e3, "us")
    tell("a slice of that, p50", statistics.median(slices), "ms", target=SLICE_MS)
    tell("a slice of that, p95", statistics.quantiles(slices, n=20)[-1], "ms", target=SLICE_MS)
    examples = Examples(index)
    asked = [record.situation for record in random.Random(8).sample(made, SEARCHES)]
    for situation in asked:
        examples.match(query_terms(situation), 60)
    tell(f"match among {count}", median_ms(lambda one: examples.match(query_terms(one), 60), asked), "ms", target=4.0)
    rows = [row for row, _ in examples.match(query_terms(asked[0]), 60)]
    tell("loading 60 examples", median_ms(lambda _: examples.load(rows), asked), "ms")
    measure_answering(examples, asked)
    index.close()
    size = sum(path.stat().st_size for path in paths.index.iterdir())
    tell(f"index of {count}, each", size / count, "bytes")


def measure_answering(examples: Examples, asked: Sequence[Situation]) -> None:
    """Each question once, so that its candidates were not looked at before; the first ones are for warming up."""
    learned = ranker()
    reader = Reader(learned)
    parts: dict[str, list[float]] = defaultdict(list)
    for situation in asked:
        begun = time.thread_time()
        found = look_up(examples, situation)
        searched = time.thread_time()
        weighing = Weighing(situation, reader)
        weighing.prepare(hits_of(found), learned.lexical)
        weighed = time.thread_time()
        rank(weighing, hits_of(found), learned.lexical)
        ended = time.thread_time()
        for name, took in (
            ("searching", searched - begun),
            ("weighing", weighed - searched),
            ("ranking", ended - weighed),
        ):
            parts[name].append(took * 1e3)
        parts["all of it"].append((ended - begun) * 1e3)
    for name, times in parts.items():
        tell(f"a question, {name}", statistics.median(times[len(times) // 10 :]), "ms")


def tell(name: str, value: float, unit: str, *, target: float | None = None) -> None:
    found: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit}
    print(json.dumps(found if target is None else {**found, "target": target}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--directory", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as name:
        measure(Path(name), given.examples)


if __name__ == "__main__":
    main()
