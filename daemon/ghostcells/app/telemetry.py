"""Telemetry wired: what is committed and decided goes to a thread of its own, which counts and sends it.

Nothing is loaded and no thread runs while all of it is off. On, a commit costs the loop one put into a queue.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from ghostcells.config import schema
from ghostcells.domain.decisions import Decision
from ghostcells.domain.events import AnyRecord, Traced

if TYPE_CHECKING:
    from ghostcells.telemetry import signals
    from ghostcells.telemetry.otlp import Exporter
    from ghostcells.telemetry.prometheus import Metrics

logger = logging.getLogger(__name__)

CLOSE_S = 1.0
"""How long the end waits for what has not been sent: a receiver that is gone must not keep an editor."""
MOST_WAITING = 4_096
"""More than this is not kept for a thread that cannot follow."""

Gauges = Mapping[str, tuple[str, Callable[[], float]]]
_Item = list[AnyRecord] | Decision | schema.Telemetry | None


class Telemetry:
    """Its methods are the loop's; `metrics` is the address of the command line, which goes before the setting."""

    def __init__(self, metrics: str | None, gauges: Gauges) -> None:
        self._address = metrics
        self._gauges = gauges
        self._queue: SimpleQueue[_Item] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._settings = schema.Telemetry()

    def use(self, settings: schema.Telemetry) -> None:
        if self._address is not None:
            settings = msgspec.structs.replace(settings, metrics=self._address)
        if settings == self._settings:
            return
        self._settings = settings
        if self._thread is None:
            worker = _Worker(self._queue, self._gauges)
            self._thread = threading.Thread(target=worker.run, name="ghostcells-telemetry", daemon=True)
            self._thread.start()
        self._queue.put(settings)

    def committed(self, records: list[AnyRecord]) -> None:
        if self._thread is not None and self._queue.qsize() < MOST_WAITING:
            self._queue.put(records)

    def decided(self, decision: Decision) -> None:
        if self._thread is not None and self._queue.qsize() < MOST_WAITING:
            self._queue.put(decision)

    async def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join, CLOSE_S)


class _Worker:
    """What the thread does."""

    def __init__(self, queue: "SimpleQueue[_Item]", gauges: Gauges) -> None:
        self._queue = queue
        self._gauges = gauges
        self._metrics: Metrics | None = None
        self._exporter: Exporter | None = None
        self._private: frozenset[str] = frozenset()

    def run(self) -> None:
        from ghostcells.telemetry.signals import Sources

        self._sources = Sources()
        while (item := self._queue.get()) is not None:
            try:
                self._take(item)
            except Exception:
                logger.exception("Telemetry failed")
        self._stop()

    def _take(self, item: "list[AnyRecord] | Decision | schema.Telemetry") -> None:
        match item:
            case schema.Telemetry():
                self._stop()
                self._start(item)
            case Decision():
                self._decided(item)
            case _:
                self._records(item)

    def _start(self, settings: schema.Telemetry) -> None:
        self._private = frozenset(settings.private)
        try:
            if settings.metrics or settings.textfile:
                self._serve(settings)
            if settings.otlp or settings.usage:
                from ghostcells.telemetry.otlp import Exporter

                self._exporter = Exporter(
                    settings.endpoint, signals=settings.otlp, usage=settings.usage, content=settings.content
                )
        except ImportError as error:
            logger.warning("Telemetry needs %s: pip install 'ghostcells[otel,metrics]'", error.name)
        except (OSError, ValueError) as error:
            logger.warning("Telemetry cannot begin: %s", error)

    def _serve(self, settings: schema.Telemetry) -> None:
        from ghostcells.telemetry.prometheus import Metrics

        self._metrics = Metrics(self._gauges)
        if settings.textfile:
            self._metrics.write(Path(settings.textfile).expanduser())
        if settings.metrics:
            port = self._metrics.serve(settings.metrics)
            logger.info("Metrics are served at http://127.0.0.1:%d/metrics", port)

    def _records(self, records: Iterable[AnyRecord]) -> None:
        from ghostcells.telemetry import signals, usage

        for record in records:
            source = self._sources.of(record)
            for signal in signals.of_record(record, source):
                self._count(signal)
            if self._exporter is None:
                continue
            if isinstance(record, Traced):
                self._exporter.suggestion(record.trace)
            for event in usage.of_record(record):
                self._exporter.usage(usage.allowed(event, self._private), record.time_ms)

    def _decided(self, decision: Decision) -> None:
        from ghostcells.telemetry import signals, usage

        for signal in signals.of_decision(decision):
            self._count(signal)
        if self._exporter is not None:
            self._exporter.silence(decision)
            for event in usage.of_decision(decision):
                self._exporter.usage(usage.allowed(event, self._private), decision.time_ms)

    def _count(self, signal: "signals.Signal") -> None:
        if self._metrics is not None:
            self._metrics.add(signal)
        if self._exporter is not None:
            self._exporter.add(signal)

    def _stop(self) -> None:
        for part in (self._metrics, self._exporter):
            if part is not None:
                part.close()
        self._metrics = self._exporter = None
