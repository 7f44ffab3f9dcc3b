"""Which records a user means who says "forget what I ran in deploy.md yesterday": a pure function."""

from urllib.parse import unquote

import msgspec

from ghostcells.domain.events import Edited, Executed, Learned
from ghostcells.domain.examples import Situation

Teaching = Executed | Learned | Edited


class Criteria(msgspec.Struct, frozen=True):
    """What all of a record has to fit; times are Unix milliseconds, `until_ms` not included, `text` in any case."""

    notebook: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    text: str = ""

    @property
    def empty(self) -> bool:
        return not self.notebook and self.since_ms is None and self.until_ms is None and not self.text


def matches(record: Teaching, wanted: Criteria) -> bool:
    """Whether a run, a reading or an edit is meant."""
    if wanted.since_ms is not None and record.time_ms < wanted.since_ms:
        return False
    if wanted.until_ms is not None and record.time_ms >= wanted.until_ms:
        return False
    if wanted.notebook and not is_notebook(record.notebook, wanted.notebook):
        return False
    return not wanted.text or _says(record, wanted.text)


def is_notebook(uri: str, wanted: str) -> bool:
    """Whether a URI is the wanted one, or that of a file with this path, or with this end of its path."""
    path = unquote(uri.removeprefix("file://"))
    return wanted in (uri, path) or path.endswith(f"/{wanted.lstrip('/')}")


def _says(record: Teaching, text: str) -> bool:
    situation = record.situation or Situation(notebook="")
    outputs = tuple(one.text for one in record.outputs) if isinstance(record, Executed) else ()
    folded = text.casefold()
    return any(folded in said.casefold() for said in (record.text, situation.intent, situation.heading, *outputs))
