"""Learns the ranker that ships as `ghostcells/memory/ranker.json`, from public material alone.

    python benchmarks/train_ranker.py --data DIRECTORY --work DIRECTORY [--every 1]

Replays the sessions, and at every cell where a suggestion was due takes the candidates that memory would weigh, with their
features; whether each comes near what was then run is the label. Beside them stand small memories with made-up corrections
and paraphrases (`corrections.py`), because a memory of five examples has to work as well. Learned are: the weights of terms,
which words of prose go with which words of commands, a rough linear score, boosted trees, and a rising calibration, for
searching with and without vectors.

Repositories that share authors or text are one family, and each of five folds is some of the families. `--work` receives the
features, and one ranker for each fold, learned and calibrated without it, which `replay.py` judges by. It
needs LightGBM and scikit-learn, the installed sentence model, and what `train_sense.py` has left in `--work`.
"""

import argparse
import gzip
import hashlib
import json
import multiprocessing
import pickle
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Any

import lightgbm
import msgspec
import numpy as np
import sessions
from corrections import described_steps, small_memories
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ghostcells.domain.distance import NEAR, word_distance
from ghostcells.domain.distance import words as shell_words
from ghostcells.domain.examples import Situation
from ghostcells.memory import analysis, features, model, rank, recall, weighing
from ghostcells.memory.profiles import Reader

FOLDS = 5
MADE_UP = 0.2
DESCRIBED = 0.9
"""The weight of all small memories together, and of all described commands, as shares of that of the sessions."""
MADE_UP_COUNT = 1600
DESCRIBED_EVERY = 5
ROUGH_EVERY = 24
PROCESSES = 2
EXACTLY, EXACTLY_DESCRIBED = 0.35, 0.6
"""How much of a command that is near but not exact counts as wrong: run from notebooks, and described, where there is only one
command that is meant."""
PROGRAM = 0.2
"""How much of a command that is not near but runs the right program counts as right: where nothing is near, that is the better
answer."""
TREES, LEAVES = 200, (16, 31)
"""Leaves by words alone, and with vectors."""
STEEP = 0.0005
"""The least rise of confidence from one group of candidates to the next."""
KEPT_FOR_ROUGH = 60
WEIGHTS, TIES = 2000, 8000
THRESHOLD = 0.35
BINS = 10
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
    """Candidates as rows: features, distance to what was run, question, and whether the program is right.

    `fold` is the one that the question belongs to.
    """

    x: Any
    distance: Any
    question: Any
    program: Any
    fold: Any


class Rows:
    """Collects a `Table`."""

    def __init__(self) -> None:
        self.x: list[Any] = []
        self.distance: list[float] = []
        self.question: list[int] = []
        self.program: list[bool] = []
        self.fold: list[int] = []

    def add(self, entries: Iterable[weighing.Entry], truth: str, question: int, fold: int) -> None:
        for entry in entries:
            self.x.append(np.array(entry.vector, np.float32))
            self.distance.append(distance(entry.adapted.text, truth))
            self.question.append(question)
            self.program.append(words(entry.adapted.text)[:1] == words(truth)[:1])
            self.fold.append(fold)

    def table(self) -> Table:
        columns = (self.x, self.distance, self.question, self.program, self.fold)
        return Table(*(np.array(column) for column in columns))


class Question(msgspec.Struct, frozen=True):
    """What is asked, what was run then, and by whose reader it is weighed."""

    number: int
    situation: Situation
    truth: str
    fold: int
    reader: Reader


Judges = tuple[model.Judge, model.Judge]


class Searcher:
    """Memory's own searches, called without its threads, over examples that come one by one."""

    def __init__(self, shared: "Shared", folds: Iterable[int] = range(FOLDS)) -> None:
        """`folds` are those that questions will be of: for each the vectors are made without it."""
        self.index = sessions.Index()
        self._words = shared.words
        self._vectors = {fold: sessions.Vectors(shared.known[fold]) for fold in folds}

    def add(self, step: sessions.Step) -> int:
        added = self.index.add(step)
        for vectors in self._vectors.values():
            vectors.add(added.row, added.situation, added.text)
        return added.row

    def candidates(self, asked: Question, judges: Judges) -> tuple[list[weighing.Entry], list[weighing.Entry]]:
        """What memory would weigh by words alone, and with vectors."""
        found = recall.look_up(self.index, asked.situation)
        question = weighing.Weighing(asked.situation, asked.reader)
        plain = question.assemble(recall.hits_of(found), judges[0]) if self._words else []
        hidden = self.index.hidden
        scores: dict[int, float] = {}
        if asked.situation.intent.strip():
            text = analysis.embedding_text(asked.situation)
            scores = self._vectors[asked.fold].nearest(text, recall.SCORED + (hidden > 0))
        scores.pop(hidden, None)
        similar = recall.similar_of(list(scores), list(scores.values()), found)
        more = self.index.load(row for row in similar if row not in found.examples)
        return plain, question.assemble(recall.hits_of(found, more, similar), judges[1])


Tables = tuple[Table, Table]


class Shared(msgspec.Struct):
    """What all parts of the work read."""

    data: Path
    steps: list[sessions.Step]
    folds: dict[str, int]
    readers: list[Reader]
    known: list[dict[str, Any]]
    """By fold the vectors of texts, by what was learned without it."""
    words: bool = True
    """Whether what is found by words alone is wanted too."""
    questions: list[sessions.Step] | None = None
    """The steps as they are asked for, where that is not as they are remembered."""


def from_sessions(shared: Shared, asked: set[int], judges: Judges) -> Tables:
    """Every cell where a suggestion was due, with everything earlier in memory."""
    searcher, rows = Searcher(shared), (Rows(), Rows())
    for step, due in zip(shared.steps, shared.questions or shared.steps, strict=True):
        if step.number in asked and searcher.index.count():
            fold = shared.folds[step.repo]
            question = Question(step.number, due.situation, step.text, fold, shared.readers[fold])
            _collect(rows, searcher, question, judges)
        searcher.add(step)
    return rows[0].table(), rows[1].table()


def from_small_memories(shared: Shared, asked: set[int], judges: Judges) -> Tables:
    rows = (Rows(), Rows())
    for number, memory in enumerate(small_memories(shared.data, random.Random(11), MADE_UP_COUNT)):
        if number not in asked:
            continue
        searcher = Searcher(shared, [number % FOLDS])
        for step in memory.steps:
            searcher.add(step)
        question = Question(number, memory.situation, memory.answer, number % FOLDS, shared.readers[-1])
        _collect(rows, searcher, question, judges)
    return rows[0].table(), rows[1].table()


def from_described(shared: Shared, asked: set[int], judges: Judges) -> Tables:
    """Described commands, each asked for while all others are remembered."""
    searcher, rows = Searcher(shared), (Rows(), Rows())
    noted = described_steps(shared.data, random.Random(12))
    at = [searcher.add(step) for step in noted]
    for place, row in enumerate(at):
        if place in asked:
            searcher.index.hidden = row
            step = noted[place]
            question = Question(place, step.situation, step.text, int(step.doc) % FOLDS, shared.readers[-1])
            _collect(rows, searcher, question, judges)
    return rows[0].table(), rows[1].table()


Steps = tuple[model.Calibration, model.Calibration]
Collect = Callable[[Shared, set[int], Judges], Tables]


def described_in_other_words(data: Path) -> list[int]:
    """Every other row whose command is described a second time, and some of all rows."""
    noted = described_steps(data, random.Random(12))
    counts = Counter(step.text for step in noted)
    again = [place for place, step in enumerate(noted) if counts[step.text] > 1]
    return sorted({*again[::2], *range(0, len(noted), 4 * DESCRIBED_EVERY)})


def _collect(rows: tuple[Rows, Rows], searcher: Searcher, asked: Question, judges: Judges) -> None:
    for kept, entries in zip(rows, searcher.candidates(asked, judges), strict=True):
        kept.add(entries, asked.truth, asked.number, asked.fold)


_UNDER_WAY: list[tuple[Collect, Shared, Judges]] = []
"""What forked processes find here they need not be sent."""


def in_parts(collect: Collect, shared: Shared, asked: Sequence[int], judges: Judges) -> Tables:
    """The questions, shared out among processes."""
    _UNDER_WAY[:] = [(collect, shared, judges)]
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        parts = list(pool.map(_part, [set(asked[n::PROCESSES]) for n in range(PROCESSES)]))
    return _joined([part[0] for part in parts]), _joined([part[1] for part in parts])


def _part(asked: set[int]) -> Tables:
    collect, shared, judges = _UNDER_WAY[0]
    return collect(shared, asked, judges)


def _joined(parts: list[Table]) -> Table:
    return Table(*(np.concatenate([getattr(part, name) for part in parts]) for name in Table.__struct_fields__))


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
    """The pairs of nl2bash and tldr, without those that `from_described` asks for."""
    pairs = []
    for name in ("nl2bash", "tldr"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                row = json.loads(line)
                if name != "nl2bash" or number % DESCRIBED_EVERY:
                    pairs.append((set(analysis.prose_terms(row["intent"])), analysis.command_terms(row["command"])))
    return pairs


def families_of(data: Path) -> dict[str, str]:
    """By repository the family that it belongs to."""
    with gzip.open(data / "runbooks.index.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {row["repo"]: row["family"] for row in map(json.loads, lines)}


def folds_of(data: Path, all_steps: list[sessions.Step]) -> dict[str, int]:
    """A fold for each repository; families stay together."""
    family = families_of(data)
    sizes = Counter(family[step.repo] for step in all_steps)
    load, fold = [0] * FOLDS, {}
    for name, size in sizes.most_common():
        fold[name] = load.index(min(load))
        load[fold[name]] += size
    return {repo: fold[name] for repo, name in family.items()}


def rough_of(tables: Sequence[Table], *, vectors: bool) -> tuple[float, ...]:
    """A linear score from the features that need no adaptation; `tables` and their weights as in `fit`."""
    names = features.NAMES
    columns = list(range(features.LIKENESS))
    columns += [names.index("similarity"), names.index("similarity to best")] if vectors else []
    keep = [table.x[:, names.index("raw")] == 0 for table in tables]
    x = np.vstack([table.x[kept][:, columns] for table, kept in zip(tables, keep, strict=True)])
    near = np.concatenate([table.distance[kept] <= NEAR for table, kept in zip(tables, keep, strict=True)])
    weight = np.concatenate(
        [np.full(kept.sum(), _share(table, tables)) for table, kept in zip(tables, keep, strict=True)]
    )
    mean, spread = x.mean(0), x.std(0) + 1e-6
    learned = LogisticRegression(max_iter=500).fit((x - mean) / spread, near, weight)
    slopes = learned.coef_[0] / spread
    told = [*slopes, *([] if vectors else [0.0, 0.0]), learned.intercept_[0] - (slopes * mean).sum()]
    return tuple(round(float(one), 4) for one in told)


def _share(table: Table, tables: Sequence[Table]) -> float:
    """What a row of this table weighs: the first are the sessions, then come small memories and described commands."""
    if table is tables[0]:
        return 1.0
    return (MADE_UP if table is tables[1] else DESCRIBED) * len(tables[0].x) / len(table.x)


def trees_of(learned: lightgbm.Booster) -> model.Trees:
    """The trees in the flat form that the package evaluates."""
    roots: list[int] = []
    asks: list[int] = []
    cuts: list[float] = []
    rights: list[int] = []

    def walk(node: dict[str, Any]) -> None:
        here, leaf = len(asks), "leaf_value" in node
        asks.append(-1 if leaf else node["split_feature"])
        cuts.append(round(node["leaf_value"], 4) if leaf else float(f"{node['threshold']:.4g}"))
        rights.append(0)
        if not leaf:
            walk(node["left_child"])
            rights[here] = len(asks)
            walk(node["right_child"])

    for tree in learned.dump_model()["tree_info"]:
        roots.append(len(asks))
        walk(tree["tree_structure"])
    return model.Trees(0.0, tuple(roots), tuple(asks), tuple(cuts), tuple(rights))


def best_rows(margins: Any, questions: Any) -> Any:
    """The row of the best candidate of each question."""
    order = np.lexsort((-margins, questions))
    first = np.r_[True, np.diff(questions[order]) != 0]
    return order[first]


def calibration_of(margins: Any, near: Any, points: int = 40) -> model.Calibration:
    """Isotonic over equal-count groups: how often candidates of such a margin came near; never quite flat, so that the surer
    of two stays the surer."""
    groups = np.array_split(np.argsort(margins, kind="stable"), points)
    xs = np.array([margins[group].mean() for group in groups])
    ys = np.array([(near[group].sum() + 0.5) / (len(group) + 1) for group in groups])
    rising = IsotonicRegression().fit_transform(xs, ys, sample_weight=[len(group) for group in groups])
    for place in range(1, points):
        rising[place] = max(rising[place], rising[place - 1] + STEEP)
    # Beyond the last group's mean are half of the surest: they stay apart, too.
    xs, rising = np.r_[xs, margins.max() + 1], np.minimum(np.r_[rising, rising[-1] + STEEP], 1.0)
    kept = [(round(float(x), 4), round(float(y), 4)) for x, y in zip(xs, rising, strict=True)]
    distinct = [point for n, point in enumerate(kept) if n == 0 or point[0] > kept[n - 1][0]]
    return model.Calibration(tuple(x for x, _ in distinct), tuple(y for _, y in distinct))


def fit(tables: Sequence[Table], keep: Sequence[Any], width: int) -> lightgbm.Booster:
    """Trees for the chance of being near, where an exact command is worth more than one that is nearly right.

    What is near but not exact counts partly as wrong, and what is only the right program partly as right: both as what they
    count for and as the opposite, with the weights that say how much. `tables` has the sessions first.
    """
    x, good, weight = [], [], []
    for table, kept in zip(tables, keep, strict=True):
        share = _share(table, tables)
        near, exact = table.distance[kept] <= NEAR, table.distance[kept] == 0
        wrong = EXACTLY_DESCRIBED if table is tables[-1] else EXACTLY
        worth = np.where(exact, 1.0, np.where(near, 1 - wrong, PROGRAM * table.program[kept]))
        rows, both = table.x[kept][:, :width], (worth > 0) & (worth < 1)
        x += [rows, rows[both]]
        good += [worth > 0, np.zeros(both.sum(), bool)]
        weight += [share * np.where(worth > 0, worth, 1.0), share * (1 - worth[both])]
    data = lightgbm.Dataset(np.vstack(x), np.concatenate(good), weight=np.concatenate(weight))
    chosen = {
        "objective": "binary", "learning_rate": 0.06, "num_leaves": LEAVES[width > features.WITHOUT_VECTORS],
        "min_data_in_leaf": 50, "lambda_l2": 5.0, "feature_fraction": 0.5, "max_bin": 63,
        "num_threads": 1, "verbosity": -1, "seed": 0, "deterministic": True,
    }  # fmt: skip
    return lightgbm.train(chosen, data, TREES)


_LEARNED_FROM: list[tuple[Sequence[Table], int]] = []


def _without(number: int) -> tuple[model.Trees, list[Any]]:
    """Trees learned without a fold, and their margins there; no question is in a fold of the last number."""
    tables, width = _LEARNED_FROM[0]
    learned = fit(tables, [table.fold != number for table in tables], width)
    there = [table.x[table.fold == number][:, :width] for table in tables]
    return trees_of(learned), [learned.predict(part, raw_score=True) if len(part) else np.zeros(0) for part in there]


def judges(
    tables: Sequence[Table], rough: tuple[float, ...], steps: Steps, width: int
) -> tuple[list[model.Judge], list[Any]]:
    """One judge for each fold, learned without it, and last the one of all; with the margins of the folds left out."""
    margins = [np.zeros(len(table.x)) for table in tables]
    _LEARNED_FROM[:] = [(tables, width)]
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        learned = list(pool.map(_without, range(FOLDS + 1)))
    for number, (_, parts) in enumerate(learned):
        for table, told, part in zip(tables, margins, parts, strict=True):
            told[table.fold == number] = part
    grown = [trees for trees, _ in learned]
    real = tables[0]
    best = best_rows(margins[0], real.question)
    near = real.distance[best] <= NEAR
    found = [
        model.Judge(trees, calibration_of(margins[0][best][other], near[other]), rough, THRESHOLD, *steps)
        for trees, other in zip(grown, [*(real.fold[best] != n for n in range(FOLDS)), near >= 0], strict=True)
    ]
    return found, margins


def steps_of(all_steps: list[sessions.Step]) -> Steps:
    """How likely what followed a command before follows it again (`rank.followers`): where one command is the same, or two."""
    index = sessions.Index()
    seen: list[tuple[bool, float, bool]] = []
    for step in all_steps:
        before = analysis.last_command(step.situation)
        rows = index.following(before, step.situation.language, recall.FOLLOWING) if before else []
        examples = {one.id: one for one in index.load(rows)}
        told = rank.followers(step.situation, examples.values())
        if told:
            best = max(told, key=lambda name: (told[name][1], told[name][0]))
            share, alike = told[best]
            seen.append((alike, model.logit(share), distance(examples[best].text, step.text) <= NEAR))
        index.add(step)
    parts = ([one for one in seen if one[0] is alike] for alike in (False, True))
    one, two = (calibration_of(np.array([x for _, x, _ in p]), np.array([y for _, _, y in p]), points=6) for p in parts)
    return one, two


def repeats(all_steps: list[sessions.Step]) -> list[bool]:
    """Whether what ran last under the very same words of a notebook is near what runs under them now (`rank.REPEATED`)."""
    known: dict[tuple[str, str], str] = {}
    found: list[bool] = []
    for step in all_steps:
        situation = step.situation
        if step.asked and len(situation.intent.split()) >= rank.REPEATED_WORDS:
            place = situation.notebook, situation.intent
            if place in known:
                found.append(distance(known[place], step.text) <= NEAR)
            known[place] = step.text
    return found


def figures(margins: Any, distances: Any, program: Any) -> dict[str, float]:
    order = np.argsort(-margins)
    told = {"near": (distances <= NEAR).mean(), "exact": (distances == 0).mean(), "program": program.mean()}
    for share in (0.05, 0.2):
        first = order[: int(len(order) * share)]
        told[f"near of surest {share:.0%}"] = (distances[first] <= NEAR).mean()
        told[f"exact of surest {share:.0%}"] = (distances[first] == 0).mean()
    return {name: round(float(value), 3) for name, value in told.items()}


def error_of_earlier(margins: Any, near: Any, questions: Any) -> float:
    """The expected calibration error of the later half of the questions, by a curve fitted on the earlier half alone."""
    order = np.argsort(questions)
    earlier, later = np.array_split(order, 2)
    curve = calibration_of(margins[earlier], near[earlier])
    told = np.array([curve(margin) for margin in margins[later]])
    bins = np.array_split(np.argsort(told, kind="stable"), BINS)
    return float(sum(abs(told[one].mean() - near[later][one].mean()) * len(one) for one in bins) / len(later))


def collected(shared: Shared, work: Path, every: int) -> tuple[Judges, list[Tables]]:
    """Rough scores, then the tables by them; kept in `work` until the code of memory changes."""
    kept = work / f"tables-{_code_version()}-{every}.pickle"
    if kept.exists():
        found: tuple[Judges, list[Tables]] = pickle.loads(kept.read_bytes())
        return found
    due = [step.number for step in shared.steps if step.asked]
    nothing = model.Calibration((0.0,), (0.5,))
    start = model.Judge(model.Trees(0.0, (), (), (), ()), nothing, first_rough(), THRESHOLD, nothing, nothing)
    lexical, vectors = rough_scores(shared, work, due, start)
    by = msgspec.structs.replace(start, rough=lexical), msgspec.structs.replace(start, rough=vectors)
    tables = [
        in_parts(from_sessions, shared, due[::every], by),
        in_parts(from_small_memories, shared, range(MADE_UP_COUNT), by),
        in_parts(from_described, shared, described_in_other_words(shared.data), by),
    ]
    kept.write_bytes(pickle.dumps((by, tables)))
    return by, tables


def rough_scores(
    shared: Shared, work: Path, due: Sequence[int], start: model.Judge
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """By words and with vectors, learned once and kept in `work`: they only decide who is weighed in full."""
    kept = work / "rough.json"
    if not kept.exists():
        usual, weighing.KEPT = weighing.KEPT, KEPT_FOR_ROUGH
        first = [
            in_parts(from_sessions, shared, due[::ROUGH_EVERY], (start, start)),
            in_parts(from_small_memories, shared, range(0, MADE_UP_COUNT, 4), (start, start)),
            in_parts(from_described, shared, range(0, 10_000, 8 * DESCRIBED_EVERY), (start, start)),
        ]
        weighing.KEPT = usual
        found = [
            rough_of([pair[variant] for pair in first], vectors=bool(variant)) if variant or shared.words else ()
            for variant in (0, 1)
        ]
        kept.write_text(json.dumps(found))
    lexical, vectors = json.loads(kept.read_text())
    return tuple(lexical), tuple(vectors)


def _code_version() -> str:
    """Changes with what a candidate or a feature is made by."""
    sources = [*sorted(Path(model.__file__).parent.glob("*.py")), Path(__file__).with_name("corrections.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def first_rough() -> tuple[float, ...]:
    """What the first look goes by, before anything is learned."""
    guess = {"jaccard": 4.0, "tail jaccard": 2.0, "before jaccard": 1.0, "lexical to best": 1.5, "shared folders": 0.5}
    return (*(guess.get(name, 0.0) for name in features.NAMES[: features.LIKENESS]), 4.0, 0.0, -5.0)


def texts_of(data: Path, all_steps: list[sessions.Step]) -> Iterator[str]:
    """All that has to be embedded."""
    small = list(small_memories(data, random.Random(11), MADE_UP_COUNT))
    made_up = [*described_steps(data, random.Random(12)), *(step for memory in small for step in memory.steps)]
    for step in (*all_steps, *made_up):
        yield from sessions.halves(step.situation, step.text)
    for memory in small:
        yield analysis.embedding_text(memory.situation)


def earlier(work: Path) -> list[model.Ranker]:
    """The rankers that were learned before: those of the folds, and the one that ships."""
    files = [
        *(work / f"ranker-{number}.json" for number in range(FOLDS)),
        Path(model.__file__).with_name("ranker.json"),
    ]
    return [msgspec.json.decode(file.read_bytes(), type=model.Ranker) for file in files]


def prepared(data: Path, work: Path, *, words: bool) -> tuple[Shared, list[model.Ranker]]:
    """What all parts of the work read, and for each fold, and last for all, a ranker that has no judges yet."""
    all_steps = list(sessions.steps(data / "sessions.jsonl.gz"))
    folds = folds_of(data, all_steps)
    weights, default = term_weights(all_steps)
    pairs = [(folds[step.repo], tie_sources(step)) for step in all_steps if step.language == "shellscript"]
    others = described(data)
    ties = [ties_of([pair for fold, pair in pairs if fold != number] + others) for number in range(FOLDS)]
    ties.append(ties_of([pair for _, pair in pairs] + others))
    nothing = model.Calibration((0.0,), (0.5,))
    blank = model.Judge(model.Trees(0.0, (), (), (), ()), nothing, (), THRESHOLD, nothing, nothing)
    rankers = [model.Ranker({}, features.NAMES, default, weights, tie, blank, blank) for tie in ties]
    known = [sessions.kept_vectors(work, sessions.of_fold(fold)) for fold in range(FOLDS)]
    return Shared(data, all_steps, folds, [Reader(ranker) for ranker in rankers], known, words=words), rankers


def main() -> int:
    warnings.filterwarnings("ignore", module="sklearn")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a directory for what can be thrown away")
    parser.add_argument("--every", type=int, default=1, help="learn from every n-th question")
    parser.add_argument(
        "--words-of",
        type=Path,
        help="keep the judges by words alone: of the folds from this directory, of all as they ship",
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    shared, rankers = prepared(given.data, given.work, words=given.words_of is None)
    by, tables = collected(shared, given.work, given.every)
    steps = steps_of(shared.steps)
    again = repeats(shared.steps)
    print(f"the same words again in one notebook: {sum(again)} of {len(again)} near what ran before", flush=True)
    learned: list[list[model.Judge]] = []
    told: dict[str, str] = {}
    for variant, name in enumerate(("words alone", "with vectors")):
        width = len(features.NAMES) if variant else features.WITHOUT_VECTORS
        parts = [pair[variant] for pair in tables]
        if not variant and given.words_of is not None:
            kept = earlier(given.words_of)
            learned.append([ranker.lexical for ranker in kept])
            told |= {key: value for key, value in kept[-1].provenance.items() if key.startswith(name)}
            continue
        found, margins = judges(parts, by[variant].rough, steps, width)
        learned.append(found)
        for table, margin, source in zip(parts, margins, ("sessions", "small memories", "nl2bash"), strict=True):
            best = best_rows(margin, table.question)
            reached = figures(margin[best], table.distance[best], table.program[best])
            print(f"{name}, {source}, folds left out:", reached, flush=True)
            if table is parts[0]:
                error = error_of_earlier(margin[best], table.distance[best] <= NEAR, table.question[best])
                print(f"{name}, calibration error of the later half, by the earlier half:", round(error, 4), flush=True)
                told[f"{name}, families left out"] = json.dumps(reached)
    provenance = {
        "script": "benchmarks/train_ranker.py",
        "data": SOURCES,
        "date": datetime.now(UTC).date().isoformat(),
        **told,
    }
    (given.work / "folds.json").write_text(json.dumps(shared.folds))
    for number, ranker in enumerate(rankers):
        done = msgspec.structs.replace(
            ranker, provenance=provenance, lexical=learned[0][number], vectors=learned[1][number]
        )
        whole = number == FOLDS
        target = Path(model.__file__).with_name("ranker.json") if whole else given.work / f"ranker-{number}.json"
        target.write_bytes(msgspec.json.encode(done) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
