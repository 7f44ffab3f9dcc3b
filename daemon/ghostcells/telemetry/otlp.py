"""Sends spans, metrics and usage over OTLP. Used by one thread of its own; nothing here is on the way to a ghost.

Where to, with which headers and certificates: the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, …), or the
endpoint that is given. A receiver that is not there costs log lines and what waits in the queues, no more.
"""

import logging
import secrets
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as api
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

from ghostcells import __version__
from ghostcells.domain.decisions import Decision
from ghostcells.domain.ids import number_of
from ghostcells.domain.trace import Trace, TracedModel
from ghostcells.telemetry.signals import METRICS, Bounds, Metric, Signal
from ghostcells.telemetry.spans import SCHEMA, Span, span_of_silence, spans_of
from ghostcells.telemetry.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 5.0
NAME = "ghostcells"
_GENAI_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_GENAI_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
"""The buckets that the conventions ask for."""


class _Ids(IdGenerator):
    """A suggestion's trace has the number of the suggestion, so that it is found by the same id everywhere."""

    def __init__(self) -> None:
        self.next_trace: int | None = None

    def generate_trace_id(self) -> int:
        return self.next_trace or secrets.randbits(128) | 1

    def generate_span_id(self) -> int:
        return secrets.randbits(64) | 1


class Exporter:
    """`signals`: spans and metrics; `usage`: usage events. `content`: prompts and answers, too, which are redacted."""

    def __init__(self, endpoint: str | None, *, signals: bool, usage: bool, content: bool) -> None:
        _hold_the_library_s_tongue()
        self._content = content
        self._ids = _Ids()
        self._bounds = Bounds()
        self._instruments: dict[str, Counter | Histogram] = {}
        self._traces: TracerProvider | None = None
        self._metrics: MeterProvider | None = None
        self._logs: LoggerProvider | None = None
        resource = Resource.create({"service.name": NAME, "service.version": __version__})
        if signals:
            self._start_signals(resource, endpoint)
        if usage:
            self._logs = LoggerProvider(resource=resource)
            sender = OTLPLogExporter(endpoint=_at(endpoint, "logs"), timeout=TIMEOUT_S)
            self._logs.add_log_record_processor(BatchLogRecordProcessor(sender))

    def _start_signals(self, resource: Resource, endpoint: str | None) -> None:
        self._traces = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        sender = OTLPSpanExporter(endpoint=_at(endpoint, "traces"), timeout=TIMEOUT_S)
        self._traces.add_span_processor(BatchSpanProcessor(sender))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=_at(endpoint, "metrics"), timeout=TIMEOUT_S))
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        meter = self._metrics.get_meter(NAME, __version__, SCHEMA)
        for one in METRICS:
            self._instruments[one.name] = (
                meter.create_histogram(
                    _dotted(one), one.unit, one.about, explicit_bucket_boundaries_advisory=list(one.buckets)
                )
                if one.buckets
                else meter.create_counter(_dotted(one), one.unit, one.about)
            )
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", "GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_GENAI_SECONDS,
        )  # fmt: skip
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_GENAI_TOKENS,
        )  # fmt: skip

    def add(self, signal: Signal) -> None:
        instrument = self._instruments.get(signal.metric.name)
        if instrument is None:
            return
        labels = dict(zip(signal.metric.labels, self._bounds.bounded(signal), strict=True))
        if isinstance(instrument, Counter):
            instrument.add(signal.value, labels)
        else:
            instrument.record(signal.value, labels)

    def suggestion(self, trace: Trace) -> None:
        """A suggestion's spans, with the times that it took."""
        if self._traces is None:
            return
        self._send(self._traces, trace.suggestion, spans_of(trace, content=self._content))
        if isinstance(trace.model, TracedModel):
            self._measure(trace, trace.model)

    def silence(self, decision: Decision) -> None:
        """Why nothing was suggested: in the trace of the suggestion, where it came to one."""
        if self._traces is not None and decision.silence is not None:
            self._send(self._traces, decision.suggestion, span_of_silence(decision, content=self._content))

    def _send(self, traces: TracerProvider, suggestion: str | None, root: Span) -> None:
        self._ids.next_trace = None if suggestion is None else number_of(suggestion)
        self._emit(traces.get_tracer(NAME, __version__, SCHEMA), root, None)
        self._ids.next_trace = None

    def _emit(self, tracer: api.Tracer, span: Span, parent: Any) -> None:
        kind = api.SpanKind.CLIENT if span.client else api.SpanKind.INTERNAL
        made = tracer.start_span(span.name, parent, kind, span.attributes, start_time=_nanos(span.start_ms))
        inner = api.set_span_in_context(made)
        for child in span.children:
            self._emit(tracer, child, inner)
        made.end(_nanos(span.end_ms))

    def _measure(self, trace: Trace, model: TracedModel) -> None:
        labels: Mapping[str, str] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": model.provider,
            "gen_ai.request.model": model.name,
        }
        took = trace.stages_ms.get("total", 0.0) - trace.stages_ms.get("prompt", 0.0)
        self._duration.record(max(0.0, took) / 1000, labels)
        self._tokens.record(model.input_tokens, {**labels, "gen_ai.token.type": "input"})
        self._tokens.record(model.output_tokens, {**labels, "gen_ai.token.type": "output"})

    def usage(self, event: Usage, time_ms: int) -> None:
        """An event as it may leave; what may not has been taken out of it."""
        if self._logs is None:
            return
        attributes: dict[str, Any] = {"feature": event.feature, "action": event.action}
        attributes |= {f"metadata.{name}": value for name, value in event.metadata.items()}
        attributes |= {f"privateMetadata.{name}": value for name, value in event.private_metadata.items()}
        record = LogRecord(
            timestamp=_nanos(time_ms),
            severity_number=SeverityNumber.INFO,
            attributes=attributes,
            event_name="ghostcells.usage",
        )
        self._logs.get_logger(NAME, __version__).emit(record)

    def close(self) -> None:
        """Send what waits; may take as long as a receiver takes."""
        for provider in (self._traces, self._metrics, self._logs):
            if provider is not None:
                provider.shutdown()


def _at(endpoint: str | None, kind: str) -> str | None:
    """As the standard variable has it: the address of a receiver, without the path of a kind of signal."""
    return None if endpoint is None else f"{endpoint.rstrip('/')}/v1/{kind}"


def _dotted(metric: Metric) -> str:
    return metric.name.replace("ghostcells_", "ghostcells.", 1)


def _nanos(ms: float) -> int:
    return round(ms * 1_000_000)


def _hold_the_library_s_tongue() -> None:
    """It complains of every try on standard error; its warnings belong into our log file."""
    spoken = logging.getLogger("opentelemetry")
    spoken.propagate = False
    spoken.setLevel(logging.ERROR)
    if not spoken.handlers:
        ours: list[logging.Handler] = [
            one for one in logging.getLogger("ghostcells").handlers if isinstance(one, logging.FileHandler)
        ]
        for handler in ours or [logging.NullHandler()]:
            spoken.addHandler(handler)
