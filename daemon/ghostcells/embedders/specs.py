"""The embedders there are, as specs: what the daemon needs to know of them without importing any of their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ghostcells.embedders.base import EmbedderSpec
from ghostcells.embedders.install import DIMS, NAME, NEEDS

if TYPE_CHECKING:
    from ghostcells.embedders.install import ModelFiles

OPENAI_MODEL, OPENAI_DIMS = "text-embedding-3-small", 1536
OPENAI_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


def minilm(model: ModelFiles) -> EmbedderSpec:
    """Describe the local embedder that runs an installed model."""
    return EmbedderSpec(
        name=NAME,
        dims=DIMS,
        factory="ghostcells.embedders.minilm:load",
        options={"directory": str(model.directory)},
        modules=NEEDS,
    )


def openai(*, model: str = OPENAI_MODEL, dims: int = OPENAI_DIMS, base_url: str | None = None) -> EmbedderSpec:
    """Describe the paid embedder; its key is `OPENAI_API_KEY` in the environment given to the process."""
    return EmbedderSpec(
        name=f"openai-{model}-{dims}",
        dims=dims,
        factory="ghostcells.embedders.openai:load",
        options={"model": model, "dims": dims, "base_url": base_url},
        modules=("numpy", "onnxruntime", "openai"),
        variables=OPENAI_VARIABLES,
    )
