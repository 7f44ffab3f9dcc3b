"""Vectors are computed once for each text, and what is hidden is not found."""

import asyncio

import pytest

from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation import vectors as module
from ghostcells.evaluation.datasets import dataset_at

numpy = pytest.importorskip("numpy")


class Files:
    directory = "nowhere"


@pytest.fixture
def embedded(monkeypatch):
    """Texts as counts of their words, in place of the sentence model; returns what was computed."""
    asked = []

    def embed(_self, text):
        asked.append(text)
        made = numpy.zeros(module.install.DIMS, numpy.float32)
        for word in text.lower().split():
            made[sum(map(ord, word)) % module.install.DIMS] += 1
        return made / (numpy.linalg.norm(made) or 1)

    monkeypatch.setattr(module.install, "installed", lambda _: Files())
    monkeypatch.setattr(module.Vectors, "_embed", embed)
    return asked


def search(vectors, text, k=5):
    return asyncio.run(vectors.search(text, k))


def test_the_nearest_text_comes_first_and_a_replaced_one_counts_anew(tmp_path, embedded):
    vectors = module.Vectors(tmp_path, tmp_path)
    for row, text in enumerate(["list pods", "delete node", "list services"], 1):
        vectors.add(row, text)
    assert search(vectors, "delete node").rows[0] == 2
    vectors.add(2, "list pods again")
    assert search(vectors, "list pods").rows[:2] == [1, 2]
    assert asyncio.run(vectors.score([1, 9])) == [pytest.approx(1.0, abs=1e-3), None]


def test_what_is_hidden_is_not_the_nearest(tmp_path, embedded):
    vectors = module.Vectors(tmp_path, tmp_path)
    for row, text in enumerate(["list pods", "list pods now"], 1):
        vectors.add(row, text)
    vectors.hidden = frozenset({1})
    assert search(vectors, "list pods").rows[0] == 2


def test_a_text_is_computed_once_also_by_the_next_process(tmp_path, embedded):
    for _ in range(2):
        module.Vectors(tmp_path, tmp_path).add(1, "list pods")
    assert embedded == ["list pods"]


def test_the_sentence_model_has_to_be_installed(tmp_path):
    with pytest.raises(ConfigError, match="ghostcells models install"):
        module.Vectors(tmp_path / "none", tmp_path)


def test_a_replay_with_vectors_is_that_of_the_daemon_with_an_embedder(sessions_file, plan, replayed, embedded):
    found = replayed(dataset_at(sessions_file), plan(memory={"embedder": "minilm"}))
    assert len(found) == 36
    assert not any(one.failed for one in found)
    assert found[-1].word == 0
    copied = replayed(dataset_at(sessions_file), plan("nearest-meaning"))
    assert copied[-1].best.text == "kubectl rollout restart deployment/web -n web"
