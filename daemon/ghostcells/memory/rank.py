"""From remembered situations to candidates: adapt, judge, correct for evidence, merge, and put in order.

Pure: the searches have been done, and what they found arrives as `Hit`s. `assemble` is also what the ranker is trained on.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from ghostcells.domain.distance import word_distance
from ghostcells.domain.examples import Example, Situation
from ghostcells.memory import features
from ghostcells.memory.adapt import Adapted, adapt
from ghostcells.memory.analysis import split
from ghostcells.memory.features import Signals, Support
from ghostcells.memory.model import Judge, probability
from ghostcells.memory.profiles import Lesson, Profile, Reader, pattern_of

KEPT = 24
"""Candidates that are adapted and judged in full; the others are out by a rough score."""
ALIKE = 0.1
"""Up to this distance two candidates are one."""
_ROUGH_WORTH = 0.02
UNRUN = -0.7
"""What is only read is worth less than what ran."""


class Hit(msgspec.Struct, frozen=True):
    """An example that a search found; `age` is how many examples are newer than its row."""

    example: Example
    signals: Signals
    age: int = 0


class Entry(msgspec.Struct, frozen=True):
    """One possible command with the numbers it is judged by; `raw` where the values were left as they were."""

    example: Example
    known: Lesson
    adapted: Adapted
    raw: bool
    rough: float
    vector: tuple[float, ...]


class Ranked(msgspec.Struct, frozen=True):
    """A judged candidate; `confidence` is calibrated, `others` are the examples merged into it."""

    example: Example
    adapted: Adapted
    margin: float
    confidence: float
    others: tuple[Example, ...] = ()


def assemble(situation: Situation, hits: Sequence[Hit], reader: Reader, judge: Judge) -> list[Entry]:
    """The commands that the hits propose, with their features."""
    query = reader.profile(situation)
    rough = sorted(_rough(query, hits, reader, judge), key=lambda one: (-one[0], one[1].example.id))[:KEPT]
    present = features.words_present(situation)
    drafts: list[tuple[float, Hit, list[float], Adapted, bool]] = []
    for score, hit, start in rough:
        adapted = adapt(hit.example, situation)
        drafts.append((score, hit, start, adapted, False))
        if adapted.changed:
            drafts.append((score, hit, start, Adapted(hit.example.text, (), adapted.unresolved), True))
    supports = _supports(drafts, reader)
    entries: list[Entry] = []
    for (score, hit, start, adapted, raw), support in zip(drafts, supports, strict=True):
        known = reader.lesson(hit.example)
        middle = features.fitness(query, known, adapted, raw=raw, present=present, reader=reader)
        vector = (*start, *middle, *features.relation(support, hit.signals))
        entries.append(Entry(hit.example, known, adapted, raw, score, vector))
    return entries


def _rough(
    query: Profile, hits: Sequence[Hit], reader: Reader, judge: Judge
) -> list[tuple[float, Hit, list[float]]]:
    newest = sorted({hit.example.last_ms for hit in hits})
    place = {last: rank / max(len(newest) - 1, 1) for rank, last in enumerate(newest)}
    scored: list[tuple[float, Hit, list[float]]] = []
    for hit in hits:
        start = features.likeness(
            query, hit.example, reader.lesson(hit.example), reader, hit.signals, hit.age, place[hit.example.last_ms]
        )
        told = (*start, hit.signals.similarity, hit.signals.similarity - hit.signals.similarity_best, 1.0)
        scored.append((probability(sum([a * b for a, b in zip(judge.rough, told, strict=True)])), hit, start))
    return scored


def _supports(drafts: Sequence[tuple[float, Hit, list[float], Adapted, bool]], reader: Reader) -> list[Support]:
    """What the other examples say of each draft's pattern and program."""
    patterns: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    programs: dict[str, dict[str, float]] = defaultdict(dict)
    keys: list[tuple[tuple[str, ...], str]] = []
    for score, hit, _, adapted, _ in drafts:
        key = pattern_of(adapted.text), reader.lesson(hit.example).program
        keys.append(key)
        patterns[key[0]][hit.example.id] = score
        programs[key[1]][hit.example.id] = score
    total = sum({hit.example.id: score for score, hit, *_ in drafts}.values()) + _ROUGH_WORTH
    supports: list[Support] = []
    for (_, hit, *_), (pattern, program) in zip(drafts, keys, strict=True):
        others = [score for name, score in patterns[pattern].items() if name != hit.example.id]
        fellows = sum(programs[program].values())
        supports.append(Support(sum(others) / total, fellows / total, max(others, default=0.0)))
    return supports


def rank(
    situation: Situation, hits: Sequence[Hit], reader: Reader, judge: Judge, present: Sequence[str] = ()
) -> list[Ranked]:
    """Distinct candidates, best first; `present` are commands that are of no use now."""
    unwanted = {split(text) for text in present}
    judged = [
        (judge.trees.margin(entry.vector) + evidence(entry.example), entry)
        for entry in assemble(situation, hits, reader, judge)
        if split(entry.adapted.text) not in unwanted
    ]
    judged.sort(key=lambda one: (-one[0], -one[1].example.last_ms, one[1].example.id, one[1].raw))
    return [
        Ranked(entry.example, entry.adapted, margin, judge.calibration(margin), others)
        for margin, entry, others in _merge(_newest_first(judged))
    ]


def evidence(example: Example) -> float:
    """What its own history adds to a candidate's log-odds: failures and rejections sink it, and so does never having run."""
    good = example.runs + example.shown_runs
    bad = example.failures + example.rejections
    unrun = 0.0 if example.runs else UNRUN
    return unrun - (2.2 * bad / (good + bad) + 0.4 * min(bad, 5) if bad else 0.0) + 0.5 * example.pinned


def _newest_first(judged: list[tuple[float, Entry]]) -> list[tuple[float, Entry]]:
    """Where two examples answer the same situation differently, the newer answer comes first, and lends its place."""
    return judged


def _merge(judged: Sequence[tuple[float, Entry]]) -> list[tuple[float, Entry, tuple[Example, ...]]]:
    """One candidate of those that are nearly the same command: the first of them."""
    kept: list[tuple[float, Entry, Sequence[str], list[Example]]] = []
    for margin, entry in judged:
        mine = split(entry.adapted.text)
        for _, first, other, merged in kept:
            if other == mine or (abs(len(other) - len(mine)) <= ALIKE * len(mine) and word_distance(other, mine) <= ALIKE):
                if entry.example.id != first.example.id:
                    merged.append(entry.example)
                break
        else:
            kept.append((margin, entry, mine, []))
    return [(margin, entry, tuple(merged)) for margin, entry, _, merged in kept]
