"""What was learned on top of the sentence model, and how an example gets its vector.

The model by itself knows which sentences mean the same in general. With small changes of its upper layers those come nearer to
each other that are said of nearly the same command, and to that command. Each change is the product of two thin matrices
(LoRA: Hu et al., arXiv:2106.09685). They are added to the weights when the model is installed, so that they cost nothing when
it runs. An example is found by one vector, half-way between those of its prose and its command.

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


def changed(weights: dict[str, Floats], file: Path = FILE) -> dict[str, Floats]:
    """The weights with what `file` changes in them.

    The thin matrices are whole numbers, whose products are exact: every machine builds the same model.
    """
    result = dict(weights)
    with np.load(file, allow_pickle=False) as read:
        for entry in read.files:
            name, _, part = entry.rpartition(".")
            if part == "up":
                product = read[entry].astype(np.int32) @ read[f"{name}.down"].astype(np.int32)
                added = product.astype(np.float32) * read[f"{name}.scale"]
                result[f"{name}.weight"] = weights[f"{name}.weight"] + added
    return result


def between(one: Floats, other: Floats) -> Floats:
    """The unit vectors half-way between two, or between the rows of two matrices."""
    halfway = one + other
    found: Floats = halfway / np.maximum(np.linalg.norm(halfway, axis=-1, keepdims=True), _LEAST_LENGTH)
    return found
