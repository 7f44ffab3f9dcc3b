"""Small memories for tests: examples in one line, and an index that counts shared terms."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import log

import msgspec

from ghostcells.domain.examples import Above, Example, Reason, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory import analysis

HERE = "file:///home/user/work/deploy.md"
ELSEWHERE = "file:///home/user/notes/other.md"
DAY_MS = 86_400_000
NOW_MS = 1_700_000_000_000


def ran(text: str, output: str = "") -> Above:
    return Above(CellKind.CODE, "shellscript", text, output)


def situation(intent: str, *above: Above, notebook: str = HERE, heading: str = "") -> Situation:
    return Situation(notebook, intent, heading, above, "shellscript")


def example(where: Situation | str, text: str, **changes: object) -> Example:
    given = situation(where) if isinstance(where, str) else where
    made = Example("", 0, given, "shellscript", text, Reason.OWN, 1, 0, 0, 0, 0, NOW_MS - DAY_MS, NOW_MS - DAY_MS)
    made = msgspec.structs.replace(made, id=f"{given.intent}|{text}")
    return msgspec.structs.replace(made, **changes)


class Shelf:
    """An ExampleSource over a list; later examples are newer unless they say when they ran."""

    def __init__(self, *examples: Example) -> None:
        self.examples: dict[int, Example] = {}
        for one in examples:
            self.add(one)

    def add(self, one: Example) -> None:
        row = len(self.examples) + 1
        when = one.last_ms if one.last_ms != NOW_MS - DAY_MS else NOW_MS - DAY_MS + row
        self.examples[row] = msgspec.structs.replace(one, row=row, last_ms=when)

    def count(self) -> int:
        return len(self.examples)

    def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
        bodies = {row: set(analysis.analyse(one.situation, one.text).split()) for row, one in self.examples.items()}
        seen = Counter(term for body in bodies.values() for term in body)
        scores = {
            row: sum(log(1 + len(bodies) / seen[term]) for term in terms if term in body)
            for row, body in bodies.items()
        }
        found = sorted(((row, score) for row, score in scores.items() if score), key=lambda pair: (-pair[1], pair[0]))
        return found[:limit]

    def load(self, rows: Iterable[int]) -> list[Example]:
        return [self.examples[row] for row in rows if row in self.examples]

    def _newest(self, wanted: Callable[[Situation], bool], limit: int) -> list[int]:
        return [row for row, one in reversed(self.examples.items()) if wanted(one.situation)][:limit]

    def rows_of(self, examples: Sequence[str]) -> list[int]:
        return [row for row, one in self.examples.items() if one.id in examples]

    def recent(self, notebook: str, limit: int) -> list[int]:
        return self._newest(lambda one: one.notebook == notebook, limit)

    def following(self, command: str, language: str, limit: int) -> list[int]:
        return self._newest(lambda one: analysis.last_command(one).strip() == command.strip(), limit)

    def answering(self, intent_key: str, limit: int) -> list[int]:
        return self._newest(lambda one: analysis.intent_key(one) == intent_key, limit)
