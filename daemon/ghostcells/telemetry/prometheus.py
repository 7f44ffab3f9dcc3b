"""The metrics for Prometheus: served on loopback, or written to a file that a node exporter reads."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    make_wsgi_app,
    start_http_server,
    write_to_textfile,
)

from ghostcells.telemetry.signals import METRICS, Bounds, Signal

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

FILE_S = 15.0
"""How often the file is written: as often as Prometheus scrapes by default, or nearly."""
Gauges = Mapping[str, tuple[str, Callable[[], float]]]
"""Of each gauge its description, and what gives its value when it is asked for."""


_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


def _under_own_names(app: "WSGIApplication") -> "WSGIApplication":
    """Refuse whoever comes by another name: a site's that was made to mean this machine (DNS rebinding)."""

    def guarded(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterable[bytes]":
        if re.sub(r":\d+$", "", environ.get("HTTP_HOST", "")) in _OWN_NAMES:
            return app(environ, start)
        start("421 Misdirected Request", [("Content-Type", "text/plain")])
        return [b"These metrics have another address.\n"]

    return guarded


class Metrics:
    """One registry of its own. `add` and the servers may be called from different threads."""

    def __init__(self, gauges: Gauges) -> None:
        self._registry = CollectorRegistry()
        self._bounds = Bounds()
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        for one in METRICS:
            if one.buckets:
                self._histograms[one.name] = Histogram(
                    one.name, one.about, one.labels, buckets=one.buckets, registry=self._registry
                )
            else:
                self._counters[one.name] = Counter(one.name, one.about, one.labels, registry=self._registry)
        for name, (about, value) in gauges.items():
            Gauge(name, about, registry=self._registry).set_function(value)
        self._server: WSGIServer | None = None
        self._ended = threading.Event()
        self._writer: threading.Thread | None = None

    def add(self, signal: Signal) -> None:
        labels = self._bounds.bounded(signal)
        if signal.metric.buckets:
            histogram = self._histograms[signal.metric.name]
            (histogram.labels(*labels) if labels else histogram).observe(signal.value)
        else:
            counter = self._counters[signal.metric.name]
            (counter.labels(*labels) if labels else counter).inc(signal.value)

    def serve(self, address: str) -> int:
        """Answer scrapes at `HOST:PORT` of loopback; the port. Raises `OSError`, `ValueError` for another host."""
        host, _, port = address.rpartition(":")
        if host not in _OWN_NAMES:
            raise ValueError(f"metrics are served on 127.0.0.1 only, not on {host}")
        self._server, _ = start_http_server(int(port), addr=host.strip("[]"), registry=self._registry)
        self._server.set_app(_under_own_names(make_wsgi_app(self._registry)))
        found: int = self._server.server_address[1]
        return found

    def write(self, path: Path) -> None:
        """Write the file now, and again every `FILE_S`."""
        self._writer = threading.Thread(target=self._write_on, args=(path,), name="ghostcells-metrics", daemon=True)
        self._writer.start()

    def _write_on(self, path: Path) -> None:
        while True:
            with contextlib.suppress(OSError):
                write_to_textfile(str(path), self._registry)
            if self._ended.wait(FILE_S):
                break
        with contextlib.suppress(OSError):
            write_to_textfile(str(path), self._registry)

    def close(self) -> None:
        self._ended.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._writer is not None:
            self._writer.join(1.0)
