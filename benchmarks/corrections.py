"""Does one correction suffice? Cases made by rule from commands that other people described (nl2bash, tldr).

Each case: the user ran one command under an intent, then a corrected one under the same intent. Asked is a paraphrase of
the intent, with another id, number, name, path or the like, in another notebook. Right is the corrected command with the new
value in it. The memory also holds examples of other things. Beside that, unrelated intents are asked, which memory should
leave unanswered.

    python benchmarks/corrections.py --data DIRECTORY [--cases 200] [--others 50] [--work DIRECTORY]
"""

import argparse
import asyncio
import gzip
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
from sessions import DAY_MS, START_MS, Index, Step, Vectors, example, halves, vectors_of

from ghostcells.domain.distance import NEAR, argument_distance, words
from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.embedders.install import NAME
from ghostcells.memory.adapt import adapt
from ghostcells.memory.analysis import embedding_text
from ghostcells.memory.recall import RecallMemory

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NAMES = ["orders", "billing", "checkout", "search", "catalog", "mailer", "gateway", "ledger", "reports", "inventory"]
_SYNONYMS = {
    "display": "show", "show": "display", "find": "look for", "search": "look", "list": "show", "delete": "remove",
    "remove": "delete", "print": "output", "create": "make", "get": "fetch", "change": "set", "copy": "duplicate",
    "files": "files", "recursively": "recursively", "count": "count", "view": "show", "run": "execute",
    "install": "set up", "start": "launch", "open": "open up", "convert": "turn", "check": "verify", "download": "fetch",
}  # fmt: skip
_FRAMES = ("{}", "please {}", "{} again", "now {}", "we need to {}", "{}, this time", "next, {}")


class Case(msgspec.Struct, frozen=True):
    """What is remembered, wrong and then corrected, and what is asked."""

    kind: str
    intent: str
    wrong: str
    corrected: str
    question: str
    answer: str


def rows(data: Path) -> list[tuple[str, str]]:
    """(intent, command) of both sets, one-line commands of a reasonable length."""
    found: list[tuple[str, str]] = []
    for name in ("nl2bash", "tldr"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if 2 <= len(words(row["command"])) <= 14 and len(row["intent"]) > 15:
                    found.append((row["intent"].rstrip(". "), row["command"]))
    return found


def _ulid(rng: random.Random) -> str:
    return "01" + "".join(rng.choices(_CROCKFORD, k=24))


def _number(rng: random.Random) -> str:
    return str(rng.randint(3, 9000))


VALUES: dict[str, Callable[[random.Random], str]] = {
    "id": _ulid,
    "hash": lambda rng: "".join(rng.choices("0123456789abcdef", k=11)) + "7",
    "number": _number,
    "name": lambda rng: f"{rng.choice(_NAMES)}-{rng.choice(_NAMES)}",
    "word": lambda rng: rng.choice(_NAMES),
    "path": lambda rng: f"/srv/{rng.choice(_NAMES)}/{rng.choice(_NAMES)}",
    "file": lambda rng: f"{rng.choice(_NAMES)}{rng.randint(1, 99)}.{rng.choice(['txt', 'log', 'yaml'])}",
    "version": lambda rng: f"{rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}",
    "date": lambda rng: f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
    "url": lambda rng: f"https://{rng.choice(_NAMES)}.example.org/{rng.choice(_NAMES)}",
    "quoted": lambda rng: f"{rng.choice(_NAMES)} {rng.choice(_NAMES)}",
}


def cases(found: list[tuple[str, str]], rng: random.Random) -> Iterator[Case]:
    """Endless cases, the kinds of values in turn."""
    while True:
        for kind, make in VALUES.items():
            intent, command = rng.choice(found)
            old, new = make(rng), make(rng)
            placed = _place(command, kind)
            if placed is None or old == new:
                continue
            prose, asked = (f'"{value}"' if kind == "quoted" else value for value in (old, new))
            before, after = rng.choice((("{i} for {v}", "for {v}"), ("{i}: {v}", "{v}"), ("{i} of {v}", "of {v}")))
            remembered = before.format(i=intent, v=prose)
            corrected = _corrected(placed, rng)
            yield Case(
                kind,
                remembered,
                placed.replace("\0", old),
                corrected.replace("\0", old),
                _paraphrase(intent, after.format(v=asked), rng),
                corrected.replace("\0", new),
            )


def _place(command: str, kind: str) -> str | None:
    """The command with its last plain argument replaced by a mark for the value."""
    parts = command.split(" ")
    for at in range(len(parts) - 1, 0, -1):
        if re.fullmatch(r"[\w./:]{3,}", parts[at]) and not parts[at - 1].endswith(("|", "&&", ";", "sudo", "xargs")):
            parts[at] = '"\0"' if kind == "quoted" else "\0"
            return " ".join(parts)
    return None


def _corrected(command: str, rng: random.Random) -> str:
    """What a user might make of it: another option, one more, or something behind a pipe."""
    extra = rng.choice(("--verbose", "-v", "--dry-run", "--quiet"))
    first, _, rest = command.partition(" ")
    return rng.choice(
        (
            f"{first} {extra} {rest}",
            f"{command} | head -n 20",
            f"{command} 2>/dev/null",
            f"sudo {command}",
            f"time {command} {extra}",
        )
    )


def _paraphrase(intent: str, value: str, rng: random.Random) -> str:
    """Other words for the same, and another place for the value."""
    said = [_SYNONYMS.get(word.lower(), word) if rng.random() < 0.8 else word for word in intent.split()]
    if rng.random() < 0.5:
        said = [word for word in said if word.lower() not in {"the", "a", "an"}]
    text = " ".join(said)
    text = text[0].lower() + text[1:]
    framed = rng.choice(_FRAMES).format(f"{text} {value}")
    return framed if rng.random() < 0.8 else f"{value}: {text}"


def steps_of(case: Case, others: list[tuple[str, str]]) -> list[Step]:
    """What was run, in order: other things, the wrong command, other things, the corrected one, other things."""
    told = [(intent, command, f"file:///home/user/notes/{n % 7}.md") for n, (intent, command) in enumerate(others)]
    third = len(told) // 3
    told.insert(third, (case.intent, case.wrong, "file:///home/user/notes/deploy.md"))
    told.insert(2 * third + 1, (case.intent, case.corrected, "file:///home/user/notes/deploy.md"))
    return [_noted(number, *one) for number, one in enumerate(told)]


def _noted(number: int, intent: str, command: str, notebook: str = "") -> Step:
    where = notebook or f"file:///home/user/notes/{number % 7}.md"
    when = START_MS + number * 60_000
    return Step(number, "notes", where, when, Situation(where, intent), command, "shellscript", asked=True)


def siblings_to_adapt(data: Path, rng: random.Random) -> Iterator[tuple[str, str, str, str]]:
    """Pairs of nl2bash with one template whose values differ: (intent, command) remembered, then asked and right.

    Every changed value is in the intents; the remembered one is the nearest by its words.
    """
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with gzip.open(data / "nl2bash.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            groups[row["group"]].append((row["intent"], row["command"]))
    for _, group in sorted(groups.items()):
        for asked, right in rng.sample(group, min(len(group), 6)):
            others = [one for one in group if one[0] != asked and one[1] != right]
            if not others:
                continue
            told, command = max(others, key=lambda one: _shared_words(one[0], asked))
            if _adaptable(words(command), words(right), told, asked):
                yield told, command, asked, right


def _shared_words(one: str, other: str) -> float:
    left, right = set(one.lower().split()), set(other.lower().split())
    return len(left & right) / len(left | right)


def _adaptable(old: list[str], new: list[str], told: str, asked: str) -> bool:
    pairs = [(one, other) for one, other in zip(old, new, strict=False) if one != other]
    if len(old) != len(new) or old[0] != new[0] or not pairs:
        return False
    if any(re.match(r"-[A-Za-z]", one) for one, _ in pairs):
        return False
    return all(_stated(one, told) and _stated(other, asked) for one, other in (_cores(*pair) for pair in pairs))


def _cores(one: str, other: str) -> tuple[str, str]:
    """The values without the marks that both begin and end with."""
    while one and other and one[0] == other[0] and not one[0].isalnum():
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1] and not one[-1].isalnum():
        one, other = one[:-1], other[:-1]
    return one, other


def _stated(value: str, prose: str) -> bool:
    pattern = rf"(?<![a-z0-9]){re.escape(value.lower())}(?![a-z0-9])"
    return bool(value) and re.search(pattern, prose.lower()) is not None


def measure_adapting(data: Path) -> dict[str, float]:
    exact = near = count = 0
    for told, command, asked, right in siblings_to_adapt(data, random.Random(0)):
        here = "file:///home/user/notes/1.md"
        step = Step(0, "notes", here, START_MS, Situation(here, told), command, "shellscript", asked=True)
        apart = argument_distance(adapt(example(step, 1), Situation(here, asked)).text, right)
        exact, near, count = exact + (apart == 0), near + (apart <= NEAR), count + 1
    return {"asked": count, "exact": round(exact / count, 3), "near": round(near / count, 3)}


class SmallMemory(msgspec.Struct, frozen=True):
    """A few examples, a situation, and what is then run: something to learn from."""

    steps: list[Step]
    situation: Situation
    answer: str


def small_memories(data: Path, rng: random.Random, count: int) -> Iterator[SmallMemory]:
    """Corrections and paraphrases (from rows that `measure` does not use), natural siblings, and strangers."""
    found = rows(data)[0::2]
    siblings = _siblings(data)
    pool = rng.sample(found, 700)
    made = cases(found, rng)
    for _ in range(count):
        others = rng.sample(pool, rng.choice((0, 1, 2, 4, 10, 40)))
        kind = rng.random()
        if kind < 0.55:
            case = next(made)
            steps = steps_of(case, others)
            if rng.random() < 0.5:
                steps = [step for step in steps if step.text != case.wrong]
            question, answer = (case.question, case.answer) if rng.random() < 0.85 else (case.intent, case.corrected)
        else:
            if kind < 0.8:
                one, (question, answer) = rng.sample(rng.choice(siblings), 2)
            else:
                one, (question, answer) = rng.choice(pool), rng.choice(found)
            told = [*others, one]
            rng.shuffle(told)
            steps = [_noted(number, intent, command) for number, (intent, command) in enumerate(told)]
        known = set(others)
        steps = [
            step
            if (step.situation.intent, step.text) in known
            else msgspec.structs.replace(step, situation=_surrounded(step.situation, pool, rng))
            for step in steps
        ]
        place = rng.choice(("notes/2.md", "other.md", "work/today.md", "notes/deploy.md"))
        yield SmallMemory(steps, _surrounded(Situation(f"file:///home/user/{place}", question), pool, rng), answer)


def described_steps(data: Path, rng: random.Random) -> list[Step]:
    """All of nl2bash as runs, half of them with something above and a heading; `doc` is a number of the template."""
    pool = rng.sample(rows(data), 700)
    found: list[Step] = []
    with gzip.open(data / "nl2bash.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            step = _noted(number, row["intent"], row["command"])
            situation = _surrounded(step.situation, pool, rng) if number % 2 else step.situation
            found.append(msgspec.structs.replace(step, doc=str(crc32(row["group"].encode())), situation=situation))
    return found


def _siblings(data: Path) -> list[list[tuple[str, str]]]:
    """Descriptions of commands with the same template."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with gzip.open(data / "nl2bash.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            if number % 2 == 0:
                groups[row["group"]].append((row["intent"], row["command"]))
    return [group for group in groups.values() if len(group) > 1]


def _surrounded(situation: Situation, pool: list[tuple[str, str]], rng: random.Random) -> Situation:
    """The same with other cells above and under some heading, as often as not."""
    above: list[Above] = []
    if rng.random() < 0.5:
        for intent, command in rng.sample(pool, rng.randint(1, 3)):
            above += [Above(CellKind.MARKUP, "markdown", intent), Above(CellKind.CODE, "shellscript", command)]
    heading = rng.choice(pool)[0][:40] if rng.random() < 0.4 else ""
    return msgspec.structs.replace(situation, above=tuple(above), heading=heading)


class Asked(msgspec.Struct, frozen=True):
    """A case with what is remembered, and an intent that has nothing to do with any of it."""

    case: Case
    steps: list[Step]
    stranger: str


def asked_of(found: list[tuple[str, str]], count: int, others: int, seed: int) -> list[Asked]:
    rng = random.Random(seed)
    made = cases(found, rng)
    return [
        Asked(case, steps_of(case, rng.sample(found, others)), rng.choice(found)[0])
        for case in (next(made) for _ in range(count))
    ]


def texts_of(asked: list[Asked]) -> Iterator[str]:
    """All that has to be embedded."""
    for one in asked:
        for step in one.steps:
            yield from halves(step.situation, step.text)
        for intent in (one.case.question, one.stranger):
            yield embedding_text(_elsewhere(intent))


def _elsewhere(intent: str) -> Situation:
    return Situation("file:///home/user/other.md", intent)


def _memory(steps: list[Step], known: dict[str, Any] | None) -> RecallMemory:
    index, vectors = Index(), None if known is None else Vectors(known)
    for step in steps:
        added = index.add(step)
        if vectors is not None:
            vectors.add(added.row, added.situation, added.text)
    return RecallMemory(index, vectors, _here)


async def measure(asked: list[Asked], known: dict[str, Any] | None) -> dict[str, Counter[str]]:
    """By kind of value: how many were asked, shown, and exact; and for how many all the other examples made it worse."""
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for one in asked:
        memory = _memory(one.steps, known)
        best = await _best(memory, one.case.question)
        own = [step for step in one.steps if step.situation.intent == one.case.intent]
        alone = await _best(_memory(own, known), one.case.question)
        for key in (one.case.kind, "all"):
            tally[key] += _counted(best, alone, one.case.answer)
        told = await memory.recall(_elsewhere(one.stranger), limit=1, present=(), now_ms=_now())
        shown = bool(told.candidates) and told.candidates[0].confidence >= told.threshold
        tally["unrelated"] += Counter({"asked": 1, "silent": not shown})
    return tally


async def _best(memory: RecallMemory, intent: str) -> tuple[str, bool]:
    """The surest command, and whether it would be shown."""
    told = await memory.recall(_elsewhere(intent), limit=3, present=(), now_ms=_now())
    if not told.candidates:
        return "", False
    return told.candidates[0].text, told.candidates[0].confidence >= told.threshold


def _counted(best: tuple[str, bool], alone: tuple[str, bool], answer: str) -> Counter[str]:
    apart, before = argument_distance(best[0], answer), argument_distance(alone[0], answer)
    return Counter(
        {
            "asked": 1,
            "exact": apart == 0,
            "shown": best[1],
            "shown and exact": best[1] and apart == 0,
            "worse by others": apart > before,
        }
    )


async def _here(work: Callable[[], object]) -> object:
    return work()


def _now() -> int:
    return START_MS + DAY_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="directory with nl2bash.jsonl.gz and tldr.jsonl.gz")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--others", type=int, default=50, help="examples of other things in the memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="where vectors are kept; asks with vectors, too")
    given = parser.parse_args()
    if not (given.data / "nl2bash.jsonl.gz").exists():
        print(f"no data in {given.data}: nothing measured", file=sys.stderr)
        return 0
    print(json.dumps({"kind": "template siblings, adapted", **measure_adapting(given.data)}))
    asked = asked_of(rows(given.data)[1::2], given.cases, given.others, given.seed)
    ways: list[tuple[str, dict[str, Any] | None]] = [("words alone", None)]
    if given.work:
        ways.append(("with vectors", vectors_of(texts_of(asked), given.work / f"corrections-{NAME}.pickle")))
    for way, known in ways:
        for kind, found in asyncio.run(measure(asked, known)).items():
            shares = {key: round(value / found["asked"], 3) for key, value in found.items() if key != "asked"}
            print(json.dumps({"way": way, "kind": kind, "asked": found["asked"], **shares}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
