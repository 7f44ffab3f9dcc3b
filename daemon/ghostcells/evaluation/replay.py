"""Goes through a data set in order: asks where a question is due, and only then lets memory learn what was run.

The index is the daemon's, in a directory that ends with this replay; time is that of the data. Nothing of the user's own
memory is opened here.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ghostcells.app.index import WORDS
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.pool import Used
from ghostcells.evaluation.answering import Answering, at_once
from ghostcells.evaluation.experiment import Variant
from ghostcells.evaluation.floors import NearestMeaning, NearestWords
from ghostcells.evaluation.hiding import Hiding
from ghostcells.evaluation.items import Dataset, Question, Result
from ghostcells.evaluation.often import Often
from ghostcells.evaluation.vectors import Vectors
from ghostcells.memory import analysis
from ghostcells.memory.model import Ranker, ranker
from ghostcells.memory.recall import RecallMemory
from ghostcells.runtime.ports import Memory
from ghostcells.store.examples import Examples
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare

_BATCH = 500
_FAILURES = 3
"""After so many failures in a row a model is down, or its key wrong: to go on would only collect more of them."""
_SPACE = re.compile(r"\s+")
_INTENT_SHOWN = 400


class Plan(msgspec.Struct, frozen=True):
    """How questions of one batch are answered; `models_dir` has the sentence model, `kept` its vectors."""

    variant: Variant
    settings: Settings
    rankers: str
    models_dir: str
    kept: str
    cap_usd: float

    @property
    def uses_vectors(self) -> bool:
        if self.variant.memory == "nearest-meaning":
            return True
        return self.variant.memory == "on" and self.settings.memory.embedder == "minilm"


class Replay:
    """One pass over a data set under one plan; `put` gets each result as soon as it is known."""

    def __init__(self, dataset: Dataset, plan: Plan, put: Callable[[Result], None]) -> None:
        self._dataset, self._plan, self._put = dataset, plan, put
        self._rankers = rankers_in(Path(plan.rankers)) if plan.rankers else {}
        self._vectors = Vectors(Path(plan.models_dir), Path(plan.kept)) if plan.uses_vectors else None
        self._scratch = tempfile.TemporaryDirectory(prefix="ghostcells-eval-")
        self._index = Index.open(prepare(Path(self._scratch.name)), WORDS)
        self._source = Hiding(self._index)
        self._examples = Examples(self._index)
        self._memories: dict[int, Memory | None] = {}
        self._pool = Often(self._examples, plan.settings)
        self._now = 0
        self._answering = Answering(self._source, plan.settings, self._memory, self._often, cap_usd=plan.cap_usd)
        self._waiting: list[AnyRecord] = []
        self._embedded = 0
        self._answers: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._templates: dict[str, str] = {}

    async def run(self, wanted: Collection[str], *, stopped: Callable[[], bool] = lambda: False) -> None:
        """Ask the wanted questions; ends early when `stopped` says so, with what is known kept."""
        left = set(wanted)
        try:
            if not self._dataset.ordered:
                self._learn_all()
            for number, moment in enumerate(self._dataset.moments()):
                if stopped():
                    return
                question = moment.question
                if question is not None and question.key in left:
                    self._fold()
                    result = await self._ask(question, number)
                    if self._answering.capped:
                        return
                    self._put(result)
                    left.discard(question.key)
                    if not left or self._answering.failures >= _FAILURES:
                        return
                if self._dataset.ordered:
                    self._learn(moment.records)
        finally:
            await self._answering.close()
            self._close()

    def _learn_all(self) -> None:
        for moment in self._dataset.moments():
            if moment.question is not None and moment.question.template:
                self._templates[moment.question.answer] = moment.question.template
            self._learn(moment.records)
        self._fold()

    def _learn(self, records: Iterable[AnyRecord]) -> None:
        """What was run, counted as seen now and folded into the index before the next question."""
        for record in records:
            self._waiting.append(record)
            if isinstance(record, Executed) and record.success:
                self._answers[squeezed(record.text)] += 1
                self._pairs[squeezed(record.situation.intent), squeezed(record.text)] += 1
        self._answering.happened(records)
        if len(self._waiting) >= _BATCH:
            self._fold()

    def _fold(self) -> None:
        if self._waiting:
            self._index.fold(self._waiting)
            self._waiting.clear()
        if self._vectors is not None:
            while rows := self._examples.all_rows(self._embedded, _BATCH):
                for one in self._examples.load(rows):
                    self._vectors.add(one.row, analysis.example_text(one.situation, one.text))
                self._embedded = rows[-1]

    async def _ask(self, question: Question, number: int) -> Result:
        self._now = question.time_ms
        rows = self._source.hide(question.hidden)
        if self._vectors is not None:
            self._vectors.hidden = rows
        blank = self._blank(question, number)
        try:
            result = await self._answering.answer(question, blank)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 -- one question that fails is a finding, not the end of the run
            return replace(blank, failed=f"{type(error).__name__}: {error}")
        return replace(result, template=self._fits(question, result))

    def _blank(self, question: Question, number: int) -> Result:
        own = bool(question.hidden)
        answer, intent = squeezed(question.answer), squeezed(question.situation.intent)
        return Result(
            key=question.key,
            dataset=question.dataset,
            repo=question.repo,
            document=question.document,
            number=number,
            time_ms=question.time_ms,
            heading=question.situation.heading,
            intent=question.situation.intent[-_INTENT_SHOWN:],
            answer=question.answer,
            language=question.language,
            examples=self._source.count(),
            known=self._answers[answer] > own,
            feedback=question.feedback,
            repeated=self._pairs[intent, answer] > own,
        )

    def _fits(self, question: Question, result: Result) -> bool | None:
        """Whether the form of the command is right, where the data names forms: by the text, as it is in the data."""
        if not question.template:
            return None
        return result.best is not None and self._templates.get(result.best.text.strip()) == question.template

    def _often(self, notebook: str) -> tuple[Used, ...]:
        """Pairs have no days, and each of their commands ran once."""
        return self._pool.at(notebook, self._now) if self._dataset.ordered else ()

    def _memory(self, repo: str) -> Memory | None:
        learned = self._ranker_of(repo)
        if id(learned) not in self._memories:
            self._memories[id(learned)] = self._make_memory(learned)
        return self._memories[id(learned)]

    def _ranker_of(self, repo: str) -> Ranker:
        """The one that has not seen the repository, where some were given: the one that ships must not slip in."""
        if not self._rankers:
            return ranker()
        if repo not in self._rankers:
            raise ConfigError(f"{self._plan.rankers}: there is no ranker for {repo} in folds.json")
        return self._rankers[repo]

    def _make_memory(self, learned: Ranker) -> Memory | None:
        match self._plan.variant.memory:
            case "off":
                return None
            case "nearest-words":
                return NearestWords(self._source)
            case "nearest-meaning":
                assert self._vectors is not None
                return NearestMeaning(self._source, self._vectors)
            case _:
                threshold = self._plan.settings.memory.min_confidence
                made = RecallMemory(self._source, self._vectors, at_once, threshold=threshold, learned=learned)
                made.always = lambda notebook: tuple(one.example for one in self._often(notebook))
                return made

    def _close(self) -> None:
        self._index.close()
        self._scratch.cleanup()


def squeezed(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def rankers_in(directory: Path) -> dict[str, Ranker]:
    """Repository -> the ranker that has not seen its family; raises ConfigError."""
    try:
        folds: dict[str, int] = json.loads((directory / "folds.json").read_text("utf-8"))
        learned = {
            number: msgspec.json.decode((directory / f"ranker-{number}.json").read_bytes(), type=Ranker)
            for number in set(folds.values())
        }
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{directory}: the rankers cannot be read: {error}") from error
    return {repo: learned[number] for repo, number in folds.items()}
