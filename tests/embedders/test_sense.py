"""An example is found by its prose and its command together, and what changes the model is part of the package."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ghostcells.domain.examples import ANSWERED_BY
from ghostcells.embedders import sense
from ghostcells.embedders.minilm import CommandSense
from ghostcells.embedders.sense import between


def units(rows, dims=384):
    made = np.random.default_rng(5).normal(size=(rows, dims)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


class Model:
    """Gives each text a direction of its own."""

    def __init__(self, *texts):
        self._of = dict(zip(texts, units(len(texts)), strict=True))

    def vector(self, text):
        return self._of[text]


def thin(target, **arrays):
    np.savez_compressed(target, about=np.array("{}"), **{name.replace("_", "."): one for name, one in arrays.items()})
    return target


def test_a_change_is_the_product_of_two_thin_matrices_and_leaves_all_else_as_it_is(tmp_path):
    weights = {"one.weight": np.ones((2, 3), np.float32), "other.weight": np.ones((2, 3), np.float32)}
    up, down = np.array([[2], [-1]], np.int8), np.array([[100, 0, -100]], np.int8)
    file = thin(tmp_path / "changes.npz", one_up=up, one_down=down, one_scale=np.float32(0.25))
    found = sense.changed(weights, file)
    assert found["one.weight"].tolist() == [[51, 1, -49], [-24, 1, 26]]
    assert found["one.weight"].dtype == np.float32
    assert found["other.weight"] is weights["other.weight"]
    assert weights["one.weight"].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_change_of_a_matrix_that_the_model_does_not_have_is_an_error(tmp_path):
    one = np.ones((1, 1), np.int8)
    with pytest.raises(KeyError, match="gone"):
        sense.changed({}, thin(tmp_path / "changes.npz", gone_up=one, gone_down=one, gone_scale=np.float32(1)))


def test_what_ships_changes_the_upper_layers_a_little_and_says_what_it_was_learned_from():
    with np.load(sense.FILE, allow_pickle=False) as read:
        about = json.loads(str(read["about"]))
        shapes = {
            name.removesuffix(".up"): (read[name].shape[0], read[f"{name.removesuffix('.up')}.down"].shape[1])
            for name in read.files
            if name.endswith(".up")
        }
    assert about["script"] == "benchmarks/train_sense.py"
    assert "nl2bash (MIT" in about["data"]
    assert {name.split(".")[2] for name in shapes} == {"3", "4", "5"}
    weights = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    assert all(0 < np.abs(one).max() < 1 for one in sense.changed(weights).values())


def test_an_example_lies_half_way_between_its_prose_and_its_command():
    embedder = CommandSense(Model("list pods", "kubectl get pods", "delete node"))
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
