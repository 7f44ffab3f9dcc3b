"""What the user runs most, at hand for each notebook: counted at most daily, frozen while a notebook is open.

Whatever goes wrong here costs the list and nothing else: memory and models go on without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatch, fnmatchcase
from typing import Protocol

from ghostcells.config.schema import Settings
from ghostcells.domain.pool import Pool, Ran, Used
from ghostcells.learning.pool import DAY_MS, Rules, renewed, snapshot
from ghostcells.store.paths import Paths
from ghostcells.store.pools import PoolFile
from ghostcells.tokens.estimate import MARGIN, estimated

logger = logging.getLogger(__name__)

HOUR_MS = 3_600_000
LOOK_SECONDS = 600.0
"""How often is looked whether it is time to count: a daemon may run for weeks."""
BUSY_SECONDS = 10.0
"""How long to leave it to another daemon, which may be counting for another workspace."""
_FROZEN = 64


class Runs(Protocol):
    """Successful runs since a time; off the loop."""

    def __call__(self, since_ms: int, /) -> Awaitable[list[Ran]]: ...


class MostUsed:
    def __init__(self, paths: Paths, folders: Iterable[str], runs: Runs, *, now_ms: Callable[[], int]) -> None:
        self._folders = tuple(folder.rstrip("/") for folder in folders)
        self._file = PoolFile(paths, self._folders)
        self._runs = runs
        self._now_ms = now_ms
        self._settings = Settings()
        self._pool: Pool | None = None
        self._frozen: dict[str, tuple[Used, ...]] = {}
        self._stale = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    def use(self, settings: Settings) -> None:
        """Work with these settings; lists that are frozen stay as they are."""
        self._settings = settings

    def start(self) -> None:
        self._following = asyncio.ensure_future(self._follow())

    def close(self) -> None:
        if self._following is not None:
            self._following.cancel()

    def closed(self, notebook: str) -> None:
        """The next opening gets a new list."""
        self._frozen.pop(notebook, None)

    def forget(self) -> None:
        """Something was forgotten: what was counted before may hold it."""
        self._pool = None
        self._frozen.clear()
        self._stale.set()

    def of(self, notebook: str) -> tuple[Used, ...]:
        """The list of a notebook, the same until it is closed; empty until the runs were counted once."""
        if notebook not in self._frozen and self._pool is not None:
            try:
                found = listed(self._pool, self._settings)
            except Exception:
                logger.exception("The most used commands cannot be listed; suggestions go on without them")
                found = ()
            self._frozen = dict([*self._frozen.items(), (notebook, found)][-_FROZEN:])
        return self._frozen.get(notebook, ())

    def examples_of(self, notebook: str) -> tuple[str, ...]:
        """The ids of the examples that they taught last, for memory to consider."""
        return tuple(one.example for one in self.of(notebook))

    def told(self, notebook: str) -> tuple[Used, ...]:
        """Those of a notebook's that a provider may be shown."""
        return sendable(self.of(notebook), self._settings)

    async def _follow(self) -> None:
        while True:
            self._stale.clear()
            current = True
            try:
                current = await self.refresh()
            except Exception as error:  # noqa: BLE001 -- whatever it is, suggestions go on without
                logger.warning("The most used commands cannot be counted: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), LOOK_SECONDS if current else BUSY_SECONDS)

    async def refresh(self) -> bool:
        """Read the pool, and count anew where it is time to; False where another daemon is at it."""
        known = await asyncio.to_thread(self._file.read)
        self._pool = known or self._pool
        settings = self._settings.most_used
        if known is not None and self._now_ms() - known.checked_ms < settings.refresh_hours * HOUR_MS:
            return True
        lock = await asyncio.to_thread(self._file.lock)
        if lock is None:
            return False
        with lock:
            now = self._now_ms()
            runs = await self._runs(now - settings.look_back_days * DAY_MS)
            pool = renewed(await asyncio.to_thread(self._file.read), runs, self._folders, now, rules_of(self._settings))
            await asyncio.to_thread(self._file.write, pool)
        self._pool = pool
        return True


def listed(pool: Pool, settings: Settings) -> tuple[Used, ...]:
    """What a notebook is given of a pool: without what the settings keep from suggesting, and without long ones."""
    suggest, used = settings.suggest, settings.most_used

    def fits(one: Used) -> bool:
        return (
            one.language not in suggest.disabled_languages
            and not any(fnmatch(one.notebook, pattern) for pattern in suggest.disabled_notebooks)
            and estimated(one.text) * MARGIN <= used.item_tokens
        )

    return snapshot(pool, count=used.count, fits=fits)


def sendable(found: Iterable[Used], settings: Settings) -> tuple[Used, ...]:
    """Those that were run where the settings let a provider see it."""
    patterns = settings.providers.allow_paths

    def allowed(notebook: str) -> bool:
        path = notebook.removeprefix("file://")
        return any(fnmatchcase(path, pattern) or fnmatchcase(notebook, pattern) for pattern in patterns)

    return tuple(one for one in found if allowed(one.notebook))


def rules_of(settings: Settings) -> Rules:
    used = settings.most_used
    return Rules(used.half_life_days, used.look_back_days, used.min_runs, used.depth, used.keep_days)
