"""What would memory have suggested? Replays recorded sessions in order and asks at every cell that prose stands before.

    python benchmarks/replay.py --data DIRECTORY --work DIRECTORY [--shipped] [--words] [--sample 3000] [--floors] [--worst 10]

Everything that ran earlier may be used. Asked are 3000 questions (the same that the floors were measured on), by the code that
the daemon runs. Each repository is judged by a ranker that was learned and calibrated without its family (`train_ranker.py`
puts those into `--work`); `--shipped` takes the one in the package instead. Near: argument distance up to 0.3. `--floors`
adds what copying the command of the nearest prose reaches on the same questions. One JSON object a line.
"""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import sessions
from train_ranker import distance, words

from ghostcells.domain.distance import NEAR, argument_distance
from ghostcells.memory import analysis, model
from ghostcells.memory.recall import RecallMemory

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
FIRST, SEED = 200, 0
BINS = 10
FAR = 0.6
"""From here on a suggestion was another command altogether."""


class Answer(msgspec.Struct):
    """What came of one question: the best candidate's confidence and how far it was from what ran."""

    repo: str
    number: int
    confidence: float
    distance: float
    program: bool
    shown: bool
    ms: float
    within: float
    """The least distance among the candidates."""
    text: str = ""


class Judges(msgspec.Struct, frozen=True):
    """What judges a fold, and the vectors of texts that go with it; without any, words have to do."""

    ranker: model.Ranker
    known: dict[str, Any] | None


def questions(all_steps: list[sessions.Step], sample: int) -> set[int]:
    """The questions that the floors were measured on, or fewer of them."""
    due = [step.number for step in all_steps if step.asked]
    drawn = np.sort(np.random.default_rng(SEED).choice(np.arange(FIRST, len(due)), 3000, replace=False))
    return {due[place] for place in drawn[:: max(1, 3000 // sample)]}


async def _here(work: Callable[[], object]) -> object:
    return work()


async def replay(all_steps: list[sessions.Step], asked: set[int], judges: dict[str, Judges]) -> list[Answer]:
    index = sessions.Index()
    distinct = {id(judge): judge for judge in judges.values()}
    vectors = {name: sessions.Vectors(one.known) for name, one in distinct.items() if one.known is not None}
    memories = {
        name: RecallMemory(index, vectors.get(name), _here, learned=judge.ranker) for name, judge in distinct.items()
    }
    answers: list[Answer] = []
    for step in all_steps:
        if step.number in asked:
            memory = memories[id(judges[step.repo])]
            begun = perf_counter()
            told = await memory.recall(step.situation, limit=5, present=(), now_ms=step.time_ms)
            ms = (perf_counter() - begun) * 1000
            apart = [distance(one.text, step.text) for one in told.candidates] or [1.0]
            best = told.candidates[0] if told.candidates else None
            answers.append(
                Answer(
                    step.repo,
                    step.number,
                    best.confidence if best else 0.0,
                    apart[0],
                    bool(best and words(best.text)[:1] == words(step.text)[:1]),
                    bool(best and best.confidence >= told.threshold),
                    ms,
                    min(apart),
                    best.text if best else "",
                )
            )
        added = index.add(step)
        for one in vectors.values():
            one.add(added.row, added.situation, added.text)
    return answers


def calibration_error(answers: list[Answer]) -> float:
    """Expected calibration error over ten groups of equal size."""
    ordered = sorted(answers, key=lambda one: one.confidence)
    total = 0.0
    for group in np.array_split(np.arange(len(ordered)), BINS):
        part = [ordered[place] for place in group]
        if part:
            near = np.mean([one.distance <= NEAR for one in part])
            total += abs(np.mean([one.confidence for one in part]) - near) * len(part)
    return float(total / len(ordered))


def told(answers: list[Answer]) -> dict[str, float]:
    """Near, exact and right program of some answers."""
    if not answers:
        return {"near": 0.0, "exact": 0.0, "program": 0.0}
    return {
        "near": _share(one.distance <= NEAR for one in answers),
        "exact": _share(one.distance == 0 for one in answers),
        "program": _share(one.program for one in answers),
    }


def _share(flags: Any) -> float:
    return round(float(np.mean(list(flags))), 3)


def report(name: str, answers: list[Answer]) -> None:
    surest = sorted(answers, key=lambda one: -one.confidence)
    for share in SHARES:
        _say(name, surest=share, **told(surest[: int(len(surest) * share)]))
    shown = [one for one in answers if one.shown]
    possible = sum(one.within <= NEAR for one in answers)
    _say(name, threshold="default", shown=_share(one.shown for one in answers), **told(shown))
    _say(
        name,
        calibration_error=round(calibration_error(answers), 4),
        recall_among_five=round(sum(one.distance <= NEAR for one in shown) / max(possible, 1), 3),
        near_among_five=_share(one.within <= NEAR for one in answers),
        ms_median=round(float(np.median([one.ms for one in answers])), 1),
        ms_p95=round(float(np.percentile([one.ms for one in answers], 95)), 1),
    )
    half = len(answers) // 2
    for part, some in (("first", answers[:half]), ("second", answers[half:])):
        _say(name, half=part, **told(some))
    repos: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        repos[one.repo].append(one)
    for repo, some in sorted(repos.items()):
        _say(name, repo=repo, questions=len(some), shown=_share(one.shown for one in some), **told(some))


def worst(answers: list[Answer], all_steps: list[sessions.Step], count: int) -> None:
    """The surest of those that were furthest from what ran."""
    shown = 0
    for one in sorted(answers, key=lambda one: -one.confidence):
        step = all_steps[one.number]
        apart = argument_distance(one.text, step.text)
        if apart < FAR or shown == count:
            continue
        shown += 1
        _say(
            "worst",
            repo=one.repo,
            confidence=round(one.confidence, 3),
            distance=round(apart, 2),
            within=round(one.within, 2),
            intent=step.situation.intent[-300:],
            suggested=one.text,
            ran=step.text,
        )


def _say(name: str, **fields: Any) -> None:
    print(json.dumps({"method": name, **fields}), flush=True)


def floors(all_steps: list[sessions.Step], asked: set[int], known: dict[str, Any]) -> None:
    """Copying the command of the earlier prose that is nearest by words, or by vectors."""
    due = [step for step in all_steps if step.asked]
    texts = [analysis.embedding_text(step.situation) for step in due]
    import bm25s

    found: dict[str, list[Answer]] = {"floor: BM25": [], "floor: MiniLM": []}
    words_index = bm25s.BM25()
    words_index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    matrix = np.array([known[text] for text in texts], np.float32)
    for place, step in enumerate(due):
        if step.number not in asked:
            continue
        query = bm25s.tokenize([texts[place]], show_progress=False, return_ids=False)[0]
        for name, scores in (
            ("floor: BM25", words_index.get_scores(query)[:place]),
            ("floor: MiniLM", matrix[:place] @ matrix[place]),
        ):
            nearest = due[int(np.argmax(scores))]
            apart = distance(nearest.text, step.text)
            program = words(nearest.text)[:1] == words(step.text)[:1]
            found[name].append(
                Answer(step.repo, step.number, float(scores.max()), apart, program, shown=True, ms=0.0, within=apart)
            )
    for name, answers in found.items():
        surest = sorted(answers, key=lambda one: -one.confidence)
        for share in SHARES:
            _say(name, surest=share, **told(surest[: int(len(surest) * share)]))


def judges_of(work: Path, all_steps: list[sessions.Step], *, shipped: bool, words_alone: bool) -> dict[str, Judges]:
    """For each repository what has not seen its family."""
    repos = {step.repo for step in all_steps}
    if shipped or not (work / "folds.json").exists():
        texts = (text for step in all_steps for text in sessions.halves(step.situation, step.text))
        known = None if words_alone else sessions.vectors_of(texts, work / sessions.SHIPPED)
        return dict.fromkeys(repos, Judges(model.ranker(), known))
    folds: dict[str, int] = json.loads((work / "folds.json").read_text())
    learned = {
        number: Judges(
            msgspec.json.decode((work / f"ranker-{number}.json").read_bytes(), type=model.Ranker),
            None if words_alone else sessions.kept_vectors(work, sessions.of_fold(number)),
        )
        for number in set(folds.values())
    }
    return {repo: learned[folds[repo]] for repo in repos}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="directory with sessions.jsonl.gz")
    parser.add_argument("--work", type=Path, required=True, help="directory of train_ranker.py's leavings")
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--shipped", action="store_true", help="judge by the ranker in the package")
    parser.add_argument("--words", action="store_true", help="without vectors")
    parser.add_argument("--floors", action="store_true")
    parser.add_argument("--worst", type=int, default=0, help="how many of the worst answers to show")
    given = parser.parse_args()
    if not (given.data / "sessions.jsonl.gz").exists():
        print(f"no data in {given.data}: nothing measured", file=sys.stderr)
        return 0
    all_steps = list(sessions.steps(given.data / "sessions.jsonl.gz"))
    asked = questions(all_steps, given.sample)
    judges = judges_of(given.work, all_steps, shipped=given.shipped, words_alone=given.words)
    if given.floors:
        floors(all_steps, asked, sessions.kept_vectors(given.work, sessions.PLAIN))
    answers = asyncio.run(replay(all_steps, asked, judges))
    report("memory, words alone" if given.words else "memory", answers)
    worst(answers, all_steps, given.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())
