"""Who asks about one thing need not wait until a whole log has been read."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghostcells.app.asking import Asking
from ghostcells.app.index import IndexThread
from ghostcells.store.paths import prepare

pytestmark = pytest.mark.asyncio


@pytest.fixture
def settling(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A log so long that it is read for as long as this is not set."""
    read = threading.Event()
    monkeypatch.setattr(IndexThread, "settle", lambda _: read.wait())
    yield read
    read.set()


async def test_a_page_of_events_waits_for_the_whole_log_and_nobody_waits_for_it(
    tmp_path: Path, settling: threading.Event
) -> None:
    thread = IndexThread(prepare(tmp_path), "01J00000000000000000000000", changed=lambda _: None)
    asking = Asking(thread)
    try:
        page = asyncio.ensure_future(asking.events(after=None, limit=10))
        lost = asyncio.ensure_future(asking.open_ghosts(()))
        assert await asking.trace(id="01J00000000000000000000000") is None
        assert await asking.stats(since_ms=None)
        assert not page.done()
        assert not lost.done()
        settling.set()
        assert await page == []
        assert await lost == []
    finally:
        settling.set()
        asking.close()
        thread.close()
