"""What Foyle has learned and logged -> lessons: its example files (`*.example.binpb`) and its logs (`foyle.logs.*.json`).

Field numbers and names are those of its `foyle/v1alpha1` protocol: Example {query = 3, answer = 4}, Doc {blocks = 1}, Block
{kind = 1, language = 2, contents = 3, outputs = 4}, BlockOutput {items = 1}, BlockOutputItem {text_data = 2}. Of the wire
format of protocol buffers only reading is needed, which is less than their library would cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.domain.examples import situation_at
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.reading.languages import SHELL, language_id
from ghostcells.reading.runbook import Lesson, Unreadable

EXAMPLE_SUFFIX = ".example.binpb"
_LOG_PREFIX, _LOG_SUFFIX = "foyle.logs.", ".json"
_CODE = (2, "CODE", "CELL_KIND_CODE", "BLOCK_KIND_CODE")
_Fields = dict[int, list[Any]]


def is_example(path: Path) -> bool:
    return path.name.endswith(EXAMPLE_SUFFIX)


def is_log(path: Path) -> bool:
    return path.name.startswith(_LOG_PREFIX) and path.name.endswith(_LOG_SUFFIX)


# Example files


def example_lessons(data: bytes, uri: str) -> tuple[Lesson, ...]:
    """The lesson in an example file; raises Unreadable."""
    try:
        example = _message(data)
        above = [_block(one) for doc in example.get(3, []) for one in _message(doc).get(1, [])]
        answers = [_block(one) for one in example.get(4, [])]
    except (ValueError, IndexError, TypeError) as error:
        raise Unreadable(f"not an example of Foyle: {error}") from error
    return tuple(_lesson(above, answer, uri) for answer in answers if answer[0] is CellKind.CODE and answer[2].strip())


def _block(data: bytes) -> tuple[CellKind, str, str, str]:
    """Kind, language, text and output of a block."""
    fields = _message(data)
    kind = CellKind.CODE if fields.get(1, [1])[-1] in _CODE else CellKind.MARKUP
    items = [item for output in fields.get(4, []) for item in _message(output).get(1, [])]
    printed = "\n".join(_text(_message(item).get(2)) for item in items)
    return kind, _text(fields.get(2)), _text(fields.get(3)), printed


def _text(values: Sequence[bytes] | None) -> str:
    return values[-1].decode() if values else ""


def _message(data: bytes) -> _Fields:
    """The fields of a message by number, in their order."""
    found: _Fields = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        value: int | bytes
        match key & 7:
            case 0:
                value, place = _varint(data, place)
            case 2:
                size, place = _varint(data, place)
                value, place = _taken(data, place, size)
            case 1:
                value, place = _taken(data, place, 8)
            case 5:
                value, place = _taken(data, place, 4)
            case other:
                raise ValueError(f"unknown wire type {other}")
        found.setdefault(key >> 3, []).append(value)
    return found


def _taken(data: bytes, place: int, size: int) -> tuple[bytes, int]:
    if place + size > len(data):
        raise ValueError("it ends too early")
    return data[place : place + size], place + size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:  # noqa: PLR2004 - ten bytes of seven bits, the most that 64 bits take
        byte = data[place]
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:  # noqa: PLR2004 - the highest bit says that more follow
            return value, place
        shift += 7
    raise ValueError("a number is too long")


# Logs


def log_lessons(text: str, uri: str) -> Iterator[Lesson]:
    """Each run in a log that ended well, below the cell that stood before it; lines that are no such event are passed over."""
    for line in text.splitlines():
        if '"EXECUTE"' not in line:
            continue
        try:
            event = msgspec.json.decode(line).get("event")
        except (msgspec.DecodeError, AttributeError):
            continue
        if isinstance(event, Mapping) and event.get("type") == "EXECUTE" and event.get("executeStatus") == "SUCCEEDED":
            yield from _of_run(event, uri)


def _of_run(event: Mapping[str, Any], uri: str) -> Iterator[Lesson]:
    cells = [one for one in event.get("cells") or () if isinstance(one, Mapping)]
    if not cells:
        return
    blocks = [(_kind(one), str(one.get("languageId") or ""), str(one.get("value") or ""), "") for one in cells]
    if blocks[-1][0] is CellKind.CODE and blocks[-1][2].strip():
        yield _lesson(blocks[:-1], blocks[-1], uri)


def _kind(cell: Mapping[str, Any]) -> CellKind:
    return CellKind.CODE if cell.get("kind") in _CODE else CellKind.MARKUP


def _lesson(
    above: Sequence[tuple[CellKind, str, str, str]], answer: tuple[CellKind, str, str, str], uri: str
) -> Lesson:
    cells = [
        Cell(uri=f"{uri}#{number}", kind=kind, language=_language(kind, language), text=text)
        for number, (kind, language, text, _) in enumerate(above)
    ]
    outputs = {cell.uri: printed for cell, (_, _, _, printed) in zip(cells, above, strict=True) if printed}
    situation = situation_at(cells, len(cells), uri, outputs)
    return Lesson(situation, _language(CellKind.CODE, answer[1]), answer[2].strip())


def _language(kind: CellKind, name: str) -> str:
    """Foyle labels all code as bash and leaves it out of its events."""
    return "markdown" if kind is CellKind.MARKUP else language_id(name) if name else SHELL
