"""Compares ways to find the nearest of many vectors with what the embedder's child has: numpy and ONNX Runtime.

    python benchmarks/vector_scan.py [COUNT ...]

Times are milliseconds of one thread: median and 95th percentile of 60 runs, and the median of processor time. Bytes are
what has to stay in memory. The last lines show what `Scan` misses of an exact search before the exact scoring, and how
far its result is from it after.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import onnxruntime

from ghostcells.embedders.onnx_file import Graph, value
from ghostcells.embedders.runtime import session_options
from ghostcells.embedders.scan import Scan
from ghostcells.embedders.store import quantise
from ghostcells.embedders.vectors import SPARE, Vectors

DIMS, K, CHUNK, RUNS = 384, 20, 512, 60


def clustered(count, seed=0):
    """Unit vectors around one centre per 200, so that neighbours are close, as sentences' are."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(1, count // 200), DIMS), dtype=np.float32)
    vectors = centres[random.integers(len(centres), size=count)]
    vectors += 0.7 * random.standard_normal((count, DIMS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def top(scores):
    best = np.argpartition(scores, -K)[-K:] if len(scores) > K else np.arange(len(scores))
    return best[np.argsort(-scores[best])]


def in_chunks(matrix):
    buffer = np.empty((CHUNK, DIMS), np.float32)

    def search(query):
        scores = np.empty(len(matrix), np.float32)
        for start in range(0, len(matrix), CHUNK):
            part = matrix[start : start + CHUNK]
            np.copyto(buffer[: len(part)], part)
            np.dot(buffer[: len(part)], query, out=scores[start : start + CHUNK])
        return top(scores)

    return search


def row_product(codes):
    """The int8 product with the vectors as rows: the query is the column, and most of each kernel step is wasted."""
    graph = Graph()
    graph.many("MatMulInteger", ["rows", "query"], ["scores"])
    inputs = [value("rows", "int8", ["n", DIMS]), value("query", "int8", [DIMS, 1])]
    model = graph.model(inputs, [value("scores", "int32", ["n", 1])])
    session = onnxruntime.InferenceSession(model, session_options(), providers=["CPUExecutionProvider"])

    def search(query):
        column = np.rint(query * (127 / np.abs(query).max())).astype(np.int8)[:, None]
        return top(session.run(None, {"rows": codes, "query": column})[0][:, 0])

    return search


def timed(name, size, work, queries):
    walls, cpus = [], []
    for run in range(RUNS + 5):
        query = queries[run % len(queries)]
        cpu, wall = time.thread_time(), time.perf_counter()
        work(query)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.thread_time() - cpu) * 1000)
    walls, cpus = sorted(walls[5:]), sorted(cpus[5:])
    print(
        f"| {name} | {walls[RUNS // 2]:.2f} | {walls[RUNS * 95 // 100]:.2f} | {cpus[RUNS // 2]:.2f} | {size / 2**20:.0f} |"
    )


def compare(count):
    vectors = clustered(count)
    queries = vectors[np.random.default_rng(1).integers(count, size=50)] + 0.02 * clustered(50, seed=2)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    codes, scale = quantise(vectors)
    halves, words = vectors.astype(np.float16), codes.ravel().view(np.int64)
    flat = vectors.ravel()
    print(f"\n{count} vectors of {DIMS}, the best {K}\n\n| how | ms | p95 | CPU ms | MiB |\n|---|---|---|---|---|")
    timed("floor: read f32 once (dot)", vectors.nbytes, lambda _: flat.dot(flat), queries)
    timed("floor: read int8 once (max)", codes.nbytes, lambda _: words.max(), queries)
    timed("numpy f32 matrix", vectors.nbytes, lambda query: top(vectors @ query), queries)
    timed("numpy f16, to f32 in chunks", halves.nbytes, in_chunks(halves), queries)
    timed("numpy int8, to f32 in chunks", codes.nbytes, in_chunks(codes), queries)
    timed("ONNX Runtime int8, vectors as rows", codes.nbytes, row_product(codes), queries)
    scan = Scan(DIMS)
    scan.append(codes, scale)
    timed("ONNX Runtime int8, vectors as columns (Scan)", codes.nbytes, lambda query: scan.nearest(query, K), queries)
    with tempfile.TemporaryDirectory() as directory:
        store = Vectors(Path(directory), "benchmark", DIMS)
        store.add(list(range(count)), vectors)
        timed("the same, scored exactly (Vectors.search)", codes.nbytes, lambda query: store.search(query, K), queries)
        report_recall(store, scan, codes.astype(np.float32) * scale[:, None], queries)
        store.close()


def report_recall(store, scan, exact, queries):
    missed = lost = 0
    for query in queries:
        best = set(top(exact @ query).tolist())
        missed += len(best - set(scan.nearest(query, K)))
        lost += len(best - set(store.search(query, K)[0]))
    total = len(queries) * K
    print(
        f"\nof {total} nearest, the scan's own best {K} miss {missed}; with {SPARE} spare ones scored exactly: {lost}"
    )


def main():
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, onnxruntime {onnxruntime.__version__}"
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; {versions}")
    for count in [int(argument) for argument in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        compare(count)


if __name__ == "__main__":
    main()
