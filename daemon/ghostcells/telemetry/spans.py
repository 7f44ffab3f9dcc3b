"""From traces and decisions to spans, as OpenTelemetry has them: pure, so that what leaves can be looked at.

Names of attributes are those of the GenAI semantic conventions of mid 2026, which are still in development and live outside of
the library's constants by now; they stand here once, with the schema that is current beside them.
"""

from collections.abc import Container, Mapping

import msgspec

from ghostcells.domain.decisions import Decision
from ghostcells.domain.trace import AHEAD, Trace, TracedModel

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
_REST = frozenset({"total", AHEAD})
_MODEL_STAGES = frozenset({"prompt", "firstChunk", "firstGhost", *_REST})
Value = str | int | float | bool


class Span(msgspec.Struct, frozen=True):
    """Times are Unix milliseconds. `client`: a call of another system."""

    name: str
    start_ms: float
    end_ms: float
    attributes: dict[str, Value]
    client: bool = False
    children: "tuple[Span, ...]" = ()


def spans_of(trace: Trace, *, content: bool) -> Span:
    """The suggestion as a span, with its stages and the model's call below it. `content`: also what was said."""
    own = _MODEL_STAGES if isinstance(trace.model, TracedModel) else _REST
    stages = _searches(trace.stages_ms, _begun(trace), own)
    from_rest = (ms for name, ms in trace.stages_ms.items() if name in _MODEL_STAGES and name != AHEAD)
    end = max(trace.time_ms + max(from_rest, default=0.0), *(stage.end_ms for stage in stages), trace.time_ms)
    return Span(
        "ghostcells.suggest",
        _begun(trace),
        end,
        {
            "ghostcells.suggestion.id": trace.suggestion,
            "ghostcells.session.id": trace.session,
            "ghostcells.trigger": trace.trigger,
            "ghostcells.outcome": str(trace.outcome),
            "ghostcells.candidates": len(trace.candidates),
            "ghostcells.redactions": trace.redactions,
        },
        children=(*stages, *_model(trace, content=content)),
    )


def span_of_silence(decision: Decision, *, content: bool) -> Span:
    """A rest after which nothing was suggested: most such have no trace in the log. It ends when that was decided.

    The reason is a word of the closed list; its sentence may hold what a provider said, so it belongs to the `content`.
    """
    best = max((one.confidence for one in decision.candidates), default=0.0)
    attributes: dict[str, Value] = {
        "ghostcells.reason": str(decision.silence),
        "ghostcells.trigger": decision.trigger,
        "ghostcells.candidates": len(decision.candidates),
        "ghostcells.confidence": best,
    }
    if decision.suggestion is not None:
        attributes["ghostcells.suggestion.id"] = decision.suggestion
    if decision.session is not None:
        attributes["ghostcells.session.id"] = decision.session
    if content:
        attributes["ghostcells.why"] = decision.why
    stages = decision.stages_ms
    begun = decision.time_ms - max([stages.get(AHEAD, 0.0) + stages.get("total", 0.0), *stages.values()])
    children = _searches(stages, begun, _REST)
    end = max([decision.time_ms, *(child.end_ms for child in children)])
    return Span("ghostcells.decide", begun, end, attributes, children=children)


def _begun(trace: Trace) -> float:
    """When memory began to look: at the rest, or before."""
    return trace.time_ms - trace.stages_ms.get(AHEAD, 0.0)


def _searches(stages_ms: Mapping[str, float], begun: float, others: Container[str]) -> tuple[Span, ...]:
    """The search of memory, in the parts that it was timed by: one after the other. `others` are no parts of it."""
    found: list[Span] = []
    for stage, ms in stages_ms.items():
        if stage not in others:
            attributes: dict[str, Value] = {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "ghostcells.memory",
            }
            found.append(Span(f"ghostcells.memory.{stage}", begun, begun + ms, attributes))
            begun += ms
    return tuple(found)


def _model(trace: Trace, *, content: bool) -> tuple[Span, ...]:
    model = trace.model
    if not isinstance(model, TracedModel):
        return ()
    attributes: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
        "gen_ai.request.stream": True,
        "gen_ai.conversation.id": trace.session,
        "gen_ai.usage.input_tokens": model.input_tokens,
        "gen_ai.usage.output_tokens": model.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": model.cache_read_tokens,
        "ghostcells.cost.usd": model.cost_usd,
        "ghostcells.tokens.estimated": model.estimated,
    }
    sent = trace.stages_ms.get("prompt", 0.0)
    first = trace.stages_ms.get("firstChunk")
    if first is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = max(0.0, first - sent) / 1000
    if content:
        attributes["gen_ai.input.messages"] = _messages("user", model.prompt)
        attributes["gen_ai.output.messages"] = _messages("assistant", model.answer)
    end = trace.time_ms + trace.stages_ms.get("total", sent)
    return (Span(f"chat {model.name}", trace.time_ms + sent, max(end, trace.time_ms + sent), attributes, client=True),)


def _messages(role: str, text: str) -> str:
    """One message, in the JSON that the conventions ask for."""
    return msgspec.json.encode([{"role": role, "parts": [{"type": "text", "content": text}]}]).decode()
