"""The real sentence model in a real child; skipped where it is not installed."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.asyncio


def cosine(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_meaning_counts_not_words(started, minilm):
    embedder = started(minilm)
    await embedder.add(
        [(1, "delete every file in this folder"), (2, "show the commit history"), (3, "list running pods")]
    )
    for text, row in [
        ("remove all the documents here", 1),
        ("git log", 2),
        ("which containers are up in kubernetes?", 3),
    ]:
        assert (await embedder.search(text, 1)).rows == [row]


async def test_vectors_are_unit_length_and_the_same_in_any_company(started, minilm):
    embedder = started(minilm)
    text = "find files larger than 100 MB"
    alone = (await embedder.embed([text]))[0]
    together = await embedder.embed(["x", text, "a much longer text about something else " * 20])
    assert together[1] == alone
    assert all(math.sqrt(cosine(vector, vector)) == pytest.approx(1, abs=1e-5) for vector in together)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "naïve 日本語 🎉", "word " * 5000], ids=["empty", "blank", "nul", "scripts", "long"]
)
async def test_any_text_has_a_vector(started, minilm, text):
    embedder = started(minilm)
    await embedder.add([(1, text)])
    found = await embedder.search(text, 1)
    assert found.rows == [1]
    assert found.scores == pytest.approx([1], abs=0.01)


async def test_stored_vectors_score_like_exact_ones(started, minilm):
    embedder = started(minilm)
    texts = ["list all files", "restart the payment service", "show disk usage by directory", "print the third column"]
    await embedder.add(list(enumerate(texts)))
    vectors = await embedder.embed(texts)
    found = await embedder.search(texts[0], 4)
    for row, score in zip(found.rows, found.scores, strict=True):
        assert score == pytest.approx(cosine(vectors[0], vectors[row]), abs=0.005)
