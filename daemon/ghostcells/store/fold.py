"""From records to rows: what one record changes in the index, whenever and however often it comes.

A record may come again, and may come in another version: scrubbed of something forgotten, or trimmed by retention. Of two
versions the one that says less counts, so the outcome does not depend on which came first. What depends on many records
(the state of a ghost, the sum of an example) is computed anew from rows for whatever was touched.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ghostcells.domain.events import (
    Accepted,
    AnyRecord,
    Edited,
    Executed,
    Forgotten,
    Learned,
    Pinned,
    Rejected,
    Suggested,
    Superseded,
    Traced,
)
from ghostcells.domain.examples import ABOVE_CHARS, Evidence, Reason, Situation, Verdict
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Trace
from ghostcells.store.outcomes import Outcomes
from ghostcells.store.scrub import FORGOTTEN
from ghostcells.store.segment import decode

Teach = Callable[[AnyRecord], Sequence[Evidence]]
Analyse = Callable[[Situation, str], str]
IntentKey = Callable[[Situation], str]
Note = Callable[[Situation, str], bytes]

_MARK = FORGOTTEN.encode()
_ID = b'"id":"'
_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_NOWHERE = Situation(notebook="")
_AFTERWARDS = ("EXECUTED", "DELETED")
_TALLY = (
    "reason=?, runs=?, reads=?, failures=?, rejections=?, shown_runs=?, first_ms=?, last_ms=?, pinned=?, overrides=?"
)
_ENDS = ("ACCEPTED", "REJECTED", "SUPERSEDED", "RESTORED")


class Words(msgspec.Struct, frozen=True):
    """How examples are read: `teach` says what a record teaches, `analyse` gives a text's terms, separated by blanks.

    `note` gives what is kept beside an example for whoever ranks it; the store does not look inside.
    """

    teach: Teach
    analyse: Analyse
    intent_key: IntentKey
    note: Note = lambda _situation, _text: b""


def key_of(*texts: str) -> int:
    """A number to look texts up by, in place of the texts."""
    digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def command_key(command: str, language: str) -> int:
    """The key of a code cell above; as much of its end as a situation keeps."""
    return key_of(language, command[-ABOVE_CHARS:].strip())


def above_key(situation: Situation) -> int:
    for above in reversed(situation.above):
        if above.kind is CellKind.CODE:
            return command_key(above.text, above.language)
    return 0


def _version(line: bytes) -> tuple[int, int, bytes]:
    """Of two versions of a record the lesser counts: the one that has more forgotten, then the shorter."""
    return -line.count(_MARK), len(line), hashlib.blake2b(line, digest_size=8).digest()


def slim(record: AnyRecord) -> AnyRecord:
    """What the queries need of a record."""
    match record:
        case Executed():
            feedback = record.feedback and msgspec.structs.replace(record.feedback, passed=())
            return msgspec.structs.replace(record, situation=_NOWHERE, shown=(), outputs=(), feedback=feedback)
        case Learned():
            return msgspec.structs.replace(record, situation=None, text="")
        case Edited():
            return msgspec.structs.replace(record, situation=_NOWHERE, text="")
        case _:
            return record


class Forgettable(msgspec.Struct, frozen=True):
    """What a void lesson said: it has to go from the log too. `forgotten` is the FORGOTTEN event."""

    forgotten: str
    example: str
    events: tuple[str, ...]
    text: str
    intent: str


class Fold:
    """Writes within a transaction that the caller begins and ends; `finish` comes before its end."""

    def __init__(self, connection: sqlite3.Connection, words: Words) -> None:
        self._run = connection.execute
        self._words = words
        self._cells: dict[str, None] = {}
        self._examples: dict[str, None] = {}
        self._contents: dict[str, Evidence] = {}
        self._outcomes = Outcomes(self._run)
        # Most logs hold none, and to ask so once costs less than to ask for each example.
        self._any_forgotten = self._has("FORGOTTEN")
        self._any_pinned = self._has("PINNED")
        self._any_edited = self._has("EDITED")
        self.forgettable: list[Forgettable] = []
        self.stale = False
        """Whether rows cannot be brought up to date from rows: the index has to be made anew."""

    @property
    def pending(self) -> int:
        """How many examples `finish` has to bring up to date."""
        return len(self._examples)

    def _has(self, kind: str) -> bool:
        return bool(self._run("SELECT EXISTS (SELECT 1 FROM event WHERE type = ?)", (kind,)).fetchone()[0])

    def record(self, record: AnyRecord, line: bytes, segment: int, *, base: bool) -> None:
        """Fold one record, read from `segment` as `line`."""
        try:
            if self._place(record, _version(line), segment, base=base):
                self._follow(record)
                for evidence in self._words.teach(record):
                    self._evidence(evidence)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            # One record that cannot be read must not keep all that come after it out.
            _log.exception("A record of the log is passed over")
            self.remove(record.id)

    def _place(self, record: AnyRecord, version: tuple[int, int, bytes], segment: int, *, base: bool) -> bool:
        """Put the record itself in place; False where it is known already, in a version that counts as much."""
        if self._insert(record, version, segment):
            return True
        known = self._run("SELECT -forgotten, size, digest FROM event WHERE id = ?", (record.id,)).fetchone()
        if known <= version:
            if base:
                self._run("UPDATE event SET segment = ? WHERE id = ?", (segment, record.id))
            return False
        self.remove(record.id)
        return self._insert(record, version, segment)

    def has(self, line: bytes, segment: int) -> bool:
        """Whether a line says what is known from this segment: for files that are read again, where nearly all do."""
        start = line.find(_ID) + len(_ID)
        identity = line[start : line.find(b'"', start)].decode("ascii", "replace")
        query = "SELECT -forgotten, size, digest FROM event WHERE id = ? AND segment = ?"
        return bool(self._run(query, (identity, segment)).fetchone() == _version(line))

    def _insert(self, record: AnyRecord, version: tuple[int, int, bytes], segment: int) -> bool:
        """Whether there was none of this id."""
        suggestion = record.trace.suggestion if isinstance(record, Traced) else getattr(record, "suggestion", None)
        example = record.example if isinstance(record, Learned | Forgotten | Pinned | Edited) else None
        kind = record.__struct_config__.tag
        inserted = self._run(
            "INSERT OR IGNORE INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (record.id, kind, record.time_ms, record.notebook, record.session, record.cell, suggestion, example,
             _encoder.encode(slim(record)), -version[0], version[1], version[2], segment),
        )  # fmt: skip
        return inserted.rowcount == 1

    def _follow(self, record: AnyRecord) -> None:
        """Note what else depends on a record that is new."""
        kind = record.__struct_config__.tag
        if record.cell is not None and kind in _ENDS:
            self._cells[record.cell] = None
        if kind in _AFTERWARDS:
            self._outcomes.touch(record.cell)
        match record:
            case Suggested():
                for ghost in record.cells:
                    self._run("INSERT OR IGNORE INTO offered VALUES (?,?)", (ghost.id, record.id))
                    self._cells[ghost.id] = None
            case Forgotten():
                self._forget(record)
            case Edited():
                self._edit(record)
            case Pinned():
                self._any_pinned = True
                self._examples[record.example] = None
            case Traced():
                self._trace(record.id, record.trace)
                self._outcomes.touch_suggestion(record.trace.suggestion)

    def _trace(self, event: str, trace: Trace) -> None:
        usage = (0, 0, 0.0)
        if trace.model:
            usage = (trace.model.input_tokens, trace.model.output_tokens, trace.model.cost_usd)
        stages = _encoder.encode(trace.stages_ms)
        self._run(
            "INSERT INTO trace VALUES (?,?,?,?,?,?,?,?)",
            (event, trace.suggestion, trace.session, trace.time_ms, stages, *usage),
        )

    def _forget(self, record: Forgotten) -> None:
        self._any_forgotten = True
        known = self._run(
            "SELECT text, situation FROM example WHERE id = ? AND event < ?", (record.example, record.id)
        ).fetchone()
        if known is not None:
            intent = msgspec.json.decode(known[1], type=Situation).intent
            self._void(record.id, record.example, record.events, known[0], intent)
        content = self._contents.get(record.example)
        if content is not None and content.event < record.id:
            self._void_evidence(record.id, self._contents.pop(record.example))
        self._run("DELETE FROM evidence WHERE example = ? AND event < ?", (record.example, record.id))
        self._examples[record.example] = None

    def _edit(self, record: Edited) -> None:
        """What taught the example until then counts no more; it stays in the log."""
        self._any_edited = True
        content = self._contents.get(record.example)
        if content is not None and content.event < record.id:
            del self._contents[record.example]
        self._run("DELETE FROM evidence WHERE example = ? AND event < ?", (record.example, record.id))
        self._examples[record.example] = None

    def _void_evidence(self, forgotten: str, evidence: Evidence) -> None:
        if evidence.situation is not None:
            self._void(forgotten, evidence.example, (evidence.event,), evidence.text, evidence.situation.intent)

    def _void(self, forgotten: str, example: str, events: Sequence[str], text: str, intent: str) -> None:
        taught = self._run(
            "SELECT event FROM evidence WHERE example = ? AND event < ? AND teaches", (example, forgotten)
        )
        every = {*events, *(event for (event,) in taught)}
        self.forgettable.append(Forgettable(forgotten, example, tuple(sorted(every)), text, intent))

    def _evidence(self, evidence: Evidence) -> None:
        forgotten = self._forgotten(evidence.example)
        if forgotten is not None and evidence.event < forgotten:
            self._void_evidence(forgotten, evidence)
            return
        edited = self._last(evidence.example, "EDITED") if self._any_edited else None
        if edited is not None and evidence.event < edited:
            return
        teaches = evidence.situation is not None
        self._run(
            "INSERT INTO evidence VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET time_ms = excluded.time_ms, "
            "reason = excluded.reason, teaches = excluded.teaches",
            (evidence.example, evidence.event, evidence.verdict, evidence.time_ms, evidence.reason, teaches),
        )
        self._examples[evidence.example] = None
        if teaches:
            known = self._contents.get(evidence.example)
            if known is None or known.event <= evidence.event:
                self._contents[evidence.example] = evidence

    def _forgotten(self, example: str) -> str | None:
        return self._last(example, "FORGOTTEN") if self._any_forgotten else None

    def _last(self, example: str, kind: str) -> str | None:
        """The id of the last event of this type about an example."""
        found: tuple[str | None] = self._run(
            "SELECT max(id) FROM event WHERE example = ? AND type = ?", (example, kind)
        ).fetchone()
        return found[0]

    def remove(self, event: str) -> None:
        """Take back what a record has said."""
        self._cells.update((cell, None) for (cell,) in self._run("SELECT cell FROM offered WHERE event = ?", (event,)))
        self._cells.update(
            (cell, None) for (cell,) in self._run("SELECT cell FROM event WHERE id = ? AND cell IS NOT NULL", (event,))
        )
        for (example,) in self._run("SELECT example FROM evidence WHERE event = ?", (event,)).fetchall():
            self._examples[example] = None
            if example in self._contents and self._contents[example].event == event:
                del self._contents[example]
        for (suggestion,) in self._run("SELECT suggestion FROM trace WHERE event = ?", (event,)).fetchall():
            self._outcomes.touch_suggestion(suggestion)
        self._run("DELETE FROM evidence WHERE event = ?", (event,))
        self._run("DELETE FROM offered WHERE event = ?", (event,))
        self._run("DELETE FROM trace WHERE event = ?", (event,))
        self._run("DELETE FROM event WHERE id = ?", (event,))

    def finish(self) -> None:
        """Bring up to date what depends on many records."""
        for cell in self._cells:
            self._ghost(cell)
            self._outcomes.touch(cell)
        self._outcomes.finish()
        for example in self._examples:
            self._example(example)
        self._cells.clear()
        self._examples.clear()
        self._contents.clear()

    def _ghost(self, cell: str) -> None:
        made = self._run(
            "SELECT e.suggestion, e.id, e.time_ms FROM offered o JOIN event e ON e.id = o.event WHERE o.cell = ? "
            "ORDER BY e.id DESC LIMIT 1",
            (cell,),
        ).fetchone()
        if made is None:
            self._run("DELETE FROM ghost WHERE cell = ?", (cell,))
            return
        last = self._run(
            "SELECT id, type, body FROM event WHERE cell = ? AND type IN (?,?,?,?) ORDER BY id DESC LIMIT 1",
            (cell, *_ENDS),
        ).fetchone()
        end: tuple[Any, ...] = (None, None, None, None)
        if last is not None and last[1] != "RESTORED":
            record = decode(last[2])
            assert isinstance(record, Accepted | Rejected | Superseded)
            end = (last[0], last[1], record.reason, record.shown_ms)
        # What counts ghosts hears of a row that goes only where it is deleted, not where it is replaced.
        self._run("DELETE FROM ghost WHERE cell = ?", (cell,))
        self._run("INSERT INTO ghost VALUES (?,?,?,?,?,?,?,?)", (cell, *made, *end))

    def _example(self, example: str) -> None:
        known = self._run("SELECT row, event, situation, text FROM example WHERE id = ?", (example,)).fetchone()
        last = self._run(
            "SELECT event, reason FROM evidence WHERE example = ? AND teaches ORDER BY event DESC LIMIT 1", (example,)
        ).fetchone()
        if last is None:
            if known is not None:
                self._unlist(known[0], known[2], known[3])
                self._run("DELETE FROM example WHERE row = ?", (known[0],))
            return
        content = self._contents.get(example)
        tally = self._tally(example, last[1])
        if content is not None and content.event == last[0]:
            self._content(known, content, tally)
        elif known is not None and known[1] == last[0]:
            self._count(known[0], last[0], tally)
        else:
            self.stale = True

    def _count(self, row: int, event: str, tally: tuple[object, ...]) -> None:
        self._run(f"UPDATE example SET event=?, {_TALLY} WHERE row = ?", (event, *tally, row))  # noqa: S608

    def _content(self, known: tuple[int, str, bytes, str] | None, content: Evidence, tally: tuple[object, ...]) -> None:
        """Write what the latest lesson says."""
        situation = content.situation
        assert situation is not None
        encoded = _encoder.encode(situation)
        if known is not None and known[2] == encoded and known[3] == content.text:
            self._count(known[0], content.event, tally)
            return
        terms = self._terms(situation, content.text)
        values = (
            content.event, *tally, encoded, situation.notebook, content.language, content.text,
            self._intent_key(situation), above_key(situation), terms.count(" ") + 1, self._note(situation, content.text),
        )  # fmt: skip
        if known is None:
            row = self._run(
                "INSERT INTO example (event, reason, runs, reads, failures, rejections, shown_runs, first_ms, last_ms, "
                "pinned, overrides, situation, notebook, language, text, intent_key, above_key, terms, notes, id) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (*values, content.example),
            ).lastrowid
            assert row is not None
        else:
            row = known[0]
            self._unlist(row, known[2], known[3])
            self._run(
                f"UPDATE example SET event=?, {_TALLY}, situation=?, notebook=?, language=?, text=?, intent_key=?, "  # noqa: S608
                "above_key=?, terms=?, notes=? WHERE row = ?",
                (*values, row),
            )
        self._run("INSERT INTO words (rowid, terms) VALUES (?,?)", (row, terms))

    def _terms(self, situation: Situation, text: str) -> str:
        try:
            return self._words.analyse(situation, text)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            _log.exception("A text cannot be analysed, and will not be found by its words")
            return ""

    def _intent_key(self, situation: Situation) -> int:
        try:
            return key_of(self._words.intent_key(situation))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            _log.exception("An intent has no key")
            return 0

    def _note(self, situation: Situation, text: str) -> bytes:
        try:
            return self._words.note(situation, text)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            _log.exception("A text cannot be noted, and is read anew for each question")
            return b""

    def _unlist(self, row: int, situation: bytes, text: str) -> None:
        """Take a row out of the full-text index, which wants to hear again what it was told."""
        terms = self._terms(msgspec.json.decode(situation, type=Situation), text)
        self._run("INSERT INTO words (words, rowid, terms) VALUES ('delete', ?, ?)", (row, terms))

    def _tally(self, example: str, reason: str | None) -> tuple[object, ...]:
        """The values of `_TALLY`."""
        counts = dict.fromkeys(Verdict, 0)
        for verdict, count in self._run("SELECT verdict, count FROM evidence_count WHERE example = ?", (example,)):
            counts[Verdict(verdict)] = count
        first, last = self._span(example, [one for one in (Verdict.RAN, Verdict.READ) if counts[one]])
        return (
            reason or Reason.OWN, counts[Verdict.RAN], counts[Verdict.READ], counts[Verdict.FAILED],
            counts[Verdict.REJECTED], counts[Verdict.SHOWN_AND_RUN], first, last,
            self._pinned(example), self._overrides(example) if counts[Verdict.OVERRIDDEN] else 0,
        )  # fmt: skip

    def _span(self, example: str, verdicts: Sequence[Verdict]) -> tuple[int, int]:
        """When the first and the last evidence of these kinds is from; zeros where there is none."""
        found = [
            self._run(
                "SELECT (SELECT min(time_ms) FROM evidence WHERE example = ?1 AND verdict = ?2), "
                "(SELECT max(time_ms) FROM evidence WHERE example = ?1 AND verdict = ?2)",
                (example, verdict),
            ).fetchone()
            for verdict in verdicts
        ]
        return min((first for first, _ in found), default=0), max((last for _, last in found), default=0)

    def _overrides(self, example: str) -> int:
        """How often it was overridden since it was last run."""
        found: int = self._run(
            "SELECT count(*) FROM evidence WHERE example = ?1 AND verdict = ?2 AND event > coalesce("
            "(SELECT event FROM evidence WHERE example = ?1 AND verdict IN (?3, ?4) ORDER BY event DESC LIMIT 1), '')",
            (example, Verdict.OVERRIDDEN, Verdict.RAN, Verdict.SHOWN_AND_RUN),
        ).fetchone()[0]
        return found

    def _pinned(self, example: str) -> bool:
        if not self._any_pinned:
            return False
        found = self._run(
            "SELECT body FROM event WHERE example = ? AND type = 'PINNED' AND id > coalesce(?, '') ORDER BY id DESC LIMIT 1",
            (example, self._forgotten(example)),
        ).fetchone()
        return found is not None and msgspec.json.decode(found[0], type=Pinned).pinned
