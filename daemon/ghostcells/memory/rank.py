"""From remembered situations to candidates: adapt, judge, correct for evidence, merge, and put in order.

Pure: the searches have been done, and what they found arrives as `Hit`s. `assemble` is also what the ranker is trained on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log

import msgspec

from ghostcells.domain.distance import word_distance
from ghostcells.domain.examples import Example, Situation
from ghostcells.memory import features
from ghostcells.memory.adapt import Adapted, adapt
from ghostcells.memory.analysis import last_command, split
from ghostcells.memory.features import Signals, Support
from ghostcells.memory.model import Judge, probability
from ghostcells.memory.profiles import Lesson, Profile, Reader, Terms, pattern_of

KEPT = 20
"""Candidates that are adapted and judged in full; the others are out by a rough score."""
ALIKE = 0.1
"""Up to this distance two candidates are one."""
_ROUGH_WORTH = 0.02
_FOLDERS = features.NAMES.index("shared folders")
TELLING = 8.0
"""How much an intent must say for two of them to count as the same situation."""
OVERTAKEN = 0.7
_STEP_AT_LEAST, _STEP_AT_MOST = 0.5, 0.75
UNRUN = -0.35
"""What is only read is worth less than what ran."""
MOST = 12
"""Candidates that are worth telling apart."""


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


class Draft(msgspec.Struct, frozen=True):
    """A hit with its rough score and first features, adapted or (`raw`) left as it was."""

    rough: float
    hit: Hit
    start: list[float]
    known: Lesson
    adapted: Adapted
    raw: bool


def assemble(situation: Situation, hits: Sequence[Hit], reader: Reader, judge: Judge) -> list[Entry]:
    """The commands that the hits propose, with their features."""
    query = reader.profile(situation)
    asked = features.question(query, situation, reader)
    rough = sorted(_rough(query, hits, reader, judge), key=lambda one: (-one[0], one[1].example.id))[:KEPT]
    drafts: list[Draft] = []
    for score, hit, start in rough:
        known, adapted = reader.lesson(hit.example), adapt(hit.example, situation)
        drafts.append(Draft(score, hit, start, known, adapted, raw=False))
        if adapted.changed:
            plain = Adapted(hit.example.text, (), adapted.unresolved)
            drafts.append(Draft(score, hit, start, known, plain, raw=True))
    entries: list[Entry] = []
    for draft, support in zip(drafts, _supports(drafts, reader), strict=True):
        middle = features.fitness(asked, draft.known, draft.adapted, raw=draft.raw, reader=reader)
        vector = (*draft.start, *middle, *features.relation(support, draft.hit.signals))
        entries.append(Entry(draft.hit.example, draft.known, draft.adapted, draft.raw, draft.rough, vector))
    return entries


def _rough(query: Profile, hits: Sequence[Hit], reader: Reader, judge: Judge) -> list[tuple[float, Hit, list[float]]]:
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


def _supports(drafts: Sequence[Draft], reader: Reader) -> list[Support]:
    """How each draft stands among the others, each example counted once."""
    patterns: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    programs: dict[str, dict[str, float]] = defaultdict(dict)
    scores: dict[str, float] = {}
    commands: dict[str, Terms] = {}
    keys = [pattern_of(draft.adapted.text) for draft in drafts]
    for draft, key in zip(drafts, keys, strict=True):
        name = draft.hit.example.id
        patterns[key][name] = programs[draft.known.program][name] = scores[name] = draft.rough
        commands[name] = draft.known.terms
    total = sum(scores.values()) + _ROUGH_WORTH
    ranks = {name: place for place, name in enumerate(scores)}
    fellows = _fellows(scores, commands, reader)
    best = max(scores.values(), default=0.0)
    supports: list[Support] = []
    for draft, key in zip(drafts, keys, strict=True):
        name = draft.hit.example.id
        others = [score for other, score in patterns[key].items() if other != name]
        supports.append(
            Support(
                draft.rough,
                best,
                ranks[name],
                sum(others) / total,
                sum(programs[draft.known.program].values()) / total,
                max(others, default=0.0),
                fellows[name] / total,
            )
        )
    return supports


def _fellows(scores: Mapping[str, float], commands: Mapping[str, Terms], reader: Reader) -> dict[str, float]:
    """For each example the likeness of the others' commands, weighed by their scores."""
    found = dict.fromkeys(scores, 0.0)
    names = list(scores)
    for place, one in enumerate(names):
        for other in names[:place]:
            likeness = reader.jaccard(commands[one], commands[other])
            if likeness:
                found[one] += likeness * scores[other]
                found[other] += likeness * scores[one]
    return found


def rank(
    situation: Situation, hits: Sequence[Hit], reader: Reader, judge: Judge, present: Sequence[str] = ()
) -> list[Ranked]:
    """Distinct candidates, best first; `present` are commands that are of no use now."""
    unwanted = {split(text) for text in present}
    entries = [entry for entry in assemble(situation, hits, reader, judge) if split(entry.adapted.text) not in unwanted]
    judged = list(
        zip(
            overtake(entries, [judge.trees.margin(entry.vector) + evidence(entry.example) for entry in entries]),
            entries,
            strict=True,
        )
    )
    steps = next_steps(situation, hits)
    sure = {id(entry): max(judge.calibration(margin), steps.get(entry.example.id, 0.0)) for margin, entry in judged}
    judged.sort(key=lambda one: (-sure[id(one[1])], -one[0], -one[1].example.last_ms, one[1].example.id, one[1].raw))
    return [
        Ranked(entry.example, entry.adapted, margin, sure[id(entry)], others)
        for margin, entry, others in _merge(judged)
    ]


def next_steps(situation: Situation, hits: Sequence[Hit]) -> dict[str, float]:
    """After a run, where nothing has been written yet: how likely each example is that came next before, by its id.

    What always followed this command probably follows it again. The learned judge cannot say, since it has only seen
    questions in words; so this is a choice: from 0.63 after one run towards 0.75, shared among what followed.
    """
    before = last_command(situation)
    if situation.intent.strip() or not before:
        return {}
    followed = {one.example.id: one.example for one in hits if last_command(one.example.situation) == before}
    runs = sum(one.runs for one in followed.values())
    found: dict[str, float] = {}
    for name, one in followed.items():
        if one.runs:
            start = _STEP_AT_LEAST + (_STEP_AT_MOST - _STEP_AT_LEAST) * (1 - 1 / (1 + one.runs))
            share = start * one.runs / runs
            found[name] = probability(log(share / (1 - share)) + evidence(one))
    return found


def overtake(entries: Sequence[Entry], margins: Sequence[float]) -> list[float]:
    """The margins, changed where two examples answer the same situation differently.

    The newer answer takes over what the older one had earned, and the older one falls behind it: one correction is enough.
    An answer that has failed more often than it ran corrects nothing, and one from further away does not either.
    """
    result = list(margins)
    same: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.known.profile.intent.mass >= TELLING and entry.known.key:
            same[entry.known.key, entry.raw].append(place)
    for places in same.values():
        places.sort(key=lambda place: (entries[place].example.last_ms, entries[place].example.id))
        for rank_of_new, new in enumerate(places):
            fresh = entries[new]
            if not fresh.example.runs or fresh.example.failures > fresh.example.runs:
                continue
            for old in places[:rank_of_new]:
                stale = entries[old]
                if stale.adapted.text != fresh.adapted.text and stale.vector[_FOLDERS] <= fresh.vector[_FOLDERS]:
                    result[new] = max(result[new], result[old])
                    result[old] = min(result[old], result[new] - OVERTAKEN)
    return result


def evidence(example: Example) -> float:
    """What its own history adds to a candidate's log-odds: failures and rejections sink it, and so does never having run."""
    good = example.runs + example.shown_runs
    bad = example.failures + example.rejections
    unrun = 0.0 if example.runs else UNRUN
    return unrun - (2.2 * bad / (good + bad) + 0.4 * min(bad, 5) if bad else 0.0) + 0.5 * example.pinned


def _merge(judged: Sequence[tuple[float, Entry]]) -> list[tuple[float, Entry, tuple[Example, ...]]]:
    """One candidate of those that are nearly the same command: the first of them."""
    kept: list[tuple[float, Entry, Sequence[str], list[Example]]] = []
    for margin, entry in judged:
        mine = split(entry.adapted.text)
        for _, first, other, merged in kept:
            if other == mine or _alike(other, mine):
                if entry.example.id != first.example.id:
                    merged.append(entry.example)
                break
        else:
            if len(kept) == MOST:
                break
            kept.append((margin, entry, mine, []))
    return [(margin, entry, tuple(merged)) for margin, entry, _, merged in kept]


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two commands are nearly the same; sets of words tell most apart before distances are computed."""
    allowed = ALIKE * max(len(one), len(other))
    if allowed < 1 or len(set(one) ^ set(other)) > 2 * allowed:
        return False
    return word_distance(one, other) <= ALIKE
