"""What is counted, and that no label can have more than a few values, and no event a text."""

import msgspec
import pytest

from ghostcells.domain.decisions import Decision, Silence, Weighed
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate, TracedModel
from ghostcells.telemetry import signals, usage
from ghostcells.telemetry.spans import span_of_silence, spans_of
from tests.store import builders as b

SECRET = "kubectl get very-private"


def trace(**more):
    model = TracedModel("openai", "small", f"prompt {SECRET}", f"answer {SECRET}", 100, 20, 30, 0.001, estimated=False)
    return Trace(
        "01JNB3Z6W8YQ4T0V2X5K7M9R1T", "s", "edit", 1_000, {"words": 4.0, "prompt": 6.0, "firstChunk": 20.0, "total": 90.0},
        (TracedCandidate(SECRET, 1.0, 0.5, "memory"),), Outcome.RECOMMENDED, f"why {SECRET}", model=model, **more,
    )  # fmt: skip


def traced(found):
    from ghostcells.domain.events import Traced

    return Traced(id=b.rid(9), time_ms=9, notebook=f"file:///{SECRET}.md", session="s", trace=found)


def decision():
    return Decision(
        time_ms=1, notebook=SECRET, cell=SECRET, session=None, trigger="edit", why=SECRET, silence=Silence.BUDGET
    )


EVERY = (
    b.started(0, "s"),
    b.suggested(1, "c", text=SECRET),
    b.accepted(2, "c", text=SECRET),
    b.rejected(3, "c"),
    b.superseded(4, "c"),
    b.restored(5, "c"),
    b.ran(6, text=SECRET, output=SECRET, suggestion="S1"),
    b.learned(7, "e", "x"),
    b.forgotten(8, "e"),
    traced(trace(gap=0.25)),
)


def said(made):
    return {(one.metric.name, one.labels): one.value for one in made}


def test_a_completion_is_counted_in_requests_tokens_and_money():
    found = said(signals.of_record(traced(trace(gap=0.25))))
    named = ("openai", "small")
    assert found["ghostcells_model_requests", named] == 1
    assert found["ghostcells_model_tokens", (*named, "cache_read")] == 30
    assert found["ghostcells_model_cost_usd", named] == 0.001
    assert found["ghostcells_stage_seconds", ("total",)] == 0.09
    assert found["ghostcells_confidence_gap", ()] == 0.25


def test_ends_are_told_apart_by_who_wrote_the_cell():
    sources = signals.Sources()
    assert sources.of(b.suggested(1, "c")) == "unknown"
    assert sources.of(b.rejected(2, "c")) == "memory"
    assert sources.of(b.rejected(3, "of-a-daemon-before")) == "unknown"
    (ended, _) = signals.of_record(b.rejected(2, "c"), "memory")
    assert ended.labels == ("memory", "rejected", "dismissed")
    for number in range(2 * signals.MOST_SOURCES):
        sources.of(b.suggested(number, f"c{number}"))
    assert sources.of(b.rejected(4, "c0")) == "unknown"
    assert sources.of(b.rejected(4, f"c{2 * signals.MOST_SOURCES - 1}")) == "memory"


def test_ends_and_runs_have_their_reason():
    made = said(signal for record in EVERY for signal in signals.of_record(record))
    assert made["ghostcells_ended_cells", ("unknown", "rejected", "dismissed")] == 1
    assert made["ghostcells_shown_seconds", ("accepted",)] == 0.9
    assert made["ghostcells_runs", ("true", "suggestion", "false")] == 1
    assert made["ghostcells_lessons", ("forgotten",)] == 1
    assert said(signals.of_decision(decision())) == {("ghostcells_decisions", ("budget",)): 1}


def test_every_signal_has_the_labels_of_its_metric():
    for record in EVERY:
        for one in signals.of_record(record):
            assert len(one.labels) == len(one.metric.labels)
            assert one.metric in signals.METRICS


def test_however_many_models_there_are_few_are_told_apart():
    bounds = signals.Bounds(most=3)
    labels = [
        bounds.bounded(signals.Signal(signals.REQUESTS, 1, ("openai", f"model-{number}"))) for number in range(100)
    ]
    assert len(set(labels)) == 4
    assert labels[-1] == ("openai", "other")
    assert labels[1] == ("openai", "model-1")


# Usage


@pytest.mark.parametrize("private", [(), ("language", "provider", "model", "reason")])
def test_nothing_that_was_written_can_leave_as_usage(private):
    for event in (*(one for record in EVERY for one in usage.of_record(record)), *usage.of_decision(decision())):
        sent = msgspec.json.encode(usage.allowed(event, private)).decode()
        assert SECRET not in sent
        assert all(type(value) in {int, float} for value in event.metadata.values())


def test_words_leave_only_by_their_key():
    (event,) = usage.of_record(traced(trace()))
    assert usage.allowed(event, ()).private_metadata == {}
    assert usage.allowed(event, ("model",)).private_metadata == {"model": "small"}


@pytest.mark.parametrize("value", ["text", True, None, ["x"]])
def test_what_is_no_number_cannot_be_in_the_safe_part(value):
    with pytest.raises(TypeError, match="belongs into private_metadata"):
        usage.Usage(feature="f", action="a", metadata={"n": value})


# Spans


def test_a_model_s_call_has_the_names_of_the_conventions():
    root = spans_of(trace(), content=False)
    search, call = root.children
    assert (root.start_ms, root.end_ms) == (1_000, 1_090)
    assert (search.name, search.attributes["gen_ai.operation.name"]) == ("ghostcells.memory.words", "retrieval")
    assert (call.name, call.client, call.start_ms, call.end_ms) == ("chat small", True, 1_006, 1_090)
    assert call.attributes["gen_ai.provider.name"] == "openai"
    assert call.attributes["gen_ai.usage.cache_read.input_tokens"] == 30
    assert call.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(0.014)


def test_a_search_that_began_ahead_of_the_rest_is_drawn_there():
    ahead = msgspec.structs.replace(
        trace(), stages_ms={"words": 5.0, "rank": 3.0, "ahead": 30.0, "total": 1.0}, model=msgspec.UNSET
    )
    root = spans_of(ahead, content=False)
    assert (root.start_ms, root.end_ms) == (970, 1_001)
    assert [(one.start_ms, one.end_ms) for one in root.children] == [(970, 975), (975, 978)]


def test_contents_stay_here_unless_they_are_asked_for():
    assert SECRET not in repr(spans_of(trace(), content=False))
    call = spans_of(trace(), content=True).children[-1]
    assert "prompt kubectl" in str(call.attributes["gen_ai.input.messages"])
    assert "answer kubectl" in str(call.attributes["gen_ai.output.messages"])


def test_a_silence_has_a_span_with_its_reason_and_what_it_weighed():
    weighed = Decision(
        time_ms=2_000, notebook=SECRET, cell=SECRET, session="S", trigger="edit", why=f"why {SECRET}",
        silence=Silence.ABSTAINED, suggestion="T", stages_ms={"words": 3.0, "rank": 4.0, "total": 12.0},
        candidates=(Weighed(1.0, 0.2, "memory"), Weighed(2.0, 0.4, "memory")),
    )  # fmt: skip
    span = span_of_silence(weighed, content=False)
    assert (span.name, span.start_ms, span.end_ms) == ("ghostcells.decide", 1_988, 2_000)
    assert span.attributes == {
        "ghostcells.reason": "abstained", "ghostcells.trigger": "edit",
        "ghostcells.candidates": 2, "ghostcells.confidence": 0.4,
        "ghostcells.suggestion.id": "T", "ghostcells.session.id": "S",
    }  # fmt: skip
    assert [(one.name, one.start_ms, one.end_ms) for one in span.children] == [
        ("ghostcells.memory.words", 1_988, 1_991), ("ghostcells.memory.rank", 1_991, 1_995),
    ]  # fmt: skip
    assert span_of_silence(weighed, content=True).attributes["ghostcells.why"] == f"why {SECRET}"


# What others make of it


def test_the_grafana_dashboard_asks_only_for_metrics_that_there_are():
    """Names, labels and values of the dashboard that ships are those of the code."""
    import json
    import re
    from pathlib import Path

    board = json.loads((Path(__file__).parents[2] / "docs/grafana.json").read_text(encoding="utf-8"))
    known = {one.name: one for one in signals.METRICS}
    gauges = {"ghostcells_log_healthy", "ghostcells_index_behind", "ghostcells_lessons_waiting", "ghostcells_examples"}
    for panel in board["panels"]:
        for target in panel["targets"]:
            for name in re.findall(r"ghostcells_\w+", target["expr"]):
                metric = known.get(re.sub(r"_(total|bucket)$", "", name))
                assert metric is not None or name in gauges, name
                if metric is not None:
                    for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                        assert label in metric.labels, f"{name} has no label {label}"
