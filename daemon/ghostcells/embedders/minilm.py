"""The local sentence embedder: MiniLM-L6 in int8, run by ONNX Runtime on one thread. Imported in the child only.

`build.py` makes the model, `install.py` puts it in its place. What compares texts for memory is `CommandSense`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from ghostcells.domain.examples import ANSWERED_BY
from ghostcells.embedders.runtime import session_options
from ghostcells.embedders.sense import between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_TOKENS = 256


class SentenceModel:
    """Computes unit vectors. The same text has the same vector always: texts are run one by one, see `build.py`."""

    batch = 1
    """Texts a call may hold: one, so that a search waits for at most one text of a running `add`."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = onnxruntime.InferenceSession(str(model), session_options(), providers=["CPUExecutionProvider"])

    def vector(self, text: str) -> NDArray[np.float32]:
        ids = np.array(self._tokenizer.encode(text).ids, np.int64)
        vector: NDArray[np.float32] = self._session.run(None, {"ids": ids})[0][0]
        return vector

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.vector(text) for text in texts])


class CommandSense:
    """Compares what is asked with examples: with their prose and their commands together (`sense.py`)."""

    batch = 1

    def __init__(self, model: SentenceModel) -> None:
        self._model = model

    def vector(self, text: str) -> NDArray[np.float32]:
        """The vector of a text, or of an example's prose and command with `ANSWERED_BY` between them."""
        prose, answered, command = text.partition(ANSWERED_BY)
        asked = self._model.vector(prose)
        return between(asked, self._model.vector(command)) if answered else asked

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.vector(text) for text in texts])


def load_model(directory: str) -> SentenceModel:
    """Load the model that `install` placed in `directory`."""
    home = Path(directory)
    return SentenceModel(home / "minilm-int8.onnx", home / "tokenizer.json")


def load(directory: str) -> CommandSense:
    """Load what compares texts for memory."""
    return CommandSense(load_model(directory))
