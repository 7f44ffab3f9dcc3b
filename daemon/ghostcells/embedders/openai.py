"""OpenAI's embeddings: a paid service, used only when the settings name it. Imported in the child only.

Texts leave the machine here, so callers redact them first. The SDK retries and times out by itself; what it raises
becomes the answer to the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from openai import OpenAI

from ghostcells.domain.examples import ANSWERED_BY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TIMEOUT = 20.0


class RemoteModel:
    """Asks the service for vectors and makes them unit length."""

    batch = 32
    """A search waits for at most one such request of a running `add`."""

    def __init__(self, model: str, dims: int, base_url: str | None) -> None:
        self._client = OpenAI(base_url=base_url, timeout=TIMEOUT)
        self._model = model
        self._dims = dims

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        # The service refuses empty texts. Of an example its prose is compared, as long as nothing else has been measured here.
        answer = self._client.embeddings.create(
            model=self._model, dimensions=self._dims, input=[text.partition(ANSWERED_BY)[0] or " " for text in texts]
        )
        vectors = np.array([item.embedding for item in sorted(answer.data, key=lambda item: item.index)], np.float32)
        if vectors.shape != (len(texts), self._dims):
            raise ValueError(f"asked for {len(texts)} vectors of {self._dims} numbers, got {vectors.shape}")
        lengths: NDArray[np.float32] = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors / lengths


def load(model: str, dims: int, base_url: str | None) -> RemoteModel:
    return RemoteModel(model, dims, base_url)
