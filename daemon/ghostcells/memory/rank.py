"""From weighed commands to candidates: judge, correct for evidence, merge, and put in order.

Pure: the searches have been done, and what they found arrives as `Hit`s.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from ghostcells.domain.distance import word_distance
from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory import features
from ghostcells.memory.adapt import Adapted
from ghostcells.memory.analysis import split
from ghostcells.memory.model import Judge, logit, probability
from ghostcells.memory.weighing import Entry, Hit, Weighing

ALIKE = 0.1
"""Up to this distance two candidates are one."""
_FOLDERS = features.NAMES.index("shared folders")
_SENTENCE = features.NAMES.index("tail jaccard")
TELLING = 8.0
"""How much an intent must say for two of them to count as the same situation."""
OVERTAKEN = 0.7
UNRUN = -0.35
"""What is only read is worth less than what ran."""
HIDDEN_AFTER = 3
"""How often something else was run instead before an example is not shown any more, until it runs again."""
REPEATED = 0.66
"""How often what ran last under the very same words of a notebook comes near what is run next: 93 of 140 such questions in the
sessions that the ranker learned from (`benchmarks/train_ranker.py` prints it)."""
REPEATED_WORDS = 4
"""From so many words on: "or" and "For a folder:" are repeated above other commands (13 of 52)."""
SAME_SENTENCE = 0.45
"""What it adds to a margin that the candidate ran under the very same last sentence, where that says enough (`TELLING`).

The trees are too careful there: in 1 319 such questions of the sessions what they said was 0.087 from what came true. With this
it is 0.04 by words alone and 0.06 with vectors, as with 0.4 and 0.6, and 100 more answers are above the threshold, of which
three quarters are near.
"""
MOST = 12
"""Candidates that are worth telling apart."""


class Ranked(msgspec.Struct, frozen=True):
    """A judged candidate; `confidence` is calibrated, `others` are the examples merged into it."""

    example: Example
    adapted: Adapted
    margin: float
    confidence: float
    others: tuple[Example, ...] = ()


def rank(weighing: Weighing, hits: Sequence[Hit], judge: Judge, present: Sequence[str] = ()) -> list[Ranked]:
    """Distinct candidates, best first; `present` are commands that are of no use now."""
    unwanted = {split(text) for text in present}
    entries = [entry for entry in weighing.assemble(hits, judge) if split(entry.adapted.text) not in unwanted]
    margins = judge.trees.margins([entry.vector for entry in entries])
    telling = weighing.last_sentence >= TELLING
    earned = [
        margin + evidence(entry.example) + (SAME_SENTENCE if telling and entry.vector[_SENTENCE] == 1.0 else 0.0)
        for margin, entry in zip(margins, entries, strict=True)
    ]
    judged = list(zip(overtake(entries, earned), entries, strict=True))
    least = next_steps(weighing.situation, hits, judge) or repeated(weighing.situation, hits)
    sure = {id(entry): max(judge.calibration(margin), least.get(entry.example.id, 0.0)) for margin, entry in judged}
    judged = [one for one in judged if not hidden(one[1].example)]
    judged.sort(key=lambda one: (-sure[id(one[1])], -one[0], -one[1].example.last_ms, one[1].example.id, one[1].raw))
    return [
        Ranked(entry.example, entry.adapted, margin, sure[id(entry)], others)
        for margin, entry, others in _merge(judged)
    ]


def repeated(situation: Situation, hits: Iterable[Hit]) -> dict[str, float]:
    """How likely what ran last under the very same words in this notebook is to be run again, by its example's id."""
    if len(situation.intent.split()) < REPEATED_WORDS:
        return {}
    place = situation.notebook, situation.intent
    ran = [
        hit.example
        for hit in hits
        if hit.example.runs and (hit.example.situation.notebook, hit.example.situation.intent) == place
    ]
    last = max(ran, key=lambda one: (one.last_ms, one.id), default=None)
    return {last.id: probability(logit(REPEATED) + evidence(last))} if last else {}


def next_steps(situation: Situation, hits: Sequence[Hit], judge: Judge) -> dict[str, float]:
    """After a run, where nothing has been written yet: how likely each example is that came next before, by its id.

    The learned trees cannot say, since they have only seen questions in words.
    """
    if situation.intent.strip():
        return {}
    known = {hit.example.id: hit.example for hit in hits}
    told = followers(situation, known.values())
    first = {kind: max(share for share, alike in told.values() if alike is kind) for _, kind in told.values()}
    found: dict[str, float] = {}
    for name, (share, alike) in told.items():
        # The curves are about what followed most often; what followed half as often is half as likely.
        curve = judge.steps_of_two if alike else judge.steps
        likely = curve(logit(first[alike])) * share / first[alike]
        found[name] = probability(logit(likely) + evidence(known[name]))
    return found


def followers(situation: Situation, examples: Iterable[Example]) -> dict[str, tuple[float, bool]]:
    """The examples that followed the last command: their share of all runs that did, one more counted for what is new.

    And whether the command before that was the same too.
    """
    before = last_commands(situation)
    followed = {
        one.id: one for one in examples if before and one.runs and last_commands(one.situation)[:1] == before[:1]
    }
    runs = sum(one.runs for one in followed.values()) + 1
    return {name: (one.runs / runs, last_commands(one.situation) == before) for name, one in followed.items()}


def last_commands(situation: Situation) -> list[str]:
    """The two code cells nearest above, the nearest first."""
    return [cell.text for cell in reversed(situation.above) if cell.kind is CellKind.CODE][:2]


def overtake(entries: Sequence[Entry], margins: Sequence[float]) -> list[float]:
    """The margins, changed where two examples answer the same situation differently.

    The newer answer takes over what the older one had earned, and the older one falls behind it: one correction is enough.
    What ran counts as newer than what was only read. An answer that has failed more often than it ran corrects nothing, and
    one from further away does not either.
    """
    result = list(margins)
    same: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.known.told >= TELLING and entry.known.key:
            same[entry.known.key, entry.raw].append(place)
    for places in same.values():
        places.sort(key=lambda place: _newness(entries[place].example))
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


def _newness(example: Example) -> tuple[bool, int, str]:
    return bool(example.runs), example.last_ms, example.id


def hidden(example: Example) -> bool:
    """Whether the user has passed over an example so often that it is not shown.

    It is judged all the same, since what corrects it takes over what it had earned.
    """
    return example.overrides >= HIDDEN_AFTER and not example.pinned


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
