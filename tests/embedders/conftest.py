from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest
import pytest_asyncio

from ghostcells.embedders import install, specs
from ghostcells.embedders.base import EmbedderSpec
from ghostcells.embedders.process import EmbedderProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

MISSING = install.missing_modules()
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_report_header():
    return f"tests/embedders skipped: the extra `minilm` is not installed ({', '.join(MISSING)})" if MISSING else None


@pytest.fixture(scope="session")
def minilm() -> EmbedderSpec:
    models_dir = os.environ.get("GHOSTCELLS_MODELS_DIR") or Path(platformdirs.user_cache_dir("ghostcells")) / "models"
    model = install.installed(Path(models_dir))
    if model is None:
        pytest.skip("the sentence model is not installed: `ghostcells models install`")
    return specs.minilm(model)


@pytest.fixture
def hashing() -> EmbedderSpec:
    from tests.embedders.hashing import DIMS

    return EmbedderSpec(name="hashing", dims=DIMS, factory="tests.embedders.hashing:load")


@pytest_asyncio.fixture
async def started(tmp_path: Path) -> AsyncIterator[Callable[..., EmbedderProcess]]:
    """Make embedder processes that are closed when the test ends."""
    made: list[EmbedderProcess] = []

    def make(spec: EmbedderSpec, **options: object) -> EmbedderProcess:
        made.append(EmbedderProcess(spec, tmp_path / "vectors", **options))
        return made[-1]

    yield make
    for process in made:
        await process.close()
