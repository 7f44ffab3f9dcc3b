"""The most used commands as they were at a moment of the replay: counted anew each day, as the daemon does."""

from ghostcells.app.often import listed, rules_of
from ghostcells.config.schema import Settings
from ghostcells.domain.pool import Used
from ghostcells.learning.pool import DAY_MS, renewed
from ghostcells.store.examples import Examples


class Often:
    """Counts the runs of the index; days begin at midnight UTC, so that an answer does not depend on what else is asked."""

    def __init__(self, examples: Examples, settings: Settings) -> None:
        self._examples = examples
        self._settings = settings
        self._counted: tuple[int, str] | None = None
        self._used: tuple[Used, ...] = ()

    def at(self, notebook: str, now_ms: int) -> tuple[Used, ...]:
        """What a notebook that is open then is given; the folder that it is in is the workspace."""
        midnight, folder = now_ms - now_ms % DAY_MS, notebook.rpartition("/")[0]
        if self._counted != (midnight, folder):
            since = midnight - self._settings.most_used.look_back_days * DAY_MS
            runs = [one for one in self._examples.ran_since(since) if one.time_ms < midnight]
            pool = renewed(None, runs, (folder,), midnight, rules_of(self._settings))
            self._counted, self._used = (midnight, folder), listed(pool, self._settings)
        return self._used
