"""An embedder without a model: counts words into hashed buckets. Real enough to search, small enough to predict."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

DIMS = 256


class Hashing:
    batch = 1

    def __init__(self, fatal: str, refused: str) -> None:
        self._fatal = fatal
        self._refused = refused

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        for text in texts:
            if text == self._fatal:
                os._exit(3)
            if text == self._refused:
                raise ValueError("this text is refused")
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(DIMS, np.float32)
        for word in text.lower().split():
            vector[zlib.crc32(word.encode()) % DIMS] += 1
        return vector / max(float(np.linalg.norm(vector)), 1e-12)


def load(*, fatal: str = "kill the embedder", refused: str = "refuse this", noise: bool = False) -> Hashing:
    if noise:
        os.write(1, b"a library prints to standard output\n")
    return Hashing(fatal, refused)


def broken() -> Hashing:
    raise FileNotFoundError("the model is not there")
