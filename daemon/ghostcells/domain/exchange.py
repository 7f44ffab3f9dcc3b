"""What is said to a model and what comes back."""

from enum import StrEnum

import msgspec

from ghostcells.domain.ghosts import Caution
from ghostcells.domain.notebook import Cell, CellKind


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Message(msgspec.Struct, frozen=True):
    role: Role
    text: str


class Prompt(msgspec.Struct, frozen=True):
    """`system` is the stable prefix, the same bytes for every request of a session; `messages` follow it.

    `cache_system` asks the provider to cache the prefix; it is set only where the prefix is long enough to be cached.
    """

    system: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    stop: tuple[str, ...] = ()
    cache_system: bool = False


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the provider counts them; `input_tokens` includes those read from and written to its cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class Finish(StrEnum):
    """Why the model stopped, told by the provider's terminating event."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"


class Chunk(msgspec.Struct, frozen=True):
    """A piece of an answer. Exactly one chunk of a whole answer has `finish`; `usage` may come with or after it."""

    text: str = ""
    usage: Usage | None = None
    finish: Finish | None = None


class Page(msgspec.Struct, frozen=True):
    """What a model may be shown of a notebook.

    `before` are the user's cells up to and with the one that is written in (the anchor), `after` those below it; no ghosts.
    `outputs` has the text of a cell's last run by its URI, `language` what code in this notebook is written in.
    """

    notebook: str
    type: str
    before: tuple[Cell, ...]
    after: tuple[Cell, ...]
    outputs: dict[str, str]
    language: str


class Remembered(msgspec.Struct, frozen=True):
    """An example to show a model: what stood before, what was run.

    `similarity` in 0..1 is the cosine of the sentence model where `by_sense`, else the share of common words.
    """

    id: str
    intent: str
    language: str
    text: str
    similarity: float
    by_sense: bool = False


class Piece(msgspec.Struct, frozen=True):
    """A cell of a model's answer as far as it may be shown: pieces are only added and only grow, until the answer is whole."""

    kind: CellKind
    language: str
    text: str
    warnings: tuple[Caution, ...] = ()
