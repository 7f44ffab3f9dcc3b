"""Telemetry as a daemon has it: off it is not there, on it reaches a receiver of OTLP and a scraper."""

import asyncio
import http.client
import http.server
import logging
import subprocess
import sys
import threading
import urllib.request

import pytest

from ghostcells.app.telemetry import Telemetry
from ghostcells.config import schema
from ghostcells.domain.ids import number_of
from tests.telemetry.test_signals import EVERY, SECRET, decision, trace

GAUGES = {"ghostcells_log_healthy": ("Whether events can be written to disk.", lambda: 1.0)}


class Receiver:
    """Takes what an OTLP exporter sends over HTTP, and keeps it by the path that it came to."""

    def __init__(self):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                received.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def of(self, path, kind):
        return [kind.FromString(body) for found, body in self.received if found == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    made = Receiver()
    yield made
    made.close()


def watch(settings, metrics=None, during=lambda: None):
    """What a daemon would do: everything once, then the end."""
    telemetry = Telemetry(metrics, GAUGES)
    telemetry.use(settings)
    telemetry.committed(list(EVERY))
    telemetry.decided(decision())
    during()
    asyncio.run(telemetry.close())
    if telemetry._thread is not None:
        telemetry._thread.join(20)


def values(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def test_spans_metrics_and_usage_reach_a_receiver(receiver):
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    watch(schema.Telemetry(otlp=True, usage=True, endpoint=receiver.endpoint))
    (request,) = receiver.of("/v1/traces", ExportTraceServiceRequest)
    (scope,) = request.resource_spans[0].scope_spans
    spans = {one.name: one for one in scope.spans}
    silent = values(spans["ghostcells.decide"].attributes)
    assert silent["ghostcells.reason"] == "budget"
    root, call = spans["ghostcells.suggest"], spans["chat small"]
    assert int.from_bytes(root.trace_id, "big") == number_of(trace().suggestion)
    assert call.parent_span_id == root.span_id
    assert values(call.attributes)["gen_ai.usage.input_tokens"] == 100
    assert call.end_time_unix_nano - root.start_time_unix_nano == 90_000_000
    assert values(request.resource_spans[0].resource.attributes)["service.name"] == "ghostcells"
    metrics = {
        one.name
        for request in receiver.of("/v1/metrics", ExportMetricsServiceRequest)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for one in scope.metrics
    }
    assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration", "ghostcells.ended_cells"} <= metrics
    logs = [
        values(one.attributes)
        for request in receiver.of("/v1/logs", ExportLogsServiceRequest)
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for one in scope.log_records
    ]
    assert {"feature": "suggestion", "action": "accepted", "metadata.shownMs": 900} in logs
    assert not [one for one in logs if any(name.startswith("privateMetadata") for name in one)]
    assert all(SECRET.encode() not in body for _, body in receiver.received)


def test_what_is_not_switched_on_is_not_sent(receiver):
    watch(schema.Telemetry(usage=True, private=("language",), endpoint=receiver.endpoint))
    assert {path for path, _ in receiver.received} == {"/v1/logs"}
    assert any(b"privateMetadata.language" in body for _, body in receiver.received)


def test_a_receiver_that_is_not_there_keeps_nobody(monkeypatch):
    otlp = pytest.importorskip("ghostcells.telemetry.otlp", reason="the extra otel is not installed")
    monkeypatch.setattr(otlp, "TIMEOUT_S", 0.2)
    telemetry = Telemetry(None, GAUGES)
    telemetry.use(schema.Telemetry(otlp=True, endpoint="http://127.0.0.1:9"))
    telemetry.committed(list(EVERY))
    asyncio.run(asyncio.wait_for(telemetry.close(), 5))
    assert not logging.getLogger("opentelemetry").propagate
    telemetry._thread.join(30)
    assert not telemetry._thread.is_alive()


def test_prometheus_finds_counters_histograms_and_health():
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    port = free_port()
    found = []

    def scrape():
        deadline = threading.Event()
        for _ in range(200):
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
            except OSError:
                text = ""
            if 'ghostcells_decisions_total{reason="budget"} 1.0' in text:
                found.append(text)
                return
            deadline.wait(0.05)

    watch(schema.Telemetry(), metrics=f"127.0.0.1:{port}", during=scrape)
    (text,) = found
    assert 'ghostcells_ended_cells_total{end="rejected",reason="dismissed",source="memory"} 1.0' in text
    assert 'ghostcells_stage_seconds_bucket{le="0.1",stage="total"} 1.0' in text
    assert "ghostcells_log_healthy 1.0" in text
    assert SECRET not in text


def test_a_file_for_the_node_exporter_is_whole_at_the_end(tmp_path):
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    file = tmp_path / "ghostcells.prom"
    watch(schema.Telemetry(textfile=str(file)))
    assert 'ghostcells_suggested_cells_total{source="memory"} 1.0' in file.read_text()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("localhost", 200),
        ("[::1]:{port}", 200),
        ("evil.example:{port}", 421),
        ("evil.example", 421),
        ("localhost.evil.example:{port}", 421),
        ("127.0.0.1:{port}@evil.example", 421),
        ("", 421),
    ],
)
def test_another_name_for_this_machine_gets_no_metrics(host, status):
    """DNS rebinding: a name of another site that has come to mean this machine."""
    exposition = pytest.importorskip("ghostcells.telemetry.prometheus", reason="the extra metrics is not installed")
    metrics = exposition.Metrics(GAUGES)
    try:
        port = metrics.serve("127.0.0.1:0")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics", headers={"Host": host.format(port=port)})
        answer = connection.getresponse()
        assert answer.status == status
        assert (b"ghostcells_log_healthy" in answer.read()) == (status == 200)
        connection.close()
    finally:
        metrics.close()


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "example.com:9464"])
def test_metrics_are_for_this_machine_only(address, caplog):
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    with caplog.at_level("WARNING"):
        watch(schema.Telemetry(metrics=address))
    assert "127.0.0.1 only" in caplog.text


def test_while_it_is_off_nothing_is_loaded_and_no_thread_runs():
    code = (
        "import sys, threading\n"
        "from ghostcells.app.telemetry import Telemetry\n"
        "from ghostcells.config import schema\n"
        "made = Telemetry(None, {})\n"
        "made.use(schema.Telemetry())\n"
        "made.committed([])\n"
        "heavy = {'opentelemetry', 'prometheus_client'} & {name.split('.')[0] for name in sys.modules}\n"
        "print(threading.active_count(), heavy)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "1 set()"


def free_port():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
