"""An experiment from start to end: what is to be asked, what it may cost, the work, and the results by batch."""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import ghostcells
from ghostcells import __version__
from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.embedders import install
from ghostcells.evaluation.answering import most_usd
from ghostcells.evaluation.experiment import Experiment, Variant, identity, settings_for
from ghostcells.evaluation.items import Dataset, Result
from ghostcells.evaluation.replay import Plan, rankers_in
from ghostcells.evaluation.results import Batch, Results
from ghostcells.evaluation.work import Job, Place, stretches, work
from ghostcells.memory.model import ranker


class Estimate(msgspec.Struct, frozen=True):
    """`questions` are those still to be asked, `usd` the most that they can cost; `unknown` models have no known price."""

    questions: int
    usd: float
    unknown: tuple[str, ...]


class Run(msgspec.Struct, frozen=True):
    """One variant on one data set, with how it is done."""

    batch: Batch
    place: Place
    plan: Plan


class Running:
    """Put together by `prepared`; `directory` has the results."""

    def __init__(self, experiment: Experiment, directory: Path, results: Results, runs: Sequence[Run]) -> None:
        self.experiment, self.directory, self.results, self.runs = experiment, directory, results, runs

    @property
    def batches(self) -> list[str]:
        return [one.batch.id for one in self.runs]

    @property
    def missing(self) -> dict[str, list[str]]:
        """The questions still to be asked, by batch."""
        return {batch: keys for batch in self.batches if (keys := self.results.missing(batch))}

    def estimate(self) -> Estimate:
        """What is left to do and the most that it can cost: every prompt as long as it may be, every answer, too."""
        missing, usd, unknown = self.missing, 0.0, dict[str, None]()
        for run in self.runs:
            count = len(missing.get(run.batch.id, ()))
            each = most_usd(run.plan.settings) if count else 0.0
            if each is None:
                unknown[run.batch.variant] = None
            else:
                usd += count * each
        return Estimate(sum(map(len, missing.values())), usd, tuple(unknown))

    def work(self, parallel: int, progressed: Callable[[int], object]) -> str:
        """Ask what is left; why some of it was not answered, nothing where all was."""
        missing = self.missing
        jobs = self._jobs(missing, parallel)
        done_before, cap = self.results.count(self.batches), self.experiment.cap_usd
        stopped = False

        def look() -> bool:
            nonlocal stopped
            progressed(self.results.count(self.batches) - done_before)
            stopped = bool(cap) and self.results.spent(self.batches) >= cap
            return not stopped

        work(jobs, parallel, look)
        look()
        return self._unanswered()

    def _unanswered(self) -> str:
        left = sum(map(len, self.missing.values()))
        if not left:
            return ""
        failures = self.results.failures(self.batches)
        why = f"it failed ({failures[0]})" if failures else "the money was gone: give a higher --cap-usd"
        return f"{left} questions were not answered, because {why}; the same command asks them again"

    def found(self, run: Run) -> list[Result]:
        return self.results.items(run.batch.id)

    def _jobs(self, missing: dict[str, list[str]], parallel: int) -> list[Job]:
        parts = [(run, keys) for run in self.runs for keys in stretches(missing.get(run.batch.id, ()), parallel)]
        paid = sum(bool(most_usd(run.plan.settings)) for run, _ in parts)
        left = max(0.0, self.experiment.cap_usd - self.results.spent(self.batches))
        jobs = []
        for run, keys in parts:
            plan = msgspec.structs.replace(run.plan, cap_usd=left / paid if paid else 0.0)
            jobs.append(Job(run.batch.id, str(self.directory), run.place, plan, keys))
        return jobs


def prepared(
    experiment: Experiment, directory: Path, places: Sequence[Place], base: Settings, *, models_dir: Path, now_ms: int
) -> Running:
    """All batches of an experiment, their questions noted. Raises ConfigError where something does not fit together."""
    if experiment.rankers:
        rankers_in(Path(experiment.rankers))
    results = Results(directory)
    runs: list[Run] = []
    for place in places:
        dataset = place.open()
        fingerprint, keys = dataset.fingerprint(), questions(dataset, experiment)
        if not keys:
            raise ConfigError(f"{place.path if not place.mine else 'your log'}: there is nothing to ask in it")
        for name, variant in experiment.variants.items():
            plan = _plan(name, variant, experiment, base, directory, models_dir)
            about = _about(experiment, dataset, fingerprint, variant, plan)
            batch = Batch(identity(about, keys), name, dataset.name, about, now_ms)
            results.begin(batch, keys)
            runs.append(Run(batch, place, plan))
    return Running(experiment, directory, results, runs)


def questions(dataset: Dataset, experiment: Experiment) -> list[str]:
    """The keys of the questions that are drawn, in order."""
    keys = [moment.question.key for moment in dataset.moments() if moment.question is not None][experiment.skip :]
    if not experiment.sample or experiment.sample >= len(keys):
        return keys
    drawn = random.Random(experiment.seed).sample(range(len(keys)), experiment.sample)  # noqa: S311 - draws, not secrets
    return [keys[at] for at in sorted(drawn)]


def _plan(
    name: str, variant: Variant, experiment: Experiment, base: Settings, directory: Path, models_dir: Path
) -> Plan:
    settings = settings_for(variant.settings, base, name=name)
    memory = settings.memory
    if memory.embedder == "openai":
        raise ConfigError(f'variant {name}: memory.embedder = "openai" is not replayed; use minilm or lexical')
    if memory.embedder == "auto":
        here = install.installed(models_dir) is not None and not install.missing_modules()
        memory = msgspec.structs.replace(memory, embedder="minilm" if here else "lexical")
        settings = msgspec.structs.replace(settings, memory=memory)
    plan = Plan(variant, settings, experiment.rankers, str(models_dir), str(directory), 0.0)
    if plan.uses_vectors and (missing := install.missing_modules()):
        raise ConfigError(f"variant {name} needs {', '.join(missing)}: run `pip install 'ghostcells[minilm]'`")
    if plan.uses_vectors and install.installed(models_dir) is None:
        raise ConfigError(f"variant {name} needs the sentence model: run `ghostcells models install`")
    return plan


def _about(experiment: Experiment, dataset: Dataset, fingerprint: str, variant: Variant, plan: Plan) -> dict[str, Any]:
    """Everything that a result depends on."""
    rankers = Path(experiment.rankers) if experiment.rankers else None
    learned = sorted(rankers.glob("*.json")) if rankers else []
    return {
        "version": __version__,
        "code": code(),
        "dataset": dataset.name,
        "data": fingerprint,
        "ordered": dataset.ordered,
        "memory": variant.memory,
        "settings": msgspec.to_builtins(plan.settings),
        "ranker": identity(ranker()),
        "rankers": identity([one.read_text("utf-8") for one in learned]) if learned else "",
    }


@cache
def code() -> str:
    """A hash of what is installed: while one works on it, the version stays and the answers do not."""
    found = hashlib.blake2b(digest_size=8)
    root = Path(ghostcells.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".json", ".toml", ".md"}:
            found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000
