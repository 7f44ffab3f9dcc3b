r"""Recorded editing sessions (`ghostcells dump` writes them, too): JSON Lines of events, in order, perhaps gzipped.

`open` (`s`, `doc`, `repo`), `focus` (`cell`, `kind`, `lang`), `insert` (`text`), `type` (`text`, `gaps`; `\b` deletes a
character), `execute` (`text`, `output`, `success`); `t_ms` counts from the session's start, `at_ms` of `open` is that start,
where it is known.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ghostcells.domain.errors import ConfigError
from ghostcells.domain.notebook import CellKind
from ghostcells.evaluation.files import digest, lines_of
from ghostcells.evaluation.items import Moment
from ghostcells.evaluation.stream import HOUR_MS, START_MS, Writing


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line; which fields count depends on `type`."""

    s: int
    t_ms: Annotated[int, Meta(ge=0)]
    type: str
    cell: int = -1
    kind: str = ""
    lang: str = ""
    text: str = ""
    gaps: tuple[int, ...] = ()
    output: str = ""
    success: bool = True
    doc: str = ""
    repo: str = ""
    at_ms: int | None = None


class Sessions:
    """A data set in that format."""

    ordered = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def fingerprint(self) -> str:
        return digest(self.path)

    def moments(self) -> Iterator[Moment]:
        writing: Writing | None = None
        begin = wrote = 0
        for event in lines_of(self.path, Event):
            if event.type == "open":
                uri = f"file:///home/user/{event.repo}/{event.doc}.md"
                writing = Writing(self.name, event.repo, event.doc, uri, number=event.s)
                begin = START_MS + event.s * HOUR_MS if event.at_ms is None else event.at_ms
                continue
            if writing is None:
                raise ConfigError(f"{self.path}: session {event.s} does not begin with `open`")
            match event.type:
                case "focus":
                    kind = CellKind.MARKUP if event.kind == "markup" else CellKind.CODE
                    writing.cell(kind, event.lang or ("markdown" if kind is CellKind.MARKUP else ""))
                    wrote = event.t_ms - wrote if kind is CellKind.CODE else event.t_ms
                case "insert":
                    writing.write(writing.text + event.text)
                    wrote = event.t_ms
                case "type":
                    writing.write(typed(writing.text, event.text))
                    wrote = event.t_ms + sum(event.gaps)
                case "execute":
                    yield writing.executed(
                        event.text, event.output, begin + event.t_ms, success=event.success, rested_ms=max(wrote, 0)
                    )


def typed(text: str, keys: str) -> str:
    """The text after these keys."""
    if "\b" not in keys:
        return text + keys
    for key in keys:
        text = text[:-1] if key == "\b" else text + key
    return text
