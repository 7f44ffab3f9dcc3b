"""From runs to the pool of most used commands, and from the pool to what a session is told: pure functions."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

import msgspec

from ghostcells.domain.pool import Pool, Ran, Used

DAY_MS = 86_400_000


class Rules(msgspec.Struct, frozen=True):
    """Which runs count and for how much; the settings' `mostUsed` has their reasons."""

    half_life_days: float = 7.0
    look_back_days: int = 30
    min_runs: int = 2
    depth: int = 50
    keep_days: int = 30


def ranked(runs: Iterable[Ran], now_ms: int, rules: Rules) -> tuple[Used, ...]:
    """The commands of one line that were run often enough lately, best first."""
    since = now_ms - rules.look_back_days * DAY_MS
    found: dict[tuple[str, str], list[Ran]] = defaultdict(list)
    for run in runs:
        text = run.text.strip()
        if run.time_ms >= since and text and "\n" not in text:
            found[text, run.language].append(run)
    used = [_used(text, group, now_ms, rules) for (text, _), group in found.items() if len(group) >= rules.min_runs]
    used.sort(key=lambda one: (-one.score, -one.last_ms, one.text, one.language))
    return tuple(used[: rules.depth])


def _used(text: str, runs: list[Ran], now_ms: int, rules: Rules) -> Used:
    last = max(runs, key=lambda run: (run.time_ms, run.example))
    half_life_ms = rules.half_life_days * DAY_MS
    score = sum(0.5 ** (max(0, now_ms - run.time_ms) / half_life_ms) for run in runs)
    return Used(text, last.language, last.example, last.notebook, len(runs), round(score, 6), last.time_ms)


def renewed(former: Pool | None, runs: Collection[Ran], folders: Collection[str], now_ms: int, rules: Rules) -> Pool:
    """The pool after counting again. One that comes out empty leaves the former in place for `keep_days`.

    `folders` are the URIs of the workspace, without the last slash.
    """
    workspace = ranked((run for run in runs if within(run.notebook, folders)), now_ms, rules)
    user = ranked(runs, now_ms, rules)
    if user or former is None or now_ms - former.filled_ms > rules.keep_days * DAY_MS:
        return Pool(now_ms, now_ms if user else 0, workspace, user)
    return msgspec.structs.replace(former, checked_ms=now_ms)


def within(notebook: str, folders: Collection[str]) -> bool:
    return any(notebook.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def squeezed(text: str) -> str:
    """A text by which two that differ in blanks are one."""
    return " ".join(text.split())


def snapshot(pool: Pool, *, count: int, fits: Callable[[Used], bool]) -> tuple[Used, ...]:
    """The `count` best that fit, those of the workspace first, in alphabetical order: the same list is the same bytes."""
    chosen: dict[str, Used] = {}
    for one in (*pool.workspace, *pool.user):
        if len(chosen) == count:
            break
        key = squeezed(one.text)
        if key not in chosen and fits(one):
            chosen[key] = one
    return tuple(sorted(chosen.values(), key=lambda one: one.text))
