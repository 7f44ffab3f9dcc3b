"""Homes, daemons and taught memories for the acceptance tests."""

from __future__ import annotations

import itertools
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .cells import Cell, md, sh
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .lessons import teach_all
from .model import Model

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .client import Client

HERE = Path(__file__).parent
PAGES = itertools.count()
PASSED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: waits for seconds of real time, because the rule is about them")
    config.addinivalue_line("markers", "model: the suggestions come from a stand-in for a language model")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and "model" in getattr(item, "fixturenames", ()):
            item.add_marker("model")
            if find_spec("ghostcells.app.models") is None:
                item.add_marker(pytest.mark.skip(reason="this release asks no language model"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    daemons = getattr(item, "funcargs", {}).get("daemons")
    if report.failed and isinstance(daemons, Daemons):
        report.sections.append(("daemon's stderr", "\n".join(daemons.said())))
    return report


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A user who has never used the product."""
    return Home(tmp_path)


@pytest.fixture
def daemons(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemons]:
    found = Daemons(tmp_path)
    try:
        yield found
        if request.node.stash.get(PASSED, False):
            found.finish_all()
    finally:
        found.release()


@pytest.fixture(scope="session")
def lessons_learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of someone who has run what lessons.py lists; copied, never used."""
    root = tmp_path_factory.mktemp("taught")
    home, daemons = Home(root), Daemons(root)
    try:
        teach_all(daemons.start(home))
        daemons.finish_all()
    finally:
        daemons.release()
    return home.data


@pytest.fixture
def taught(home: Home, lessons_learned: Path) -> Home:
    """A user with a memory of a few commands."""
    shutil.copytree(lessons_learned, home.data)
    return home


@pytest.fixture
def client(daemons: Daemons, taught: Home) -> Client:
    """A daemon that remembers, initialized."""
    return daemons.start(taught)


@pytest.fixture
def nb(client: Client) -> Notebook:
    """A notebook with one empty cell of prose and one below it, the first focused."""
    notebook = open_notebook(client, "today.md", md(), sh("true"))
    notebook.focus(notebook.cells[0])
    return notebook


@pytest.fixture
def prose(nb: Notebook) -> Cell:
    return nb.cells[0]


@pytest.fixture
def model() -> Iterator[Model]:
    """A language model on the loopback interface, which says what the test lets it say."""
    with Model() as found:
        yield found


@pytest.fixture
def assisted(home: Home, model: Model, daemons: Daemons) -> Client:
    """A daemon without memories whose suggestions come from `model`."""
    home.configure({**BEST_THERE_IS, "model": model.settings(home.root)})
    return daemons.start(home)


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One daemon for a whole module of nonsense: what one test breaks, the next one notices."""
    root = tmp_path_factory.mktemp("sturdy")
    daemons = Daemons(root)
    try:
        client = daemons.start(Home(root))
        yield client
        daemons.finish_all()
    finally:
        daemons.release()


@pytest.fixture
def page(sturdy: Client) -> Iterator[Notebook]:
    """A notebook of the sturdy daemon, which must still answer when the test is over."""
    notebook = open_notebook(sturdy, f"page-{next(PAGES)}.md", md("Some prose"), sh("echo some code"))
    yield notebook
    sturdy.ping()
    notebook.close()
