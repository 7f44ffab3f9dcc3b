"""A real receiver of OTLP, which others wrote, takes a real daemon's spans and tells them again: Arize Phoenix.

It is too large for every run (700 MB installed): `pip install arize-phoenix` in an environment of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from ghostcells.domain.ids import number_of

from .client import eventually
from .daemon import OFFLINE
from .lessons import teach
from .test_learning import ONE, TWO, log_of, offered, write
from .test_prometheus import free_port
from .test_silence import decided

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .daemon import Daemons, Home

PHOENIX = os.environ.get("GHOSTCELLS_PHOENIX") or shutil.which("phoenix")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PHOENIX is None, reason="there is no Phoenix: GHOSTCELLS_PHOENIX=/path/to/bin/phoenix"),
]
SPANS = """{ projects { edges { node { spans(first: 100) { edges { node {
  name parentId context { traceId } attributes
} } } } } } }"""
START_SECONDS = 120


class Phoenix:
    def __init__(self, root: Path) -> None:
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        environ = {
            **os.environ,
            "PHOENIX_WORKING_DIR": str(root),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        }
        self.log = (root / "phoenix.log").open("wb")
        self.process = subprocess.Popen([str(PHOENIX), "serve"], env=environ, stdout=self.log, stderr=self.log)

    def spans(self, *names: str) -> dict[str, dict[str, Any]] | None:
        """Its last spans by their names, once it has all of these: it takes them in one by one."""
        body = json.dumps({"query": SPANS}).encode()
        asked = urllib.request.Request(f"{self.address}/graphql", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                projects = json.load(answer)["data"]["projects"]["edges"]
        except TimeoutError:
            return None
        nodes = [one["node"] for project in projects for one in project["node"]["spans"]["edges"]]
        found = {one["name"]: one for one in nodes}
        return found if found.keys() >= set(names) else None

    def started(self) -> bool | None:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=10):
                return True
        except OSError:
            return None

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    made = Phoenix(tmp_path_factory.mktemp("phoenix"))
    try:
        eventually(made.started, "Phoenix answers", START_SECONDS)
        yield made
    finally:
        made.close()


def test_suggestions_and_silences_are_at_the_receiver_under_their_ids(
    phoenix: Phoenix, home: Home, daemons: Daemons
) -> None:
    home.configure({**OFFLINE, "telemetry": {"otlp": True, "endpoint": phoenix.address}})
    client = daemons.start(home)
    teach(client, "first.md", log_of(ONE))
    notebook, ghost = offered(client, "second.md", log_of(TWO)[0])
    notebook.accept(ghost["id"])
    suggestion = client.request("ghostcells/trace", {"id": ghost["id"]})["suggestion"]
    write(client, "third.md", "Quite another thing altogether, never met before")
    eventually(lambda: decided(home, "unknown") or decided(home, "abstained"), "a decision for silence", 20)
    names = ("ghostcells.suggest", "ghostcells.decide", "ghostcells.memory.words")
    found = eventually(lambda: phoenix.spans(*names), "the spans", 60)
    assert int(found["ghostcells.suggest"]["context"]["traceId"], 16) == number_of(suggestion)
    assert found["ghostcells.memory.words"]["parentId"] is not None
    assert json.loads(found["ghostcells.decide"]["attributes"])["ghostcells"]["reason"] in {"unknown", "abstained"}
