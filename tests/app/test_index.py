"""The index behind its thread: what was run a moment ago is known to the next search, however busy the log is."""

import asyncio
from pathlib import Path

import pytest

from ghostcells.app.index import IndexThread
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.ids import ulid
from ghostcells.runtime import lull
from ghostcells.store.log import EventLog
from ghostcells.store.paths import prepare

pytestmark = pytest.mark.asyncio


async def test_a_search_knows_what_was_just_run_in_the_middle_of_a_burst(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lull, "SETTLE_SECONDS", 60.0)
    monkeypatch.setattr(lull, "MOST_SECONDS", 60.0)
    epoch = ulid(1, 1)
    thread = IndexThread(prepare(tmp_path), epoch, changed=lambda _: None)
    log = EventLog(
        tmp_path,
        epoch,
        loop=asyncio.get_running_loop(),
        stamp=lambda: pytest.fail("nothing is appended anew"),
        redact=lambda record: record,
        on_committed=thread.committed,
    )
    try:
        situation = Situation("file:///a.md", intent="List the pods")
        log.append(
            Executed(
                id=ulid(2, 1),
                time_ms=2,
                notebook="file:///a.md",
                success=True,
                text="kubectl get pods",
                language="sh",
                situation=situation,
            ),
            firm=True,
        )
        await asyncio.sleep(0)  # what is appended at once is handed over at the loop's next turn
        await asyncio.wrap_future(log.seal())
        await asyncio.sleep(0)
        assert await thread.run(thread.examples.count) == 0
        assert await thread.run_heeding(thread.examples.count) == 1
    finally:
        log.close()
        thread.close()
