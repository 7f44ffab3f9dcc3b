"""The sentence model's weights, changed as `sense` says -> an int8 graph for ONNX Runtime, and how near it is to floats.

Run as its own process by `install`, so that the 90 MB of weights never sit in the caller. Needs numpy, tokenizers and
onnxruntime, as the embedder itself does. Where the weights come from and where the result goes is `install`'s business.

How it is quantised, and why:
- Weights to 7 bits per output channel. Older x86 processors add two 8-bit products in 16 bits, with saturation; with
  7-bit weights no sum can saturate, so every machine computes the same vectors with the fastest kernel it has.
- The table of word embeddings to 8 bits per row, which takes 35 MB off the file and out of memory.
- Activations to 8 bits at run time, one scale per matrix. A text is therefore run alone: in a batch, its vector would
  depend on its neighbours.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ghostcells.embedders import sense
from ghostcells.embedders.minilm import MAX_TOKENS, SentenceModel
from ghostcells.embedders.onnx_file import MICROSOFT, TYPES, Graph, value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Weights = dict[str, Floats]

LAYERS, HIDDEN, HEADS = 6, 384, 12
EPSILON = 1e-12
WEIGHT_STEPS = 63
TABLE_STEPS = 127
MIN_COSINE = 0.98

REFERENCES = (
    "list all files",
    "Find all files larger than 100 MB under /var/log and delete them",
    "kubectl get pods -n production",
    "restart the payment service after the database failover",
    "show the ten most recent commits of the current branch, one per line",
    "Why is the disk of node 7 full? Check inode usage and the biggest directories below /data.",
    "SELECT count(*) FROM orders WHERE status = 'failed' AND created_at > now() - interval '1 hour'",
    "naïve café: déployer l'application",
)


def read_weights(path: Path) -> Weights:
    """Read the 32-bit tensors of a safetensors file: a length, a JSON table, the data."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    start = 8 + length
    weights: Weights = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensor = np.frombuffer(raw, np.dtype("<f4"), count=(end - begin) // 4, offset=start + begin)
        weights[name.removeprefix("bert.")] = tensor.reshape(entry["shape"])
    return weights


def quantise(matrix: Floats, steps: int) -> tuple[NDArray[np.int8], Floats]:
    """Give each row its own scale, so that its largest value becomes `steps`."""
    scale = (np.abs(matrix).max(axis=1) / np.float32(steps)).astype(np.float32)
    scale[scale == 0] = 1
    return np.rint(matrix / scale[:, None]).astype(np.int8), scale


class SentenceGraph:
    """Token ids of one text -> its unit vector; with 32-bit floats where `int8` is false, for comparison."""

    def __init__(self, weights: Weights, *, int8: bool) -> None:
        self._weights = weights
        self._int8 = int8
        self._graph = Graph()

    def model(self) -> bytes:
        graph = self._graph
        x = self._normalise("embeddings.LayerNorm", self._token_embeddings())
        for number in range(LAYERS):
            x = self._layer(f"encoder.layer.{number}.", x)
        mean = graph.op("ReduceMean", x, axes=(1,), keepdims=0)
        graph.op("LpNormalization", mean, output="vector", axis=1, p=2)
        return graph.model([value("ids", "int64", ["tokens"])], [value("vector", "float32", [1, HIDDEN])])

    def _token_embeddings(self) -> str:
        graph, table = self._graph, self._weights["embeddings.word_embeddings.weight"]
        if self._int8:
            codes, scale = quantise(table, TABLE_STEPS)
            words = graph.op("Cast", graph.op("Gather", graph.constant(codes), "ids"), to=TYPES["float32"])
            words = graph.op("Mul", words, graph.op("Gather", graph.constant(scale[:, None]), "ids"))
        else:
            words = graph.op("Gather", graph.constant(table), "ids")
        positions = self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        positions = positions + self._weights["embeddings.token_type_embeddings.weight"][0]
        zero = self._integers(0)
        used = graph.op("Slice", graph.constant(positions), zero, graph.op("Shape", "ids"), zero)
        return graph.op("Unsqueeze", graph.op("Add", words, used), zero)

    def _layer(self, prefix: str, x: str) -> str:
        graph = self._graph
        three = [f"{prefix}attention.self.{name}" for name in ("query", "key", "value")]
        heads = [f"{prefix}{name}" for name in ("q", "k", "v")]
        graph.many("Split", [self._linear(three, x), self._integers(HIDDEN, HIDDEN, HIDDEN)], heads, axis=-1)
        context = graph.op("MultiHeadAttention", *heads, domain=MICROSOFT, num_heads=HEADS)
        attended = self._linear([f"{prefix}attention.output.dense"], context)
        x = self._normalise(f"{prefix}attention.output.LayerNorm", graph.op("Add", attended, x))
        inner = graph.op("Gelu", self._linear([f"{prefix}intermediate.dense"], x), domain=MICROSOFT)
        outer = self._linear([f"{prefix}output.dense"], inner)
        return self._normalise(f"{prefix}output.LayerNorm", graph.op("Add", outer, x))

    def _linear(self, names: list[str], x: str) -> str:
        """Multiply by the named matrices side by side: query, key and value in one product."""
        graph = self._graph
        matrix = np.concatenate([self._weights[f"{name}.weight"] for name in names])
        bias = graph.constant(np.concatenate([self._weights[f"{name}.bias"] for name in names]))
        if not self._int8:
            return graph.op("Add", graph.op("MatMul", x, graph.constant(matrix.T)), bias)
        codes, scale = quantise(matrix, WEIGHT_STEPS)
        zeros = graph.constant(np.zeros(len(scale), np.int8))
        inputs = (x, graph.constant(codes.T), graph.constant(scale), zeros, bias)
        return graph.op("DynamicQuantizeMatMul", *inputs, domain=MICROSOFT)

    def _normalise(self, name: str, x: str) -> str:
        gain, shift = (self._graph.constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._graph.op("LayerNormalization", x, gain, shift, axis=-1, epsilon=EPSILON)

    def _integers(self, *numbers: int) -> str:
        return self._graph.constant(np.array(numbers, np.int64))


def worst_cosine(exact: Path, small: Path, tokenizer: Path) -> float:
    """Compare two models on the reference sentences."""
    models = [SentenceModel(path, tokenizer) for path in (exact, small)]
    return min(float(models[0].vector(text) @ models[1].vector(text)) for text in REFERENCES)


def build(weights_file: Path, tokenizer: Path, target: Path, changes: Path | None = sense.FILE) -> float:
    """Write the int8 model with what was learned on top of it, and return its worst cosine to the same in 32-bit floats.

    `changes` are those that `sense.changed` reads; with None the model is as it was published.
    """
    weights = read_weights(weights_file)
    weights = weights if changes is None else sense.changed(weights, changes)
    target.write_bytes(SentenceGraph(weights, int8=True).model())
    exact = target.with_suffix(".exact.onnx")
    exact.write_bytes(SentenceGraph(weights, int8=False).model())
    try:
        return worst_cosine(exact, target, tokenizer)
    finally:
        exact.unlink()


def run() -> None:
    """Build as `install` asks: three paths as arguments, the cosine on standard output."""
    cosine = build(*(Path(argument) for argument in sys.argv[1:4]))
    if cosine < MIN_COSINE:
        sys.exit(f"the int8 model differs too much from the original: cosine {cosine:.4f}, needed {MIN_COSINE}")
    print(f"{cosine:.4f}")
