"""Learns the ranker that ships as `ghostcells/memory/ranker.json`, from public material alone.

    python benchmarks/train_ranker.py --data DIRECTORY --work DIRECTORY [--every 1]

Replays the sessions, and at every cell where a suggestion was due takes the candidates that memory would weigh, with their
features; whether each comes near what was then run is the label. Beside them stand small memories with made-up corrections
and paraphrases (`corrections.py`), because a memory of five examples has to work as well. Learned are: the weights of terms,
which words of prose go with which words of commands, a rough linear score, boosted trees, and a rising calibration, for
searching with and without vectors.

Repositories that share authors or text are one family, and each of five folds is some of the families. `--work` receives the
texts' vectors, the features, and one ranker for each fold, learned and calibrated without it, which `replay.py` judges by.
"""

import argparse
import gzip
import json
import pickle
import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sessions
from corrections import small_memories
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ghostcells.domain.distance import NEAR, word_distance
from ghostcells.domain.distance import words as shell_words
from ghostcells.domain.examples import Situation
from ghostcells.memory import analysis, features, model, recall, weighing
from ghostcells.memory.profiles import Reader

FOLDS = 5
MADE_UP = 0.2
"""The weight of all small memories together, as a share of that of the sessions."""
MADE_UP_COUNT = 1600
ROUGH_EVERY = 12
KEPT_FOR_ROUGH = 60
LEAST = weighing.LEAST
WEIGHTS, TIES = 2000, 8000
THRESHOLD = 0.35
SOURCES = (
    "public editing sessions replayed from runbooks of 32 repositories "
    "(Apache-2.0, MIT, MIT-0, BSD-3-Clause, UPL-1.0, CC BY 4.0), "
    "nl2bash (MIT; Lin, Wang, Zettlemoyer, Ernst, LREC 2018), "
    "tldr-pages (CC BY 4.0, the tldr-pages team and contributors)"
)
words = lru_cache(50_000)(shell_words)


@lru_cache(200_000)
def distance(one: str, other: str) -> float:
    """The argument distance, without the work where it must be beyond near."""
    left, right = words(one), words(other)
    if left == right:
        return 0.0
    longer = max(len(left), len(right))
    return 1.0 if not left or not right or abs(len(left) - len(right)) > NEAR * longer else word_distance(left, right)


class Table(msgspec.Struct):
    """Candidates as rows: features, distance to what was run, question, and whether the program is right."""

    x: Any
    distance: Any
    question: Any
    program: Any


class Rows:
    """Collects a `Table`."""

    def __init__(self) -> None:
        self.x: list[Any] = []
        self.distance: list[float] = []
        self.question: list[int] = []
        self.program: list[bool] = []

    def add(self, entries: Iterable[weighing.Entry], truth: str, question: int) -> None:
        for entry in entries:
            self.x.append(np.array(entry.vector, np.float32))
            self.distance.append(distance(entry.adapted.text, truth))
            self.question.append(question)
            self.program.append(words(entry.adapted.text)[:1] == words(truth)[:1])

    def table(self) -> Table:
        return Table(np.array(self.x), np.array(self.distance), np.array(self.question), np.array(self.program))


def hits(index: sessions.Index, vectors: sessions.Vectors | None, situation: Situation) -> list[weighing.Hit]:
    """What memory would weigh: its own searches, called without its threads."""
    found = recall.look_up(index, situation)
    if vectors is None:
        return recall.hits_of(found)
    scores = vectors.nearest(analysis.embedding_text(situation), recall.SCORED)
    similar = recall.similar_of(list(scores), list(scores.values()), found)
    more = index.load(row for row in similar if row not in found.examples)
    return recall.hits_of(found, more, similar)


def from_sessions(
    all_steps: list[sessions.Step],
    asked: set[int],
    readers: Mapping[str, Reader],
    judge: model.Judge,
    known: dict[str, Any] | None,
) -> Table:
    index, rows = sessions.Index(), Rows()
    vectors = None if known is None else sessions.Vectors(known)
    for step in all_steps:
        if step.number in asked and index.count():
            found = hits(index, vectors, step.situation)
            rows.add(
                weighing.Weighing(step.situation, readers[step.repo]).assemble(found, judge), step.text, step.number
            )
        added = index.add(step)
        if vectors is not None:
            vectors.add(added.row, analysis.embedding_text(added.situation))
    return rows.table()


def from_small_memories(data: Path, reader: Reader, judge: model.Judge, known: dict[str, Any] | None) -> Table:
    rows = Rows()
    for number, memory in enumerate(small_memories(data, random.Random(11), MADE_UP_COUNT)):
        index = sessions.Index()
        vectors = None if known is None else sessions.Vectors(known)
        for step in memory.steps:
            added = index.add(step)
            if vectors is not None:
                vectors.add(added.row, analysis.embedding_text(added.situation))
        found = hits(index, vectors, memory.situation)
        rows.add(weighing.Weighing(memory.situation, reader).assemble(found, judge), memory.answer, number)
    return rows.table()


def term_weights(all_steps: list[sessions.Step]) -> tuple[dict[str, float], float]:
    """How rare each of the commonest terms is in prose; the others weigh as much as the rarest of these."""
    counts: Counter[str] = Counter()
    for step in all_steps:
        counts.update(set(analysis.prose_terms(step.situation.intent)))
    common = counts.most_common(WEIGHTS)
    weights = {term: round(log((len(all_steps) + 1) / (count + 1)), 2) for term, count in common}
    return weights, min(weights[common[-1][0]], 7.0)


def ties_of(pairs: Iterable[tuple[Iterable[str], Iterable[str]]]) -> dict[str, dict[str, float]]:
    """By a term of a situation the terms of commands that go with it, with the logarithm of how much more than by chance."""
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    total = 0
    for source, command in pairs:
        total += 1
        terms = list(command)[:12]
        left.update(source)
        right.update(terms)
        both.update((one, other) for one in source for other in terms)
    found: list[tuple[float, str, str, float]] = []
    for (one, other), count in both.items():
        if count >= 5 and left[one] >= 8:
            tie = log(count * total / (left[one] * right[other])) * count / (count + 4)
            if tie >= 0.8:
                found.append((count * tie, one, other, round(tie, 2)))
    ties: dict[str, dict[str, float]] = {}
    for _, one, other, tie in sorted(found, reverse=True)[:TIES]:
        ties.setdefault(one, {})[other] = tie
    return ties


def tie_sources(step: sessions.Step) -> tuple[set[str], tuple[str, ...]]:
    situation = step.situation
    terms = set(analysis.prose_terms(situation.intent)) | set(analysis.prose_terms(situation.heading))
    before = analysis.command_terms(analysis.last_command(situation))[:3]
    return terms | {analysis.BEFORE + term for term in before}, analysis.command_terms(step.text)


def described(data: Path) -> list[tuple[set[str], tuple[str, ...]]]:
    """The pairs of nl2bash and tldr."""
    pairs = []
    for name in ("nl2bash", "tldr"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                pairs.append((set(analysis.prose_terms(row["intent"])), analysis.command_terms(row["command"])))
    return pairs


def folds_of(data: Path, all_steps: list[sessions.Step]) -> dict[str, int]:
    """A fold for each repository; families stay together."""
    family = {}
    with gzip.open(data / "runbooks.index.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            family[row["repo"]] = row["family"]
    sizes = Counter(family[step.repo] for step in all_steps)
    load, fold = [0] * FOLDS, {}
    for name, size in sizes.most_common():
        fold[name] = load.index(min(load))
        load[fold[name]] += size
    return {repo: fold[name] for repo, name in family.items()}


def rough_of(table: Table, *, vectors: bool) -> tuple[float, ...]:
    """A linear score from the features that need no adaptation."""
    names = features.NAMES
    columns = list(range(features.LIKENESS))
    columns += [names.index("similarity"), names.index("similarity to best")] if vectors else []
    keep = table.x[:, names.index("raw")] == 0
    x, near = table.x[keep][:, columns], table.distance[keep] <= NEAR
    mean, spread = x.mean(0), x.std(0) + 1e-6
    learned = LogisticRegression(max_iter=500).fit((x - mean) / spread, near)
    slopes = learned.coef_[0] / spread
    told = [*slopes, *([] if vectors else [0.0, 0.0]), learned.intercept_[0] - (slopes * mean).sum()]
    return tuple(round(float(one), 4) for one in told)


def trees_of(learned: HistGradientBoostingClassifier) -> model.Trees:
    """The trees in the flat form that the package evaluates."""
    roots: list[int] = []
    asks: list[int] = []
    cuts: list[float] = []
    rights: list[int] = []

    def walk(nodes: Any, at: int) -> None:
        node, here = nodes[at], len(asks)
        leaf = bool(node["is_leaf"])
        asks.append(-1 if leaf else int(node["feature_idx"]))
        cuts.append(round(float(node["value"]), 5) if leaf else float(f"{node['num_threshold']:.6g}"))
        rights.append(0)
        if not leaf:
            walk(nodes, node["left"])
            rights[here] = len(asks)
            walk(nodes, node["right"])

    for (predictor,) in learned._predictors:
        roots.append(len(asks))
        walk(predictor.nodes, 0)
    base = round(float(learned._baseline_prediction.ravel()[0]), 5)
    return model.Trees(base, tuple(roots), tuple(asks), tuple(cuts), tuple(rights))


def best_rows(margins: Any, questions: Any) -> Any:
    """The row of the best candidate of each question."""
    order = np.lexsort((-margins, questions))
    first = np.r_[True, np.diff(questions[order]) != 0]
    return order[first]


def calibration_of(margins: Any, near: Any, points: int = 24) -> model.Calibration:
    """Isotonic over equal-count groups: how often candidates of such a margin came near."""
    groups = np.array_split(np.argsort(margins, kind="stable"), points)
    xs = np.array([margins[group].mean() for group in groups])
    ys = np.array([(near[group].sum() + 0.5) / (len(group) + 1) for group in groups])
    rising = IsotonicRegression().fit_transform(xs, ys, sample_weight=[len(group) for group in groups])
    kept = [(round(float(x), 4), round(float(y), 4)) for x, y in zip(xs, rising, strict=True)]
    distinct = [point for n, point in enumerate(kept) if n == 0 or point[0] > kept[n - 1][0]]
    return model.Calibration(tuple(x for x, _ in distinct), tuple(y for _, y in distinct))


def fit(real: Table, made_up: Table, keep: Any, keep_made_up: Any, width: int) -> HistGradientBoostingClassifier:
    x = np.vstack([real.x[keep][:, :width], made_up.x[keep_made_up][:, :width]])
    near = np.r_[real.distance[keep], made_up.distance[keep_made_up]] <= NEAR
    share = MADE_UP * len(real.x) / len(made_up.x)
    weight = np.r_[np.ones(keep.sum()), np.full(keep_made_up.sum(), share)]
    learner = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.07, max_leaf_nodes=12, min_samples_leaf=50, l2_regularization=5.0,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    return learner.fit(x, near, sample_weight=weight)


def judges(
    real: Table, made_up: Table, fold: Any, rough: tuple[float, ...], width: int
) -> tuple[list[model.Judge], dict[str, float]]:
    """One judge for each fold, learned without it, and last the one of all; with what they reach on the folds left out."""
    margins = np.zeros(len(real.x))
    grown = []
    for number in range(FOLDS):
        learned = fit(real, made_up, fold != number, made_up.question % FOLDS != number, width)
        margins[fold == number] = learned.decision_function(real.x[fold == number][:, :width])
        grown.append(trees_of(learned))
    everything = fit(
        real, made_up, np.full(len(real.x), fill_value=True), np.full(len(made_up.x), fill_value=True), width
    )
    grown.append(trees_of(everything))
    best = best_rows(margins, real.question)
    near = real.distance[best] <= NEAR
    found = [
        model.Judge(trees, calibration_of(margins[best][other], near[other]), rough, THRESHOLD)
        for trees, other in zip(grown, [*(fold[best] != n for n in range(FOLDS)), near >= 0], strict=True)
    ]
    return found, figures(margins[best], real.distance[best], real.program[best])


def figures(margins: Any, distances: Any, program: Any) -> dict[str, float]:
    order = np.argsort(-margins)
    told = {"near": (distances <= NEAR).mean(), "exact": (distances == 0).mean(), "program": program.mean()}
    for share in (0.05, 0.2):
        first = order[: int(len(order) * share)]
        told[f"near of surest {share:.0%}"] = (distances[first] <= NEAR).mean()
        told[f"exact of surest {share:.0%}"] = (distances[first] == 0).mean()
    return {name: round(float(value), 3) for name, value in told.items()}


def learn_variant(
    given: argparse.Namespace, all_steps: list[sessions.Step], shared: dict[str, Any], *, vectors: bool
) -> tuple[list[model.Judge], dict[str, float]]:
    known = shared["known"] if vectors else None
    readers = {repo: shared["readers"][number] for repo, number in shared["folds"].items()}
    due = [step.number for step in all_steps if step.asked]
    nothing = model.Calibration((0.0,), (0.5,))
    start = model.Judge(model.Trees(0.0, (), (), (), ()), nothing, first_rough(), THRESHOLD)
    kept, weighing.KEPT, weighing.LEAST = weighing.KEPT, KEPT_FOR_ROUGH, KEPT_FOR_ROUGH
    rough = rough_of(from_sessions(all_steps, set(due[::ROUGH_EVERY]), readers, start, known), vectors=vectors)
    weighing.KEPT, weighing.LEAST = kept, LEAST
    judge = msgspec.structs.replace(start, rough=rough)
    real = from_sessions(all_steps, set(due[:: given.every]), readers, judge, known)
    made_up = from_small_memories(given.data, shared["readers"][-1], judge, known)
    name = "vectors" if vectors else "lexical"
    (given.work / f"{name}.pickle").write_bytes(pickle.dumps((real, made_up)))
    fold = np.array([shared["folds"][all_steps[number].repo] for number in real.question])
    return judges(real, made_up, fold, rough, len(features.NAMES) if vectors else features.WITHOUT_VECTORS)


def first_rough() -> tuple[float, ...]:
    """What the first look goes by, before anything is learned."""
    guess = {"jaccard": 4.0, "tail jaccard": 2.0, "before jaccard": 1.0, "lexical to best": 1.5, "shared folders": 0.5}
    return (*(guess.get(name, 0.0) for name in features.NAMES[: features.LIKENESS]), 4.0, 0.0, -5.0)


def main() -> int:
    warnings.filterwarnings("ignore", module="sklearn")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a directory for what can be thrown away")
    parser.add_argument("--every", type=int, default=1, help="learn from every n-th question")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    all_steps = list(sessions.steps(given.data / "sessions.jsonl.gz"))
    folds = folds_of(given.data, all_steps)
    weights, default = term_weights(all_steps)
    pairs = [(folds[step.repo], tie_sources(step)) for step in all_steps if step.language == "shellscript"]
    others = described(given.data)
    ties = [ties_of([pair for fold, pair in pairs if fold != number] + others) for number in range(FOLDS)]
    ties.append(ties_of([pair for _, pair in pairs] + others))
    made_up = [
        situation
        for memory in small_memories(given.data, random.Random(11), MADE_UP_COUNT)
        for situation in (memory.situation, *(step.situation for step in memory.steps))
    ]
    texts = [analysis.embedding_text(one) for one in (*(step.situation for step in all_steps), *made_up)]
    blank = model.Judge(model.Trees(0.0, (), (), (), ()), model.Calibration((0.0,), (0.5,)), (), THRESHOLD)
    rankers = [model.Ranker({}, features.NAMES, default, weights, tie, blank, blank) for tie in ties]
    shared = {
        "folds": folds,
        "readers": [Reader(ranker) for ranker in rankers],
        "known": sessions.vectors_of(texts, given.work / "texts.pickle"),
    }
    lexical, of_lexical = learn_variant(given, all_steps, shared, vectors=False)
    print("words alone, folds left out:", of_lexical, flush=True)
    with_vectors, of_vectors = learn_variant(given, all_steps, shared, vectors=True)
    print("with vectors, folds left out:", of_vectors, flush=True)
    provenance = {
        "script": "benchmarks/train_ranker.py",
        "data": SOURCES,
        "date": datetime.now(UTC).date().isoformat(),
        "words alone, families left out": json.dumps(of_lexical),
        "with vectors, families left out": json.dumps(of_vectors),
    }
    (given.work / "folds.json").write_text(json.dumps(folds))
    for number, ranker in enumerate(rankers):
        done = msgspec.structs.replace(
            ranker, provenance=provenance, lexical=lexical[number], vectors=with_vectors[number]
        )
        whole = number == FOLDS
        target = Path(model.__file__).with_name("ranker.json") if whole else given.work / f"ranker-{number}.json"
        target.write_bytes(msgspec.json.encode(done) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
