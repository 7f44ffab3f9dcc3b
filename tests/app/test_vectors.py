"""Vectors follow the examples: each is made once, and it is known up to where they are complete."""

import asyncio

from ghostcells.app.vectors import Vectors


class Embedder:
    """A process that has the vectors of some rows, and keeps those that it is given."""

    ready = True

    def __init__(self, *rows):
        self.has = set(rows)
        self.added = []

    async def rows(self):
        return set(self.has)

    async def add(self, items):
        self.added += [row for row, _ in items]
        self.has |= {row for row, _ in items}

    async def remove(self, rows):
        self.has -= set(rows)


class Examples:
    def __init__(self, *rows):
        self.rows = list(rows)

    async def compare(self, known):
        return [(row, "text") for row in self.rows if row not in known], sorted(known.difference(self.rows))

    async def newer(self, row):
        return [(one, "text") for one in self.rows if one > row]


def keeping(tmp_path, embedder, examples):
    vectors = Vectors(tmp_path, examples=examples, on_state=lambda *_: None)
    vectors._process = embedder
    return vectors


def test_an_example_is_embedded_once_however_often_the_embedder_is_loaded(tmp_path):
    embedder, examples = Embedder(1, 2, 3), Examples(1, 2, 3)
    vectors = keeping(tmp_path, embedder, examples)
    asyncio.run(vectors._keep())
    examples.rows.append(4)
    asyncio.run(vectors._keep())
    assert embedder.added == [4]


def test_the_reach_is_the_last_row_up_to_which_all_have_vectors(tmp_path):
    vectors = keeping(tmp_path, Embedder(1, 2, 9), Examples(1, 2, 3))
    assert vectors.reach == 0
    asyncio.run(vectors._keep())
    assert vectors.reach == 3
