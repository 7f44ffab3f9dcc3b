"""An example is found by its prose and its command together, and what maps the vectors is part of the package."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ghostcells.domain.examples import ANSWERED_BY
from ghostcells.embedders import sense
from ghostcells.embedders.minilm import CommandSense
from ghostcells.embedders.sense import Sense, between


def units(rows, dims=384):
    made = np.random.default_rng(5).normal(size=(rows, dims)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


class Model:
    """Gives each text a direction of its own."""

    def __init__(self, *texts):
        self._of = dict(zip(texts, units(len(texts)), strict=True))

    def vector(self, text):
        return self._of[text]


def test_the_map_that_ships_keeps_lengths_and_says_what_it_was_learned_from():
    vectors = units(8)
    mapped = Sense()(vectors)
    assert np.linalg.norm(mapped, axis=1) == pytest.approx(np.ones(8), abs=1e-5)
    assert mapped[3] == pytest.approx(Sense()(vectors[3]), abs=1e-6)
    with np.load(sense.FILE, allow_pickle=False) as read:
        about = json.loads(str(read["about"]))
    assert about["script"] == "benchmarks/train_sense.py"
    assert "nl2bash (MIT" in about["data"]


def test_an_example_lies_half_way_between_its_prose_and_its_command():
    embedder = CommandSense(Model("list pods", "kubectl get pods", "delete node"), Sense())
    example = embedder.vector(f"list pods{ANSWERED_BY}kubectl get pods")
    prose, command, other = (embedder.vector(text) for text in ("list pods", "kubectl get pods", "delete node"))
    assert example @ prose == pytest.approx(float(example @ command), abs=1e-5)
    assert example @ prose > example @ other
    assert np.linalg.norm(example) == pytest.approx(1, abs=1e-5)


def test_opposite_directions_have_something_between_them():
    assert np.isfinite(between(units(1)[0], -units(1)[0])).all()


@pytest.mark.asyncio
async def test_what_is_asked_finds_an_example_by_its_command_where_its_prose_says_nothing(started, minilm):
    embedder = started(minilm)
    await embedder.add(
        [
            (1, f"Next{ANSWERED_BY}kubectl get pods"),
            (2, f"Next{ANSWERED_BY}git commit -m wip"),
            (3, f"Next{ANSWERED_BY}df -h"),
        ]
    )
    assert (await embedder.search("how full are the disks?", 1)).rows == [3]
    assert (await embedder.search("list the pods", 1)).rows == [1]
