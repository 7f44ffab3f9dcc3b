"""The user's own log as recorded sessions, to keep or to give away: the format is that of `evaluation.sessions`.

Runs in one notebook without a run elsewhere between them are one session, so that to replay them in order uses nothing that
came later. Notebooks and folders are named by hashes, times count from a fixed day, the home directory is `/home/user`, and
every text passes the redactor once more.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from ghostcells.domain.events import AnyRecord, Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.evaluation.sessions import Event
from ghostcells.evaluation.stream import START_MS
from ghostcells.learning.lessons import FORGOTTEN
from ghostcells.privacy.redact import Redactor

_LANGUAGES = {"shellscript": "bash"}
_STEP_MS = 1_000


class Dumped(Struct):
    """What was written, and how many secrets were taken out on the way."""

    sessions: int = 0
    runs: int = 0
    redactions: int = 0


class Cleaning:
    """Texts as they may leave this computer."""

    def __init__(self, redactor: Redactor, home: Path) -> None:
        self._redactor, self._home = redactor, str(home)
        self.count = 0

    def __call__(self, text: str) -> str:
        found = self._redactor.redact(text)
        self.count += found.count
        return found.text.replace(self._home, "/home/user") if len(self._home) > 1 else found.text


def dump(records: Iterable[AnyRecord], clean: Cleaning, outcome: Dumped) -> Iterator[Event]:
    """The events of all runs, in the order of the log; `outcome` is counted up."""
    runs = (one for one in records if isinstance(one, Executed) and one.text.strip() and one.text != FORGOTTEN)
    shift: int | None = None
    for number, (_, group) in enumerate(groupby(runs, key=lambda one: one.notebook)):
        part = list(group)
        shift = START_MS - part[0].time_ms if shift is None else shift
        yield from _Session(number, clean).events(part, part[0].time_ms + shift)
        outcome.sessions += 1
        outcome.runs += len(part)
        outcome.redactions = clean.count


class _Session:
    """One session under way: the cells that stand in it by now, and where its clock is."""

    def __init__(self, number: int, clean: Callable[[str], str]) -> None:
        self._number, self._clean = number, clean
        self._texts: list[str] = []
        self._at = 0

    def events(self, runs: Iterable[Executed], begin_ms: int) -> Iterator[Event]:
        first: int | None = None
        for run in runs:
            if first is None:
                first = run.time_ms
                folder, _, _ = run.notebook.rpartition("/")
                yield Event(self._number, 0, "open", doc=_named(run.notebook), repo=_named(folder), at_ms=begin_ms)
                yield from self._above(run.situation)
            self._at = max(self._at, run.time_ms - first)
            yield from self._prose(run.situation)
            yield from self._ran(run)

    def _above(self, situation: Situation) -> Iterator[Event]:
        """What stood there already; code among it was run before, in another session."""
        for one in situation.above:
            yield from self._cell(one.kind, one.language, one.text)

    def _prose(self, situation: Situation) -> Iterator[Event]:
        heading, intent = situation.heading, situation.intent
        if heading and heading not in intent and not any(heading in text for text in self._texts):
            yield from self._cell(CellKind.MARKUP, "", f"## {heading}")
        if intent and (not self._texts or self._texts[-1] != intent):
            yield from self._cell(CellKind.MARKUP, "", intent)

    def _cell(self, kind: CellKind, language: str, text: str) -> Iterator[Event]:
        yield self._focus(kind, language)
        yield Event(self._number, self._at, "insert", cell=len(self._texts) - 1, text=self._clean(text))
        self._texts[-1] = text

    def _ran(self, run: Executed) -> Iterator[Event]:
        yield self._focus(CellKind.CODE, run.language)
        self._at += _STEP_MS
        self._texts[-1] = run.text
        yield Event(
            self._number,
            self._at,
            "execute",
            cell=len(self._texts) - 1,
            lang=_LANGUAGES.get(run.language, run.language),
            text=self._clean(run.text),
            output=self._clean("\n".join(one.text for one in run.outputs)),
            success=run.success,
        )

    def _focus(self, kind: CellKind, language: str) -> Event:
        self._texts.append("")
        code = kind is CellKind.CODE
        lang = _LANGUAGES.get(language, language) if code else ""
        return Event(
            self._number, self._at, "focus", cell=len(self._texts) - 1, kind="code" if code else "markup", lang=lang
        )


def _named(uri: str) -> str:
    return hashlib.blake2b(uri.encode(), digest_size=6).hexdigest()
