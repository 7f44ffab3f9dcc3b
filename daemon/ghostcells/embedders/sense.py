"""What was learned on top of the sentence model: one small map of its vectors, and how an example gets its own.

The model by itself knows which sentences mean the same in general. The map brings those nearer to each other that are said of
nearly the same command, and to that command. An example is found by one vector, half-way between those of its prose and its
command.

`sense.npz` comes with the package and says what it was made from; `benchmarks/train_sense.py` makes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FILE = Path(__file__).with_name("sense.npz")
_LEAST_LENGTH = np.float32(1e-12)


class Sense:
    """Maps unit vectors to unit vectors; they may be the rows of a matrix."""

    def __init__(self, file: Path = FILE) -> None:
        with np.load(file, allow_pickle=False) as read:
            self._matrix = read["matrix"].astype(np.float32) * read["step"]

    def __call__(self, vectors: Floats) -> Floats:
        return unit(vectors + vectors @ self._matrix)


def between(one: Floats, other: Floats) -> Floats:
    """The unit vectors half-way between two, or between the rows of two matrices."""
    return unit(one + other)


def unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _LEAST_LENGTH)
    return found
