"""What is asked and what came of it: the words of the harness."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from ghostcells.domain.events import AnyRecord
from ghostcells.domain.examples import Situation
from ghostcells.domain.exchange import Page


class Question(msgspec.Struct, frozen=True):
    """A place where a suggestion was due: the `page` up to it, and what the user ran then (`answer`).

    `key` is the same in every run over this data. `rested_ms` is how long the user paused there. `hidden` are examples that
    must not be used, since they were made from the answer itself. `template` names the answer's form, where the data has one;
    `feedback` what the user made of what was really suggested then, in a log of one's own.
    """

    key: str
    dataset: str
    repo: str
    document: str
    time_ms: int
    page: Page
    situation: Situation
    answer: str
    language: str
    rested_ms: int = 10_000
    hidden: frozenset[str] = frozenset()
    template: str = ""
    feedback: str = ""


class Moment(msgspec.Struct, frozen=True):
    """A question, if one was due, and then what happened: the records from which memory learns it."""

    question: Question | None
    records: tuple[AnyRecord, ...]


class Dataset(Protocol):
    """`ordered`: only what came before a question may be used; else everything but the question's own example."""

    name: str
    ordered: bool

    def moments(self) -> Iterator[Moment]:
        """In order of time; the same at each call."""
        ...

    def fingerprint(self) -> str:
        """Changes with the content."""
        ...


class Offer(msgspec.Struct, frozen=True):
    """A candidate against what ran. `word` is the plain distance over words, which confidence is calibrated on."""

    text: str
    confidence: float
    distance: float
    word: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One question under one variant. The first of `offers` is the best; `shown` says whether the user would have seen it.

    `known`: the same command had run before; `repeated`: under the same intent as well (exact contamination). Tokens, US
    dollars and milliseconds are those of this question; `why` says how it was decided; `failed` what went wrong.
    """

    key: str
    dataset: str
    repo: str
    document: str
    number: int
    time_ms: int
    heading: str
    intent: str
    answer: str
    language: str
    examples: int
    source: str = ""
    outcome: str = "silent"
    shown: bool = False
    offers: tuple[Offer, ...] = ()
    distance: float = 1.0
    word: float = 1.0
    program: bool = False
    steps: int = 1
    steps_near: int = 0
    template: bool | None = None
    known: bool = False
    repeated: bool = False
    memory_ms: float = 0.0
    model_ms: float = 0.0
    asked_model: bool = False
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    assertions_passed: int = 0
    assertions_failed: int = 0
    why: str = ""
    feedback: str = ""
    failed: str = ""
    judged: bool | None = None

    @property
    def best(self) -> Offer | None:
        return self.offers[0] if self.offers else None

    @property
    def confidence(self) -> float:
        return self.offers[0].confidence if self.offers else 0.0
