"""What model suggestions would cost: recorded sessions replayed through the policy, the prompt and the tokenizer.

    python benchmarks/prompt_cost.py SESSIONS.jsonl.gz [--sessions 300] [--model NAME ...] [--prices FILE.toml]

A rest is a pause of `DELAY` times the typist's usual gap between keys, 150 to 600 ms. Prices are those of the table that
comes along, or of your own. Output is counted as the command that was run in the end, fenced, which is what a right answer
holds. Memory is taken to be never certain, so that every saving here is the policy's own.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ghostcells.app.knowledge import shared_words
from ghostcells.budget.session import room
from ghostcells.config.schema import Settings
from ghostcells.context.prompt import Allow, Budget, Composed, NotComposed, compose
from ghostcells.context.worth import Answers, Corpus, Habits, Moment, judge, key_of, words_of
from ghostcells.domain.exchange import Page, Remembered, Usage
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.privacy.redact import Redactor
from ghostcells.providers.prices import Prices
from ghostcells.tokens import counter_for

if TYPE_CHECKING:
    from collections.abc import Iterator

DELAY = 3.0
LEAST_MS, MOST_MS = 150, 600
EXAMPLES = 3
LANGUAGES = {"bash": "shellscript"}


class Memory:
    """Earlier prose with what was run after it, by BM25."""

    def __init__(self) -> None:
        self.df: Counter[str] = Counter()
        self.examples: list[tuple[str, str, str, set[str]]] = []
        self._postings: dict[str, list[int]] = defaultdict(list)
        self.commands: Counter[str] = Counter()

    def add(self, intent: str, language: str, text: str) -> None:
        words = words_of(intent)
        for word in words:
            self._postings[word].append(len(self.examples))
        self.examples.append((intent, language, text, words))
        self.df.update(words)
        first = text.strip().split("\n")[0]
        self.commands[first[:80]] += 1

    def nearest(self, text: str) -> list[Remembered]:
        query = words_of(text[-600:])
        scores: dict[int, float] = defaultdict(float)
        for word in query:
            idf = self._idf(word)
            for index in self._postings.get(word, ()):
                size = len(self.examples[index][3])
                scores[index] += idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * size / 25))
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:EXAMPLES]
        found = [(f"e{index}", *self.examples[index][:3]) for index in best]
        return [Remembered(*one, shared_words(one[1], text)) for one in found]

    def _idf(self, word: str) -> float:
        return math.log(1 + (len(self.examples) - self.df[word] + 0.5) / (self.df[word] + 0.5))


def sessions(path: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        events = (json.loads(line) for line in lines)
        for _, session in itertools.islice(itertools.groupby(events, key=lambda event: event["s"]), limit):
            yield list(session)


def keys_of(event: dict[str, Any]) -> Iterator[tuple[int, str]]:
    at = event["t_ms"]
    for key, gap in zip(event["text"], [*event["gaps"], 0], strict=True):
        yield at, key
        at += gap


def not_focus(event: dict[str, Any]) -> bool:
    return bool(event["type"] != "focus")


def focus_keys(events: list[dict[str, Any]], last_ms: int) -> tuple[list[tuple[int, str]], int]:
    """The keys and pastes until the focus moves on, and when it does."""
    keys: list[tuple[int, str]] = []
    for event in events:
        if event["type"] == "focus":
            return keys, event["t_ms"]
        if event["type"] == "insert":
            keys.append((event["t_ms"], event["text"]))
        elif event["type"] == "type":
            keys.extend(keys_of(event))
    return keys, last_ms


@dataclass
class Scene:
    """A notebook while it is written."""

    cells: list[Cell]
    outputs: dict[str, str]
    answers: Answers
    conventions: list[str]


@dataclass
class Session:
    """One focus session; its examples are frozen at its first completion."""

    answer: str
    language: str
    asked: list[str] = field(default_factory=list)
    made: list[Composed] = field(default_factory=list)
    examples: tuple[Remembered, ...] | None = None
    rests: int = 0
    used: int = 0
    last: str = "no rest"


class Replay:
    def __init__(self, model: str, budget: Budget, session_tokens: int = Settings().budget.session_tokens) -> None:
        self.session_tokens = session_tokens
        self.counter = counter_for(model)
        self.model = model
        self.budget = budget
        self.memory = Memory()
        self.habits = Habits()
        self.redactor = Redactor()
        self.focus_sessions: list[list[Composed]] = []
        self.rests: list[int] = []
        self.outputs: list[int] = []
        self.why: Counter[str] = Counter()
        self.unasked: Counter[str] = Counter()
        self.refused = self.executed = self.cached = self.with_examples = self.final = self.followed = 0

    def redact(self, text: str) -> tuple[str, int]:
        redaction = self.redactor.redact(text)
        return redaction.text, redaction.count

    def play(self, events: list[dict[str, Any]]) -> None:
        conventions = [command for command, runs in self.memory.commands.most_common(20) if runs > 1]
        scene = Scene([], {}, Answers(), conventions)
        cells = scene.cells
        learned: list[tuple[str, str, str]] = []
        for index, event in enumerate(events):
            match event["type"]:
                case "focus":
                    kind = CellKind.MARKUP if event["kind"] == "markup" else CellKind.CODE
                    label = event.get("lang", "markdown")
                    cells.append(Cell(f"c{event['cell']}", kind, LANGUAGES.get(label, label), ""))
                    self._typed(events, index, scene)
                case "insert" | "type":
                    text = cells[-1].text
                    for key in [event["text"]] if event["type"] == "insert" else event["text"]:
                        text = text[:-1] if key == "\b" else text + key
                    cells[-1] = Cell(cells[-1].uri, cells[-1].kind, cells[-1].language, text)
                case "execute":
                    self.executed += 1
                    cells[-1] = Cell(cells[-1].uri, cells[-1].kind, cells[-1].language, event["text"])
                    scene.outputs[cells[-1].uri] = event.get("output", "")
                    if len(cells) > 1 and cells[-2].kind is CellKind.MARKUP:
                        learned.append((cells[-2].text[-600:], cells[-1].language, event["text"]))
        runs = {event["cell"] for event in events if event["type"] == "execute"}
        for position, cell in enumerate(cells):
            if cell.kind is CellKind.MARKUP and cell.text:
                self.habits = self.habits.observe(cell.text, run=position + 1 in runs)
        for lesson in learned:
            self.memory.add(*lesson)

    def _typed(self, events: list[dict[str, Any]], start: int, scene: Scene) -> None:
        """One focus session: the keys until the focus moves on, with a rest wherever they pause long enough."""
        keys, end = focus_keys(events[start + 1 :], events[-1]["t_ms"])
        if not any(event["type"] == "type" for event in itertools.takewhile(not_focus, events[start + 1 :])):
            return
        run = next((event for event in events[start + 1 :] if event["type"] == "execute"), {"text": "", "lang": "bash"})
        session = Session(run["text"], LANGUAGES.get(run["lang"], run["lang"]))
        text, gap = "", 180.0
        for (at, key), following in itertools.zip_longest(keys, keys[1:]):
            text = text[:-1] if key == "\b" else text + key
            pause = (following[0] if following else end) - at
            delay = min(max(DELAY * gap, LEAST_MS), MOST_MS)
            gap += 0.3 * (pause - gap) if pause < 2000 else 0
            if pause >= delay:
                session.rests += 1
                self._rest(text, delay, pause, session, scene)
        self.rests.append(session.rests)
        self.focus_sessions.append(session.made)
        if session.asked and session.asked[-1].strip() == text.strip():
            self.final += 1
        else:
            self.unasked[session.last] += 1

    def _rest(self, text: str, rested: float, pause: float, session: Session, scene: Scene) -> None:
        corpus = Corpus(self.memory.df.__getitem__, len(self.memory.examples))
        while True:
            moment = Moment(text, prose=True, rested_ms=int(rested), asked=tuple(session.asked))
            verdict = judge(moment, corpus, self.habits)
            session.last = verdict.why.split(":")[0]
            self.why[session.last] += 1
            if verdict.ask:
                self._ask(text, session, scene)
                return
            if verdict.again_ms is None or verdict.again_ms <= rested or verdict.again_ms > pause:
                return
            rested = verdict.again_ms

    def _ask(self, text: str, session: Session, scene: Scene) -> None:
        *above, focused = scene.cells
        anchor = Cell(focused.uri, focused.kind, focused.language, text)
        page = Page("file:///notebook.md", "runme", (*above, anchor), (), scene.outputs, session.language)
        if session.examples is None:
            session.examples = tuple(self.memory.nearest(text))
        allowed = room(self.session_tokens, session.used, self.budget.input_tokens)
        composed = self._composed(page, session.examples, scene.conventions, allowed) if allowed else None
        if composed is None:
            self.refused += not allowed
            return
        session.asked.append(text)
        key = key_of(composed.prompt, self.model)
        if scene.answers.get(key) is not None:
            self.cached += 1
            return
        scene.answers.put(key, "")
        session.made.append(composed)
        self.with_examples += bool(composed.examples_used)
        output = self.counter.count(f"```sh\n{session.answer}\n```")
        self.outputs.append(output)
        session.used += composed.input_tokens + output

    def _composed(
        self, page: Page, examples: tuple[Remembered, ...], conventions: list[str], input_tokens: int
    ) -> Composed | None:
        try:
            return compose(
                page,
                examples,
                conventions,
                replace(self.budget, input_tokens=input_tokens),
                self.redact,
                Allow(),
                self.counter.count,
                exact=self.counter.exact,
            )
        except NotComposed:
            return None


def report(replay: Replay, limit: int, prices: Prices) -> None:
    made = [composed for session in replay.focus_sessions for composed in session]
    tokens = [composed.input_tokens for composed in made]
    spent = [Usage(given, said) for given, said in zip(tokens, replay.outputs, strict=True)]
    usd = sum(prices.cost(replay.model, usage)[0] for usage in spent)
    count = len(replay.focus_sessions)
    per = sorted(len(session) for session in replay.focus_sessions)
    price = prices.find(replay.model)
    said = f"${price.input:g} / ${price.output:g} a million" if price else "of unknown price"
    print(f"\n{replay.model}, {said}: {limit} sessions, tokens by {replay.counter.name}")
    for name, value in (
        ("focus sessions in which text was typed", f"{count}"),
        ("rests in each, mean", f"{statistics.mean(replay.rests):.1f}"),
        ("completions in each, mean", f"{len(made) / count:.2f}"),
        ("completions in each, p50 / p90 / max", f"{per[count // 2]} / {per[count * 9 // 10]} / {per[-1]}"),
        ("answered from the cache", f"{replay.cached}"),
        ("not asked for want of the session's tokens", f"{replay.refused}"),
        ("asked about the final text", f"{replay.final / count:.0%}"),
        ("input tokens a completion, mean / max", f"{statistics.mean(tokens):.0f} / {max(tokens)}"),
        ("completions with examples in the prompt", f"{replay.with_examples / len(made):.0%}"),
        ("output tokens a completion, mean", f"{statistics.mean(replay.outputs):.0f}"),
        ("cost a focus session", f"${usd / count:.6f}"),
        ("executed cells", f"{replay.executed}"),
        ("cost an executed cell", f"${usd / replay.executed:.6f}"),
    ):
        print(f"{name:44} {value}")
    reasons = {"what was said at each rest": replay.why, "why a final text was not asked about": replay.unasked}
    for title, counts in reasons.items():
        print(f"{title}: " + ", ".join(f"{number} {why}" for why, number in counts.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("sessions")
    parser.add_argument("--sessions", dest="limit", type=int, default=300)
    parser.add_argument("--model", action="append")
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--budget", type=int, default=Budget().input_tokens)
    arguments = parser.parse_args()
    prices = Prices.load(arguments.prices)
    for model in arguments.model or ["gpt-6-luna", "claude-haiku-5-5", "gpt-5-nano", "gpt-4o-mini"]:
        replay = Replay(model, Budget(input_tokens=arguments.budget))
        for events in sessions(arguments.sessions, arguments.limit):
            replay.play(events)
        report(replay, arguments.limit, prices)


if __name__ == "__main__":
    main()
