"""The most used commands in a daemon: counted by one at a time, frozen for a notebook, and never in the way."""

import pytest

from ghostcells.app.often import HOUR_MS, MostUsed, listed, sendable
from ghostcells.config.schema import MostUsed as Choices
from ghostcells.config.schema import Providers, Settings, Suggest
from ghostcells.domain.pool import Pool, Ran
from ghostcells.store.paths import prepare
from ghostcells.store.pools import PoolFile, remove_pools

from .bench import NB, used

pytestmark = pytest.mark.asyncio
NOW = 1_700_000_000_000


class Clock:
    now = NOW

    def __call__(self):
        return self.now


class Bench:
    """`counted` is how often runs were asked for; `texts` are run twice each."""

    def __init__(self, root):
        self.paths, self.clock, self.counted, self.texts = prepare(root), Clock(), 0, ["make test"]

    def daemon(self):
        return MostUsed(self.paths, ["file:///runbooks/"], self.runs, now_ms=self.clock)

    async def runs(self, since_ms):
        self.counted += 1
        return [Ran(f"e-{text}", text, "shellscript", NB, self.clock.now) for text in self.texts for _ in range(2)]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "data")


def texts(found):
    return [one.text for one in found]


async def test_runs_are_counted_once_a_day_whoever_asks(bench):
    one, other = bench.daemon(), bench.daemon()
    await one.refresh()
    await other.refresh()
    assert (bench.counted, texts(other.of(NB))) == (1, ["make test"])
    bench.clock.now += 24 * HOUR_MS
    await one.refresh()
    await other.refresh()
    assert bench.counted == 2


async def test_who_finds_the_lock_taken_uses_what_is_there(bench):
    one, other = bench.daemon(), bench.daemon()
    await one.refresh()
    bench.clock.now += 25 * HOUR_MS
    with PoolFile(bench.paths, ["file:///runbooks"]).lock():
        assert await other.refresh() is False
    assert (bench.counted, texts(other.of(NB))) == (1, ["make test"])


async def test_a_list_is_frozen_while_its_notebook_is_open(bench):
    often = bench.daemon()
    assert often.of(NB) == ()
    await often.refresh()
    assert texts(often.of(NB)) == ["make test"]
    bench.texts.append("make deploy")
    bench.clock.now += 25 * HOUR_MS
    await often.refresh()
    assert texts(often.of(NB)) == ["make test"]
    assert texts(often.of("file:///runbooks/other.md")) == ["make deploy", "make test"]
    often.closed(NB)
    assert texts(often.of(NB)) == ["make deploy", "make test"]
    assert often.examples_of(NB) == ("e-make deploy", "e-make test")


async def test_a_file_that_cannot_be_read_is_made_anew(bench):
    often = bench.daemon()
    await often.refresh()
    (path,) = bench.paths.pools.glob("*.json")
    path.write_bytes(b"{")
    again = bench.daemon()
    await again.refresh()
    assert (bench.counted, texts(again.of(NB))) == (2, ["make test"])


async def test_a_list_that_cannot_be_made_costs_only_itself(bench, monkeypatch):
    often = bench.daemon()
    await often.refresh()

    def broken(*_):
        raise ValueError

    monkeypatch.setattr("ghostcells.app.often.listed", broken)
    assert often.of(NB) == ()


async def test_what_is_forgotten_goes_from_disk_and_from_memory(bench):
    often = bench.daemon()
    await often.refresh()
    often.of(NB)
    remove_pools(bench.paths)
    often.forget()
    assert often.of(NB) == ()
    assert not list(bench.paths.pools.glob("*.json"))
    bench.texts = ["ls"]
    await often.refresh()
    assert texts(often.of(NB)) == ["ls"]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        pytest.param(Settings(), ["ls", "select 1"], id="all that is short enough"),
        pytest.param(Settings(suggest=Suggest(disabled_languages=("sql",))), ["ls"], id="languages that are off"),
        pytest.param(Settings(suggest=Suggest(disabled_notebooks=("*/private/*",))), ["select 1"], id="notebooks"),
        pytest.param(Settings(most_used=Choices(item_tokens=1000)), [("x" * 600), "ls", "select 1"], id="long ones"),
        pytest.param(Settings(most_used=Choices(count=1)), ["ls"], id="one"),
    ],
)
async def test_a_list_is_without_what_the_settings_exclude(settings, left):
    private = "file:///home/private/a.md"
    pool = Pool(0, 0, (), (used("ls", notebook=private), used("select 1", language="sql"), used("x" * 600)))
    assert texts(listed(pool, settings)) == sorted(left)


async def test_a_provider_is_told_only_what_it_may_see():
    settings = Settings(providers=Providers(allow_paths=("*/runbooks/*",)))
    assert texts(sendable([used("ls"), used("pwd", notebook="file:///private/a.md")], settings)) == ["ls"]
