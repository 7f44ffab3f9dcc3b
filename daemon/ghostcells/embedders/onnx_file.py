"""Writes ONNX models as bytes: the few protobuf messages of the format that our graphs need, and nothing else.

With it neither building the sentence model nor the scan needs the `onnx` package, and the same graph always gives the
same bytes. Field numbers are those of the ONNX specification's `onnx.proto`. Which graph to write is decided elsewhere.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

IR_VERSION = 8
OPSET = 17
MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}
Attribute: TypeAlias = int | float | tuple[int, ...]
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >> 7:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _attribute(name: str, value: Attribute) -> bytes:
    match value:
        case int():
            kind, payload = _ATTRIBUTE_INT, _number(3, value)
        case float():
            kind, payload = _ATTRIBUTE_FLOAT, _varint(2 << 3 | 5) + struct.pack("<f", value)
        case _:
            kind, payload = _ATTRIBUTE_INTS, b"".join(_number(8, number) for number in value)
    return _bytes(1, name) + payload + _number(20, kind)


def value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """Describe an input or output; a dimension that is a word is free."""
    dims = b"".join(_bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d)) for d in shape)
    tensor = _number(1, TYPES[dtype]) + _bytes(2, dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


class Graph:
    """A graph under construction: `op` and `constant` give back the names of the values they make."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, array: NDArray[np.generic]) -> str:
        name = f"c{len(self._constants)}"
        dims = b"".join(_number(1, d) for d in array.shape)
        head = dims + _number(2, TYPES[array.dtype.name]) + _bytes(8, name)
        self._constants.append(head + _bytes(9, array.tobytes()))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Attribute) -> str:
        output = output or f"v{len(self._nodes)}"
        self._node(kind, inputs, [output], domain, attributes)
        return output

    def many(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Attribute) -> None:
        """Add an operator with several results, whose names the caller chooses."""
        self._node(kind, inputs, outputs, "", attributes)

    def _node(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str, attributes: dict[str, Attribute]
    ) -> None:
        parts = [_bytes(1, name) for name in inputs] + [_bytes(2, name) for name in outputs]
        parts.append(_bytes(4, kind))
        parts += [_bytes(5, _attribute(name, attributes[name])) for name in sorted(attributes)]
        if domain:
            parts.append(_bytes(7, domain))
        self._nodes.append(b"".join(parts))

    def model(self, inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
        graph = b"".join(
            [
                *(_bytes(1, node) for node in self._nodes),
                _bytes(2, "ghostcells"),
                *(_bytes(5, constant) for constant in self._constants),
                *(_bytes(11, given) for given in inputs),
                *(_bytes(12, result) for result in outputs),
            ]
        )
        opsets = [_bytes(1, "") + _number(2, OPSET), _bytes(1, MICROSOFT) + _number(2, 1)]
        return b"".join([_number(1, IR_VERSION), _bytes(7, graph), *(_bytes(8, opset) for opset in opsets)])
