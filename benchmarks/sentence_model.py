"""The sentence model in PyTorch, for learning: its lower layers are run once for each text, its upper ones can be changed.

The change of a matrix is the product of two thin ones, which alone are learned (LoRA: Hu et al., arXiv:2106.09685). Needs
PyTorch; `train_sense.py` uses it. The model that memory runs is built without any of this (`ghostcells/embedders/build.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch.nn.functional import gelu, layer_norm, linear, normalize

from ghostcells.embedders.build import EPSILON, HEADS, HIDDEN, LAYERS, read_weights

LOWER = 3
"""The layers that stay as they are; those above are changed."""
MATRICES = (
    "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "intermediate.dense", "output.dense",
)  # fmt: skip
CHANGED = tuple(f"encoder.layer.{layer}.{name}" for layer in range(LOWER, LAYERS) for name in MATRICES)
PRECISION = torch.bfloat16
TOGETHER = 64
"""Texts that are run at once; they are sorted by length, so that few are padded much."""


class Model:
    """The weights, and how a layer is computed from them."""

    def __init__(self, sources: Path) -> None:
        read = read_weights(sources / "model.safetensors")
        self.exact = {name: torch.tensor(weight) for name, weight in read.items()}
        self._weights = {name: weight.to(PRECISION) for name, weight in self.exact.items()}
        self._tokenizer = Tokenizer.from_file(str(sources / "tokenizer.json"))
        self._tokenizer.no_padding()

    def tokens(self, texts: Sequence[str], most: int) -> list[list[int]]:
        self._tokenizer.enable_truncation(most)
        return [one.ids for one in self._tokenizer.encode_batch(list(texts))]

    def embedded(self, tokens: Any) -> Any:
        weights = self._weights
        found = weights["embeddings.word_embeddings.weight"][tokens]
        found = found + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        found = found + weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalised("embeddings.LayerNorm", found)

    def layers(self, states: Any, mask: Any, which: range, changed: dict[str, Any]) -> Any:
        """`changed` has other matrices by their names."""
        hidden = ((1 - mask) * -1e4)[:, None, None, :].to(PRECISION)
        for number in which:
            states = self._layer(f"encoder.layer.{number}.", states, hidden, changed)
        return states

    def _layer(self, prefix: str, states: Any, hidden: Any, changed: dict[str, Any]) -> Any:
        def times(name: str, what: Any) -> Any:
            matrix = changed.get(prefix + name)
            matrix = self._weights[f"{prefix}{name}.weight"] if matrix is None else matrix
            return linear(what, matrix, self._weights[f"{prefix}{name}.bias"])

        count, length, _ = states.shape
        query, key, value = (
            times(f"attention.self.{name}", states).view(count, length, HEADS, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        looked = (query * (HIDDEN // HEADS) ** -0.5) @ key.transpose(-1, -2) + hidden
        context = (looked.softmax(-1) @ value).transpose(1, 2).reshape(count, length, HIDDEN)
        states = self._normalised(
            prefix + "attention.output.LayerNorm", times("attention.output.dense", context) + states
        )
        inner = gelu(times("intermediate.dense", states))
        return self._normalised(prefix + "output.LayerNorm", times("output.dense", inner) + states)

    def _normalised(self, name: str, states: Any) -> Any:
        return layer_norm(states, (HIDDEN,), self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], EPSILON)


class Texts:
    """What the lower layers make of each text: rows of states, one a token."""

    def __init__(self, model: Model, texts: Sequence[str], most: int) -> None:
        """At most `most` tokens of a text are looked at."""
        self._model = model
        distinct = list(dict.fromkeys(texts))
        self._place = {text: place for place, text in enumerate(distinct)}
        self._states: list[Any] = [None] * len(distinct)
        tokens = model.tokens(distinct, most)
        order = sorted(range(len(distinct)), key=lambda place: len(tokens[place]))
        with torch.no_grad():
            for start in range(0, len(order), TOGETHER):
                self._run([(place, tokens[place]) for place in order[start : start + TOGETHER]])

    def _run(self, part: Sequence[tuple[int, list[int]]]) -> None:
        longest = max(len(tokens) for _, tokens in part)
        padded = torch.tensor([[*tokens, *[0] * (longest - len(tokens))] for _, tokens in part])
        mask = torch.tensor([[1.0] * len(tokens) + [0.0] * (longest - len(tokens)) for _, tokens in part])
        states = self._model.layers(self._model.embedded(padded), mask, range(LOWER), {})
        for (place, tokens), found in zip(part, states, strict=True):
            self._states[place] = found[: len(tokens)].clone()

    def vectors(self, texts: Sequence[str], changed: dict[str, Any]) -> Any:
        """A unit vector for each text, by the upper layers as they are changed; gradients flow."""
        places = [self._place[text] for text in texts]
        order = sorted(range(len(places)), key=lambda number: len(self._states[places[number]]))
        found = [
            self._upper([self._states[places[number]] for number in order[start : start + TOGETHER]], changed)
            for start in range(0, len(order), TOGETHER)
        ]
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(found)[back]

    def _upper(self, states: Sequence[Any], changed: dict[str, Any]) -> Any:
        padded = torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True)
        lengths = torch.tensor([len(one) for one in states])
        mask = (torch.arange(padded.shape[1])[None, :] < lengths[:, None]).float()
        told = self._model.layers(padded, mask, range(LOWER, LAYERS), changed).float()
        return normalize((told * mask[:, :, None]).sum(1) / lengths[:, None], dim=-1)


class Change(torch.nn.Module):
    """For each of the upper matrices two thin ones, whose product is added to it; at first that is nothing."""

    def __init__(self, model: Model, rank: int) -> None:
        super().__init__()
        self._model = model
        shapes = {name: model.exact[f"{name}.weight"].shape for name in CHANGED}
        self.down = torch.nn.ParameterDict(
            {_key(name): torch.nn.Parameter(torch.randn(rank, wide) / wide**0.5) for name, (_, wide) in shapes.items()}
        )
        self.up = torch.nn.ParameterDict(
            {_key(name): torch.nn.Parameter(torch.zeros(high, rank)) for name, (high, _) in shapes.items()}
        )

    def matrices(self) -> dict[str, Any]:
        """By their names the matrices with what is added."""
        return {
            name: (self._model.exact[f"{name}.weight"] + self.up[_key(name)] @ self.down[_key(name)]).to(PRECISION)
            for name in CHANGED
        }

    def thin(self) -> dict[str, tuple[Any, Any]]:
        """By name the two thin matrices, the one that is applied last first."""
        return {name: (self.up[_key(name)].detach(), self.down[_key(name)].detach()) for name in CHANGED}


def _key(name: str) -> str:
    return name.replace(".", "_")
