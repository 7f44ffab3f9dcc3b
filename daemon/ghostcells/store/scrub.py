"""What is replaced in the log's records when something is forgotten: a pure function from a line to a line.

A text that equals or contains the forgotten command or its intent becomes `[forgotten]` as a whole. A short command would be
found everywhere, so it is only replaced where it is the whole text, in records that taught or showed the example. A run of
the command stays as a mark that something ran, which teaches nothing. Ids, addresses and the words of the protocol are left.
"""

from typing import Any

import msgspec

from ghostcells.domain.examples import ABOVE_CHARS, INTENT_CHARS

FORGOTTEN = "[forgotten]"
"""What stands in place of a forgotten text; a record with it teaches nothing."""
SHORT_CHARS = 6
"""Below this a text is only replaced where it stands alone."""
_PART_CHARS = 20
_KEPT = frozenset(
    {
        "id",
        "type",
        "notebook",
        "session",
        "cell",
        "suggestion",
        "reason",
        "kind",
        "language",
        "languageId",
        "mime",
        "source",
        "example",
        "becomes",
        "examples",
        "executed",
        "events",
        "cycledFrom",
        "trigger",
        "provider",
        "name",
        "outcome",
        "result",
        "code",
    }
)


class Forgetting(msgspec.Struct, frozen=True):
    """What is to be gone from all records before `before`, the FORGOTTEN event; `events` are the records that taught it."""

    before: str
    example: str
    events: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()

    def __or__(self, other: "Forgetting") -> "Forgetting":
        return Forgetting(
            self.before,
            self.example,
            tuple(sorted({*self.events, *other.events})),
            tuple(sorted({*self.texts, *other.texts})),
            tuple(sorted({*self.intents, *other.intents})),
        )


class Scrubber:
    """Applies one forgetting to lines of the log."""

    def __init__(self, forgetting: Forgetting) -> None:
        self._forgetting = forgetting
        whole = {text.strip() for text in (*forgetting.texts, *forgetting.intents)} - {"", FORGOTTEN}
        self._short = frozenset(text for text in whole if len(text) < SHORT_CHARS)
        self._long = tuple(sorted(_pieces(whole - self._short)))
        self._marks = tuple(_escaped(text) for text in self._long)
        self._ids = tuple(_escaped(identity) for identity in (forgetting.example, *forgetting.events))

    def concerns(self, line: bytes) -> bool:
        """Whether a line may have to change: a search in its bytes, since nearly none does."""
        return any(mark in line for mark in self._marks) or any(identity in line for identity in self._ids)

    def scrubbed(self, line: bytes) -> bytes:
        """The line without what is forgotten; the same object where there is nothing to do."""
        if not self.concerns(line):
            return line
        record = msgspec.json.decode(line)
        if record["id"] >= self._forgetting.before:
            return line
        near = any(identity in line for identity in self._ids)
        changed = self._clean(record, near=near)
        if record.get("text") != changed.get("text") or record["id"] in self._forgetting.events:
            changed = _buried(changed)
        return line if changed == record else msgspec.json.encode(changed)

    def _clean(self, value: Any, *, near: bool) -> Any:
        match value:
            case str():
                return FORGOTTEN if self._matches(value, near=near) else value
            case list():
                return [self._clean(inner, near=near) for inner in value]
            case dict():
                return {
                    key: inner if key in _KEPT and not isinstance(inner, dict | list) else self._clean(inner, near=near)
                    for key, inner in value.items()
                }
            case _:
                return value

    def _matches(self, value: str, *, near: bool) -> bool:
        return any(text in value for text in self._long) or (near and value.strip() in self._short)


def _buried(record: dict[str, Any]) -> dict[str, Any]:
    """A run or a reading of what is forgotten, as a mark that there was one."""
    if record["type"] not in {"EXECUTED", "LEARNED", "EDITED"} or "text" not in record:
        return record
    kept = {key: value for key, value in record.items() if key not in {"outputs", "situation", "acceptedText"}}
    return {**kept, "text": FORGOTTEN, "situation": {"notebook": record["notebook"]}}


def _pieces(texts: set[str]) -> set[str]:
    """The texts, and what situations keep of long ones: their ends, and the paragraphs of an intent."""
    found = set(texts)
    for text in texts:
        found.update({text[-ABOVE_CHARS:].strip(), text[-INTENT_CHARS:].strip()})
        found.update(part for piece in text.split("\n\n") if len(part := piece.strip()) >= _PART_CHARS)
    return found


def _escaped(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]
