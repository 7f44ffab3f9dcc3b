"""Recorded editing sessions as a stream of executed cells with the situation each was written in.

Reads the JSON Lines of `sessions.jsonl.gz` (events `open`, `focus`, `insert`, `type`, `execute`); also holds the index and
the vectors that the replays search, so that they need neither a daemon nor a disk.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ghostcells.domain.examples import ANSWERED_BY, Example, Reason, Situation, situation_at
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.embedders.install import NAME
from ghostcells.learning.lessons import example_id
from ghostcells.memory import analysis
from ghostcells.memory.notes import note
from ghostcells.store.examples import POSTINGS, TERMS, heaviest, weighed

if TYPE_CHECKING:
    from ghostcells.embedders.minilm import SentenceModel

LANGUAGES = {"bash": "shellscript"}
DAY_MS = 86_400_000
START_MS = 1_700_000_000_000


class Step(msgspec.Struct, frozen=True):
    """One executed cell; `asked` where prose stands directly before a shell cell, so that a suggestion was due."""

    number: int
    repo: str
    doc: str
    time_ms: int
    situation: Situation
    text: str
    language: str
    asked: bool


def _typed(text: str, keys: str) -> str:
    for key in keys:
        text = text[:-1] if key == "\b" else text + key
    return text


def steps(path: Path, uris: dict[str, str] | None = None) -> Iterator[Step]:
    """The executed cells in order; one session a day begins an hour after the one before."""
    number = session = 0
    doc = repo = uri = ""
    cells: list[Cell] = []
    outputs: dict[str, str] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            event: dict[str, Any] = json.loads(line)
            match event["type"]:
                case "open":
                    doc, repo, session = event["doc"], event["repo"], event["s"]
                    uri = (uris or {}).get(doc, f"file:///home/user/{repo}/{doc}.md")
                    cells, outputs = [], {}
                case "focus":
                    kind = CellKind.MARKUP if event["kind"] == "markup" else CellKind.CODE
                    language = event.get("lang", "markdown" if kind is CellKind.MARKUP else "")
                    cells.append(Cell(f"{uri}#{event['cell']}", kind, LANGUAGES.get(language, language), ""))
                case "insert":
                    cells[-1] = msgspec.structs.replace(cells[-1], text=cells[-1].text + event["text"])
                case "type":
                    cells[-1] = msgspec.structs.replace(cells[-1], text=_typed(cells[-1].text, event["text"]))
                case "execute":
                    index = event["cell"]
                    language = LANGUAGES.get(event["lang"], event["lang"])
                    before = cells[:index]
                    asked = bool(index) and before[-1].kind is CellKind.MARKUP and language == "shellscript"
                    situation = situation_at(before, index, uri, outputs)
                    time_ms = START_MS + session * 3_600_000 + event["t_ms"]
                    yield Step(number, repo, doc, time_ms, situation, event["text"].strip(), language, asked)
                    number += 1
                    cells[-1] = msgspec.structs.replace(cells[-1], text=event["text"])
                    outputs[cells[-1].uri] = event.get("output", "")


def example(step: Step, row: int) -> Example:
    name = example_id(step.situation, step.language, step.text)
    return Example(
        name, row, step.situation, step.language, step.text, Reason.OWN, 1, 0, 0, 0, 0, step.time_ms, step.time_ms,
        notes=note(step.situation, step.text),
    )  # fmt: skip


class Index:
    """An ExampleSource in memory, which finds by words what the daemon's index finds."""

    def __init__(self) -> None:
        self.examples: dict[int, Example] = {}
        self.hidden = 0
        """A row that is as good as not there."""
        self._rows_of: dict[str, list[int]] = {}
        self._lengths: dict[int, int] = {}
        self._length = 0
        self._by_identity: dict[str, int] = {}
        self._by_notebook: dict[str, list[int]] = {}
        self._by_before: dict[str, list[int]] = {}
        self._by_key: dict[str, list[int]] = {}

    def add(self, step: Step) -> Example:
        new = example(step, len(self.examples) + 1)
        known = self._by_identity.get(new.id)
        if known is not None:
            old = self.examples[known]
            new = msgspec.structs.replace(
                old, runs=old.runs + 1, last_ms=step.time_ms, situation=step.situation, notes=new.notes
            )
        else:
            terms = analysis.analyse(new.situation, new.text).split(" ")
            self._lengths[new.row] = len(terms)
            self._length += len(terms)
            for term in dict.fromkeys(terms):
                self._rows_of.setdefault(term, []).append(new.row)
        self.put(new)
        return new

    def put(self, new: Example) -> None:
        self.examples[new.row] = new
        self._by_identity[new.id] = new.row
        before = analysis.last_command(new.situation).strip()
        for table, key in (
            (self._by_notebook, new.situation.notebook),
            (self._by_before, before),
            (self._by_key, analysis.intent_key(new.situation)),
        ):
            if key:
                rows = table.setdefault(key, [])
                if new.row in rows:
                    rows.remove(new.row)
                rows.append(new.row)

    def count(self) -> int:
        return len(self.examples)

    def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """As `store.examples.Examples.match`: the rarest terms' newest rows, no more of them than may be read."""
        total = len(self.examples)
        known = sorted((min(len(rows), POSTINGS + 1), term) for term in set(terms) if (rows := self._rows_of.get(term)))
        scores: dict[int, float] = {}
        left = POSTINGS
        for frequency, term in known[:TERMS]:
            if frequency > left and scores:
                break
            weight = log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            for row in self._rows_of[term][: -min(frequency, left) - 1 : -1]:
                if row != self.hidden:
                    scores[row] = scores.get(row, 0.0) + weight
            left -= frequency
        best = {row: scores[row] for row in heaviest(scores, limit)}
        return weighed(best, self._lengths, self._length / max(total, 1), limit)

    def load(self, rows: Iterable[int]) -> list[Example]:
        return [self.examples[row] for row in rows if row in self.examples and row != self.hidden]

    def recent(self, notebook: str, limit: int) -> list[int]:
        return self._by_notebook.get(notebook, [])[: -limit - 1 : -1]

    def following(self, command: str, language: str, limit: int) -> list[int]:
        return self._by_before.get(command.strip(), [])[: -limit - 1 : -1]

    def answering(self, intent_key: str, limit: int) -> list[int]:
        return [row for row in self._by_key.get(intent_key, [])[: -limit - 2 : -1] if row != self.hidden][:limit]


class Vectors:
    """A VectorSearch in this process, over the sentence model's vectors by text."""

    ready = True

    def __init__(self, known: dict[str, Any], dims: int = 384) -> None:
        import numpy as np

        self._np = np
        self._known = known
        self._rows = np.zeros((0, dims), np.float32)
        self._count = 0
        self._query: Any = None

    @property
    def reach(self) -> int:
        return self._count

    def start(self) -> None:
        return

    def add(self, row: int, situation: Situation, command: str) -> None:
        """Rows come in order, from 1; a row that exists is replaced."""
        from ghostcells.embedders.sense import between

        np = self._np
        if row > len(self._rows):
            grown = np.zeros((max(2 * len(self._rows), 1024), self._rows.shape[1]), np.float32)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        self._rows[row - 1] = between(*(self._meant(text) for text in halves(situation, command)))
        self._count = max(self._count, row)

    def nearest(self, text: str, k: int) -> dict[int, float]:
        np = self._np
        self._query = self._meant(text)
        scores = self._rows[: self._count] @ self._query
        best = np.arange(len(scores)) if len(scores) <= k else np.argpartition(-scores, k)[:k]
        best = best[np.argsort(-scores[best])]
        return {int(row) + 1: float(scores[row]) for row in best}

    def _meant(self, text: str) -> Any:
        return self._np.asarray(self._known[text], self._np.float32)

    def scores(self, rows: Iterable[int]) -> dict[int, float]:
        return {row: float(self._rows[row - 1] @ self._query) for row in rows if 0 < row <= self._count}

    async def search(self, text: str, k: int, *, key: str = "") -> Any:
        found = self.nearest(text, k)
        return NearestRows(list(found), list(found.values()))

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:
        found = self.scores(rows)
        return [found.get(row) for row in rows]


def halves(situation: Situation, command: str) -> tuple[str, str]:
    """The two texts between whose vectors an example's is (`analysis.example_text`)."""
    prose, _, answer = analysis.example_text(situation, command).partition(ANSWERED_BY)
    return prose, answer


class NearestRows(msgspec.Struct, frozen=True):
    rows: list[int]
    scores: list[float]


def embedder() -> "SentenceModel":
    """The installed sentence model."""
    from platformdirs import user_cache_dir

    from ghostcells.embedders import install
    from ghostcells.embedders.minilm import load_model

    files = install.installed(Path(user_cache_dir("ghostcells")) / "models")
    if files is None:
        raise SystemExit("the sentence model is not installed: run `ghostcells models install`")
    return load_model(str(files.directory))


PLAIN, SHIPPED = "texts-plain.pickle", f"texts-{NAME}.pickle"
"""Files of `--work` with the vectors of texts: by the sentence model as it was published, and as it is installed."""


def of_fold(fold: int) -> str:
    """The file with the vectors by what `train_sense.py` has learned without a fold."""
    return f"texts-{fold}.pickle"


def kept_vectors(work: Path, name: str) -> dict[str, Any]:
    """The vectors in one of these files."""
    import pickle

    known: dict[str, Any] = pickle.loads((work / name).read_bytes())
    return known


def vectors_of(texts: Iterable[str], kept: Path) -> dict[str, Any]:
    """The vectors of texts by the installed sentence model, each computed once and kept in a file."""
    import pickle

    import numpy as np

    known: dict[str, Any] = pickle.loads(kept.read_bytes()) if kept.exists() else {}
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    if missing:
        embed = embedder().embed
        for start in range(0, len(missing), 256):
            part = missing[start : start + 256]
            known.update(zip(part, embed(part).astype(np.float16), strict=True))
        kept.write_bytes(pickle.dumps(known))
    return known
