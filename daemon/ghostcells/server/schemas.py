"""The JSON Schemas of the protocol, made from the types that encode and decode it: docs/protocol/*.json."""

from typing import Any

import msgspec
from msgspec import inspect

from ghostcells.domain import replies, trace, views
from ghostcells.server import wire

DIALECT = "https://json-schema.org/draft/2020-12/schema"

REQUESTS: dict[str, tuple[Any, Any]] = {
    "focus": (wire.FocusParams, replies.FocusResult),
    "executed": (wire.ExecutedParams, replies.ExecutedResult),
    "dismiss": (wire.DismissParams, replies.DismissResult),
    "suggest": (wire.SuggestParams, replies.SuggestResult),
    "cycle": (wire.CycleParams, replies.CycleResult),
    "restore": (wire.RestoreParams, replies.RestoreResult),
    "withdrawn": (wire.WithdrawnParams, replies.WithdrawnResult),
    "events": (wire.EventsParams, list[views.Event]),
    "cellLog": (wire.CellLogParams, views.CellLog | None),
    "trace": (wire.TraceParams, trace.Trace | None),
    "sessions": (wire.SessionsParams, list[views.Session]),
    "stats": (wire.StatsParams, views.Stats),
    "learnPreview": (wire.LearnPreviewParams, replies.LearnPreview),
    "learn": (wire.LearnParams, replies.LearnResult),
}
FROM_EDITOR: dict[str, Any] = {"visible": wire.VisibleParams}
TO_EDITOR: dict[str, Any] = {"publishGhosts": replies.PublishGhosts, "status": replies.Status}


def schemas() -> dict[str, dict[str, Any]]:
    """File stem -> schema of `{"params": …, "result": …}` of that method; a notification has no result."""
    requests = {name: _schema(name, params, result) for name, (params, result) in REQUESTS.items()}
    received = {name: _schema(name, params) for name, params in FROM_EDITOR.items()}
    sent = {name: _schema(name, params, sent=True) for name, params in TO_EDITOR.items()}
    return requests | received | sent


def _schema(name: str, params: Any, result: Any = None, *, sent: bool = False) -> dict[str, Any]:
    types = {"params": params} if result is None else {"params": params, "result": result}
    parts, definitions = msgspec.json.schema_components(types.values(), ref_template="#/$defs/{name}")
    for struct in _structs(params if sent else result):
        _require_what_is_always_sent(definitions[struct.__name__], struct)
    schema = {
        "$schema": DIALECT,
        "title": f"ghostcells/{name}",
        "type": "object",
        "properties": dict(zip(types, parts, strict=True)),
        "required": list(types),
        "$defs": definitions,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return plain


def _require_what_is_always_sent(definition: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    """What has a default is optional to read; where it is written, it is there all the same."""
    if not struct.__struct_config__.omit_defaults:
        fields = msgspec.structs.fields(struct)
        definition["required"] = [field.encode_name for field in fields if field.default is not msgspec.UNSET]


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    """All structs within a type."""
    found: dict[type[msgspec.Struct], None] = {}
    waiting: list[Any] = [] if kind is None else [inspect.type_info(kind)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, inspect.StructType):
            if one.cls not in found:
                found[one.cls] = None
                waiting += [field.type for field in one.fields]
        elif isinstance(one, inspect.UnionType):
            waiting += one.types
        elif isinstance(one, inspect.VarTupleType | inspect.ListType):
            waiting.append(one.item_type)
        elif isinstance(one, inspect.DictType):
            waiting.append(one.value_type)
    return list(found)
