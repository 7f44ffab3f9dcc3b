"""A real Prometheus scrapes a real daemon and answers what the Grafana dashboard asks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .client import eventually
from .lessons import teach
from .test_learning import ONE, TWO, log_of, offered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .daemon import Daemons, Home

FETCHED = Path(__file__).parents[2] / ".venv/prometheus/usr/bin/prometheus"
PROMETHEUS = (
    os.environ.get("GHOSTCELLS_PROMETHEUS")
    or shutil.which("prometheus")
    or (str(FETCHED) if FETCHED.exists() else None)
)
BOARD = Path(__file__).parents[2] / "docs/grafana.json"
pytestmark = pytest.mark.skipif(
    PROMETHEUS is None, reason="there is no Prometheus: apt install prometheus, or GHOSTCELLS_PROMETHEUS=/path/to/it"
)


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Prometheus:
    def __init__(self, root: Path, target: int) -> None:
        self.port = free_port()
        config = root / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 500ms}\n"
            f"scrape_configs: [{{job_name: ghostcells, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
        )
        self.log = (root / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={root / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log,
        )  # fmt: skip

    def ask(self, query: str) -> list[Any]:
        """The result of an instant query; none while it is not there yet."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return list(json.load(answer)["data"]["result"])
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return []
            raise AssertionError(f"{query}: {error.read().decode()}") from error
        except OSError:
            return []

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def scraped(home: Home, daemons: Daemons, tmp_path: Path) -> Iterator[tuple[Any, Prometheus]]:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    port = free_port()
    client = daemons.spawn(home, "--metrics", f"127.0.0.1:{port}")
    client.initialize()
    prometheus = Prometheus(tmp_path, port)
    yield client, prometheus
    prometheus.close()


def test_what_happened_can_be_asked_of_prometheus(scraped: tuple[Any, Prometheus]) -> None:
    client, prometheus = scraped
    teach(client, "first.md", log_of(ONE))
    notebook, ghost = offered(client, "second.md", log_of(TWO)[0])
    notebook.accept(ghost["id"])

    def value(query: str) -> float:
        found = eventually(lambda: prometheus.ask(query) or None, query, 30)
        return float(found[0]["value"][1])

    assert value('sum(ghostcells_ended_cells_total{end="accepted"}) > 0') == 1
    assert value('sum(ghostcells_runs_total{success="true"})') >= 1
    assert value("ghostcells_log_healthy") == 1
    assert value("histogram_quantile(0.5, sum by (le) (ghostcells_stage_seconds_bucket))") > 0
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            prometheus.ask(target["expr"].replace("[$__rate_interval]", "[5m]"))
