"""The commands that a user runs most: a pool of them, ranked, for all their notebooks and for those of a workspace."""

import msgspec


class Ran(msgspec.Struct, frozen=True):
    """One successful run, and the example that it taught."""

    example: str
    text: str
    language: str
    notebook: str
    time_ms: int


class Used(msgspec.Struct, frozen=True):
    """A command that was run `runs` times, last at `last_ms` in `notebook`, where it taught `example`.

    `score` is the sum over its runs of one half to the power of their age in half-lives.
    """

    text: str
    language: str
    example: str
    notebook: str
    runs: int
    score: float
    last_ms: int


class Pool(msgspec.Struct, frozen=True):
    """Best first. `checked_ms` is when the runs were last counted, `filled_ms` when that last gave any."""

    checked_ms: int
    filled_ms: int
    workspace: tuple[Used, ...] = ()
    user: tuple[Used, ...] = ()
