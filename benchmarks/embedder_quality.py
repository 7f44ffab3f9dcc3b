"""What int8 costs in retrieval: the sentence model and the stored vectors, against 32-bit floats.

    python benchmarks/embedder_quality.py PAIRS.jsonl.gz MODEL.safetensors TOKENIZER.json

PAIRS holds lines of {"intent", "command", "group"}, such as nl2bash. Every intent whose command has another, differently
worded intent is a query against all others. Prints the share of queries (%) for which the nearest intent, and one of the
nearest five, has the same command, and the same command template (`group`).
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime

from ghostcells.embedders.build import SentenceGraph, read_weights
from ghostcells.embedders.minilm import SentenceModel
from ghostcells.embedders.store import quantise

SETS = ("f32 model, f32 vectors", "f32 model, int8 vectors", "int8 model, f32 vectors", "int8 model, int8 vectors")


def read_pairs(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return list({(row["intent"], row["command"]): row for row in rows}.values())


def stored(vectors):
    codes, scale = quantise(vectors)
    return codes.astype(np.float32) * scale[:, None]


def hits(queries, vectors, asked, labels):
    """Return the share of right answers among the nearest 1 and 5, for each list of labels, itself left out."""
    right = np.zeros((len(labels), 2))
    for start in range(0, len(asked), 256):
        part = asked[start : start + 256]
        scores = queries[part] @ vectors.T
        scores[np.arange(len(part)), part] = -2
        nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
        for number, names in enumerate(labels):
            same = names[nearest] == names[part][:, None]
            right[number] += same[:, 0].sum(), same.any(axis=1).sum()
    return (100 * right / len(asked)).ravel()


def main(pairs_file, weights_file, tokenizer):
    pairs = read_pairs(pairs_file)
    commands = np.array([pair["command"] for pair in pairs])
    templates = np.array([pair["group"] for pair in pairs])
    counted = Counter(commands.tolist())
    asked = np.array([index for index, command in enumerate(commands.tolist()) if counted[command] > 1])
    weights = read_weights(weights_file)
    vectors, times = {}, {}
    for name in ("f32", "int8"):
        with tempfile.TemporaryDirectory() as scratch:
            model_file = Path(scratch) / "model.onnx"
            model_file.write_bytes(SentenceGraph(weights, int8=name == "int8").model())
            model = SentenceModel(model_file, tokenizer)
        start = time.process_time()
        vectors[name] = model.embed([pair["intent"] for pair in pairs])
        times[name] = (time.process_time() - start) / len(pairs) * 1000
    cosines = (vectors["f32"] * vectors["int8"]).sum(axis=1)

    print(
        f"{len(pairs)} intents, {len(asked)} queries; {platform.processor() or platform.machine()}, {os.cpu_count()} cores,"
    )
    print(f"Python {platform.python_version()}, numpy {np.__version__}, onnxruntime {onnxruntime.__version__}\n")
    print("| vectors | same command @1 | @5 | same template @1 | @5 |\n|---|---|---|---|---|")
    for name in SETS:
        exact = vectors[name.split()[0]]
        index = stored(exact) if "int8 vectors" in name else exact
        print(
            f"| {name} | "
            + " | ".join(f"{value:.2f}" for value in hits(exact, index, asked, (commands, templates)))
            + " |"
        )
    print(f"\ncosine of int8 to f32 vectors: mean {cosines.mean():.4f}, worst {cosines.min():.4f}")
    print(f"CPU ms per text, one thread, in the order of the file: f32 {times['f32']:.2f}, int8 {times['int8']:.2f}")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
