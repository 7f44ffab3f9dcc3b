"""Finds the nearest of many int8 vectors exactly, at about the speed of reading them once. Runs in the child.

ONNX Runtime has the fastest int8 product at hand: a row of unsigned bytes times a matrix of signed ones, read in place,
without packing. So the vectors lie transposed, one column each, in segments; per segment one small graph multiplies,
scales and picks the best. Measured against alternatives in `benchmarks/vector_scan.py`.

The query has 7 bits, for the same reason as the model's weights (`build.py`): no processor's kernel can saturate. What
that rounds off is repaired by whoever asks for more candidates than needed and scores these exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
import onnxruntime

from ghostcells.embedders.onnx_file import TYPES, Graph, value
from ghostcells.embedders.runtime import session_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes: TypeAlias = NDArray[np.int8]
    Floats: TypeAlias = NDArray[np.float32]

QUERY_STEPS = 63
OPEN_COLUMNS = 2048
"""Vectors are added to segments of this size; full ones are merged, two by two, up to the largest."""
MAX_COLUMNS = 32768
DEAD = 1 << 30
"""Subtracted from the product of a removed or unused column: far below any real one, far from overflow."""
DEAD_BELOW = np.float32(-(1 << 20))


class Segment:
    """Columns for consecutive slots, from `first` on."""

    def __init__(self, dims: int, columns: int, first: int) -> None:
        self.first = first
        self.used = 0
        self.codes = np.zeros((dims, columns), np.int8)
        self.offset = np.full(columns, DEAD, np.int32)
        self.scale = np.ones(columns, np.float32)

    @property
    def room(self) -> int:
        return self.codes.shape[1] - self.used

    def append(self, codes: Codes, scale: Floats) -> None:
        part = slice(self.used, self.used + len(codes))
        self.codes[:, part] = codes.T
        self.offset[part] = codes.sum(axis=1, dtype=np.int32) * QUERY_STEPS
        self.scale[part] = scale
        self.used += len(codes)

    def kill(self, slot: int) -> None:
        self.offset[slot - self.first] = DEAD
        self.scale[slot - self.first] = 1

    def merged(self, following: Segment) -> Segment:
        both = Segment(0, 0, self.first)
        both.used = self.used + following.used
        both.codes = np.concatenate([self.codes, following.codes], axis=1)
        both.offset = np.concatenate([self.offset, following.offset])
        both.scale = np.concatenate([self.scale, following.scale])
        return both


class Scan:
    """All vectors of a store, by slot."""

    def __init__(self, dims: int) -> None:
        self._dims = dims
        self._segments: list[Segment] = []
        self._session = onnxruntime.InferenceSession(
            _nearest_graph(dims), session_options(), providers=["CPUExecutionProvider"]
        )

    def append(self, codes: Codes, scale: Floats) -> None:
        """Take vectors for the next slots."""
        while len(codes):
            segment = self._open_segment()
            fits = min(segment.room, len(codes))
            segment.append(codes[:fits], scale[:fits])
            codes, scale = codes[fits:], scale[fits:]

    def kill(self, slot: int) -> None:
        """Never find this slot again."""
        next(segment for segment in reversed(self._segments) if segment.first <= slot).kill(slot)

    def nearest(self, query: Floats, k: int) -> list[int]:
        """Return about the `k` best living slots, in no order: candidates for exact scoring."""
        codes = _quantise_query(query)
        slots, scores = [], []
        for segment in self._segments:
            feeds = {"query": codes, "codes": segment.codes, "offset": segment.offset, "scale": segment.scale}
            feeds["k"] = np.array([min(k, segment.used)], np.int64)
            best, columns = self._session.run(None, feeds)
            alive = best > DEAD_BELOW
            slots.append(columns[alive] + segment.first)
            scores.append(best[alive])
        if not slots:
            return []
        found, rated = np.concatenate(slots), np.concatenate(scores)
        if len(found) > k:
            found = found[np.argpartition(rated, -k)[-k:]]
        return cast("list[int]", found.tolist())

    def _open_segment(self) -> Segment:
        segments = self._segments
        if segments and segments[-1].room:
            return segments[-1]
        while len(segments) > 1 and _mergeable(segments[-2], segments[-1]):
            last = segments.pop()
            segments[-1] = segments[-1].merged(last)
        first = segments[-1].first + segments[-1].used if segments else 0
        segments.append(Segment(self._dims, OPEN_COLUMNS, first))
        return segments[-1]


def _mergeable(one: Segment, following: Segment) -> bool:
    return one.used == following.used < MAX_COLUMNS


def _quantise_query(query: Floats) -> NDArray[np.uint8]:
    peak = max(float(np.abs(query).max()), 1e-30)
    codes: NDArray[np.uint8] = (np.rint(query * np.float32(QUERY_STEPS / peak)) + QUERY_STEPS).astype(np.uint8)
    return codes[None]


def _nearest_graph(dims: int) -> bytes:
    """Query times column, less what the query's offset of 63 adds, times the column's scale; the best k of these."""
    graph = Graph()
    product = graph.op("MatMulInteger", "query", "codes")
    centred = graph.op("Sub", product, "offset")
    score = graph.op("Mul", graph.op("Cast", centred, to=TYPES["float32"]), "scale")
    graph.many("TopK", [score, "k"], ["scores", "columns"], sorted=0)
    inputs = [
        value("query", "uint8", [1, dims]),
        value("codes", "int8", [dims, "n"]),
        value("offset", "int32", ["n"]),
        value("scale", "float32", ["n"]),
        value("k", "int64", [1]),
    ]
    return graph.model(inputs, [value("scores", "float32", [1, "k"]), value("columns", "int64", [1, "k"])])
