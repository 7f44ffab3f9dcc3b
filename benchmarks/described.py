"""Does memory find the command that was described in other words? nl2bash, every description asked while all others are known.

    python benchmarks/described.py --data DIRECTORY --work DIRECTORY [--sample 700] [--words] [--shipped]

Asked are the descriptions whose exact command has another, differently worded one. Right is the same command, or the same
template (`group`), in the first place. Beside memory stand the floors: the nearest description by BM25 (bm25s) and by the
sentence model that ships. Each template is judged by a ranker that has not seen its fold (`train_ranker.py` puts those into
`--work`). Time is CPU of this process at the median question, without the embedding and with it: who compares by sense has to
embed what is asked. One JSON object a line.
"""

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import sessions
from train_ranker import FOLDS

from ghostcells.domain.examples import Situation
from ghostcells.memory import analysis, model, rank, recall
from ghostcells.memory.profiles import Reader
from ghostcells.memory.weighing import Weighing

BM25, WORDS, MINILM, MEMORY = "floor: BM25", "memory, words alone", "floor: MiniLM int8", "memory"
SENSE = {MINILM, MEMORY}
"""The methods that embed what is asked."""


class Row(msgspec.Struct, frozen=True):
    """A description with its command, and the command's template."""

    intent: str
    command: str
    group: str


class Found(msgspec.Struct):
    """What came first: a command, and the row that it comes from."""

    command: str
    row: int


def rows_of(data: Path) -> list[Row]:
    with gzip.open(data / "nl2bash.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    distinct = {(one["intent"], one["command"]): Row(one["intent"], one["command"], one["group"]) for one in read}
    return list(distinct.values())


def asked_of(rows: Sequence[Row], sample: int) -> list[int]:
    counts = Counter(row.command for row in rows)
    asked = [place for place, row in enumerate(rows) if counts[row.command] > 1]
    step = max(1, len(asked) // sample)
    # One fold after the other, so that its vectors and its ranker stay at hand, as the only ones there are do in a daemon.
    return sorted(asked[::step], key=lambda place: fold_of(rows[place]))


def embedded(row: Row) -> str:
    """What memory embeds of a description that stands alone."""
    return analysis.embedding_text(Situation("", row.intent))


def fold_of(row: Row) -> int:
    return crc32(row.group.encode()) % FOLDS


Method = Callable[[int], Found]
Embed = Callable[[str], object]


def report(methods: dict[str, Method], rows: Sequence[Row], asked: Sequence[int], embed: Embed | None) -> None:
    """Each question is put to all methods in turn, so that all meet the same machine; `embed` is what sense costs them."""
    same: dict[str, Counter[str]] = defaultdict(Counter)
    taken: dict[str, list[float]] = defaultdict(list)
    embedding: list[float] = []
    for place in asked:
        if embed is not None:
            begun = process_time()
            embed(embedded(rows[place]))
            embedding.append((process_time() - begun) * 1000)
        for name, find in methods.items():
            begun = process_time()
            found = find(place)
            taken[name].append((process_time() - begun) * 1000)
            same[name]["command"] += found.command == rows[place].command
            same[name]["template"] += rows[found.row].group == rows[place].group
    for name in methods:
        shares = {f"same {key}": round(same[name][key] / len(asked), 3) for key in ("command", "template")}
        times = {"ms": round(median(taken[name]), 2)}
        if name in SENSE and embedding:
            times["ms with embedding"] = round(median(map(sum, zip(taken[name], embedding, strict=True))), 2)
        print(json.dumps({"method": name, "asked": len(asked), **shares, **times}), flush=True)


def by_memory(
    rows: Sequence[Row],
    rankers: Callable[[Row], model.Ranker],
    known: Sequence[dict[str, Any]] = (),
) -> Callable[[int], Found]:
    """`known` are the vectors of texts for each fold, or the same for all; none: by words alone."""
    index = sessions.Index()
    vectors = [sessions.Vectors(one) for one in known]
    at: list[int] = []
    for number, row in enumerate(rows):
        where = f"file:///home/user/notes/{number % 7}.md"
        when = sessions.START_MS + number * 60_000
        situation = Situation(where, row.intent)
        step = sessions.Step(number, "notes", where, when, situation, row.command, "shellscript", asked=True)
        at.append(index.add(step).row)
        for one in vectors:
            one.add(at[-1], situation, row.command)
    row_of = {row: number for number, row in enumerate(at)}
    readers: dict[int, Reader] = {}

    def find(place: int) -> Found:
        index.hidden = at[place]
        learned = rankers(rows[place])
        reader = readers.get(id(learned)) or readers.setdefault(id(learned), Reader(learned))
        situation = Situation("file:///home/user/notes/other.md", rows[place].intent)
        found, weighing = recall.look_up(index, situation), Weighing(situation, reader)
        if not vectors:
            ranked = rank.rank(weighing, recall.hits_of(found), learned.lexical)
        else:
            scores = vectors[fold_of(rows[place]) % len(vectors)].nearest(
                analysis.embedding_text(situation), recall.SCORED + 1
            )
            scores.pop(index.hidden, None)
            similar = recall.similar_of(list(scores), list(scores.values()), found)
            more = index.load(row for row in similar if row not in found.examples)
            ranked = rank.rank(weighing, recall.hits_of(found, more, similar), learned.vectors)
        return Found(ranked[0].adapted.text, row_of[ranked[0].example.row])

    return find


def known_of(work: Path, rows: Sequence[Row], shipped: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - as it is given
    """The vectors of texts for `by_memory`."""
    if not shipped:
        return [sessions.kept_vectors(work, sessions.of_fold(fold)) for fold in range(FOLDS)]
    texts = (text for row in rows for text in sessions.halves(Situation("", row.intent), row.command))
    return [sessions.vectors_of(texts, work / sessions.SHIPPED)]


def by_vectors(rows: Sequence[Row], known: dict[str, Any]) -> Callable[[int], Found]:
    matrix = np.array([known[embedded(row)] for row in rows], np.float32)

    def find(place: int) -> Found:
        scores = matrix @ matrix[place]
        scores[place] = -2
        nearest = int(np.argmax(scores))
        return Found(rows[nearest].command, nearest)

    return find


def by_bm25(rows: Sequence[Row]) -> Callable[[int], Found]:
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize([row.intent for row in rows], show_progress=False), show_progress=False)

    def find(place: int) -> Found:
        query = bm25s.tokenize([rows[place].intent], show_progress=False, return_ids=False)[0]
        scores = index.get_scores(query)
        scores[place] = -1
        nearest = int(np.argmax(scores))
        return Found(rows[nearest].command, nearest)

    return find


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="directory with nl2bash.jsonl.gz")
    parser.add_argument("--work", type=Path, required=True, help="directory of train_ranker.py's leavings")
    parser.add_argument("--sample", type=int, default=10_000)
    parser.add_argument("--words", action="store_true", help="without vectors")
    parser.add_argument("--shipped", action="store_true", help="judge by the ranker in the package")
    given = parser.parse_args()
    if not (given.data / "nl2bash.jsonl.gz").exists():
        print(f"no data in {given.data}: nothing measured", file=sys.stderr)
        return 0
    rows = rows_of(given.data)
    asked = asked_of(rows, given.sample)
    learned = [
        model.ranker()
        if given.shipped
        else msgspec.json.decode((given.work / f"ranker-{number}.json").read_bytes(), type=model.Ranker)
        for number in range(FOLDS)
    ]

    def judge(row: Row) -> model.Ranker:
        return learned[fold_of(row)]

    methods = {BM25: by_bm25(rows), WORDS: by_memory(rows, judge)}
    embed: Embed | None = None
    if not given.words:
        plain = sessions.kept_vectors(given.work, sessions.PLAIN)
        methods |= {
            MINILM: by_vectors(rows, plain),
            MEMORY: by_memory(rows, judge, known_of(given.work, rows, given.shipped)),
        }
        embed = sessions.embedder().vector
    report(methods, rows, asked, embed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
