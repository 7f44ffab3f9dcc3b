"""Usage events, for who asks for them: which feature was used, and numbers. No text can be among them by their type.

Whatever is no number belongs into `private`, and of that leaves the machine only what `telemetry.private` names.
"""

from collections.abc import Collection, Iterator

import msgspec

from ghostcells.domain.decisions import Decision
from ghostcells.domain.events import Accepted, AnyRecord, Executed, Learned, Rejected, Suggested, Superseded, Traced
from ghostcells.domain.trace import TracedModel

Number = int | float


class Usage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """`feature` and `action` are words of this file alone. `private_metadata` is as yet unfiltered."""

    feature: str
    action: str
    metadata: dict[str, Number] = {}
    private_metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        """A number that is none is a mistake of ours, and must not leave."""
        for name, value in self.metadata.items():
            if type(value) not in {int, float}:
                raise TypeError(f"{self.feature}.{self.action}: {name} is no number, and belongs into private_metadata")


def allowed(event: Usage, private: Collection[str]) -> Usage:
    """The event as it may leave: of its private part only what is named."""
    kept = {name: value for name, value in event.private_metadata.items() if name in private}
    return msgspec.structs.replace(event, private_metadata=kept)


def of_record(record: AnyRecord) -> Iterator[Usage]:
    """What one record says of how the product is used: never what was written or run."""
    match record:
        case Suggested():
            yield Usage(
                feature="suggestion",
                action="shown",
                metadata={"cells": len(record.cells), "byModel": int(record.source == "model")},
                private_metadata={"language": record.cells[0].language_id} if record.cells else {},
            )
        case Accepted():
            yield Usage(feature="suggestion", action="accepted", metadata={"shownMs": record.shown_ms})
        case Rejected():
            yield Usage(feature="suggestion", action="rejected", metadata={"shownMs": record.shown_ms})
        case Superseded():
            yield Usage(feature="suggestion", action="superseded", metadata={"shownMs": record.shown_ms})
        case Executed():
            yield Usage(
                feature="cell",
                action="executed",
                metadata={
                    "success": int(record.success),
                    "suggested": int(record.suggestion is not None),
                    "edited": int(record.edited),
                },
                private_metadata={"language": record.language},
            )
        case Learned():
            yield Usage(feature="memory", action="learned")
        case Traced() if isinstance(record.trace.model, TracedModel):
            model = record.trace.model
            yield Usage(
                feature="model",
                action="asked",
                metadata={
                    "inputTokens": model.input_tokens,
                    "outputTokens": model.output_tokens,
                    "cacheReadTokens": model.cache_read_tokens,
                    "costUsd": model.cost_usd,
                },
                private_metadata={"provider": model.provider, "model": model.name},
            )


def of_decision(decision: Decision) -> Iterator[Usage]:
    if decision.silence is not None:
        yield Usage(
            feature="suggestion",
            action="withheld",
            metadata={"candidates": len(decision.candidates)},
            private_metadata={"reason": str(decision.silence)},
        )
