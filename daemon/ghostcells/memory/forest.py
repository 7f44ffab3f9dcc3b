"""Boosted trees as sets of bits, so that many candidates are judged by a few operations on long integers.

Each tree has a field of bits, one bit for each leaf from left to right. A question that is answered with no rules out the
leaves to its left; the lowest that is left is the leaf that is reached. The answers to all questions about one feature
follow from where its value stands among their cuts, so what they leave is put together beforehand. (The method is
QuickScorer: Lucchese et al., SIGIR 2015.)
"""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import getitem

_FIELDS = ((8, "B"), (16, "H"), (32, "I"), (64, "Q"))
"""Widths of a field in bits, with their codes in `struct`."""


class Forest:
    """Trees in the flat form of `model.Trees`, of at most 64 leaves each."""

    def __init__(
        self,
        base: float,
        roots: Sequence[int],
        features: Sequence[int],
        cuts: Sequence[float],
        rights: Sequence[int],
    ) -> None:
        self._base = base
        trees = [range(root, end) for root, end in pairwise([*roots, len(features)])]
        leaves = [[cuts[node] for node in nodes if features[node] < 0] for nodes in trees]
        width, code = next(one for one in _FIELDS if one[0] >= max(map(len, leaves), default=0))
        self._fields = struct.Struct(f"<{len(trees)}{code}")
        self._values = [{1 << place: value for place, value in enumerate(tree)} for tree in leaves]
        self._lowest = sum(1 << number * width for number in range(len(trees)))
        self._all = sum((1 << len(tree)) - 1 << number * width for number, tree in enumerate(leaves))
        asked: dict[int, dict[float, int]] = defaultdict(dict)
        for number, nodes in enumerate(trees):
            # Leaves stand in the order of the nodes: those of a subtree are a row of bits.
            bit_of, bit = {}, number * width
            for node in nodes:
                bit_of[node] = bit
                bit += features[node] < 0
            for node in nodes:
                if features[node] >= 0:
                    left_side = (1 << bit_of[rights[node]]) - (1 << bit_of[node + 1])
                    ruled_out = asked[features[node]]
                    ruled_out[cuts[node]] = ruled_out.get(cuts[node], 0) | left_side
        self._asked = [(feature, *_left_by(self._all, ruled_out)) for feature, ruled_out in sorted(asked.items())]

    def sums(self, vectors: Sequence[Sequence[float]]) -> Iterator[float]:
        """For each vector of features the base and the leaves that it reaches, added in the order of the trees."""
        if not vectors:
            return
        common, alive = self._all, [self._all] * len(vectors)
        columns = list(zip(*vectors, strict=True))
        for feature, cuts, left in self._asked:
            column = columns[feature]
            if column.count(column[0]) == len(column):
                common &= left[bisect_left(cuts, column[0])]
            else:
                alive = [bits & left[bisect_left(cuts, value)] for bits, value in zip(alive, column, strict=True)]
        for own in alive:
            bits = own & common
            # Of a field and the complement of that less one, only the field's lowest bit is in both.
            reached = bits & ~(bits - self._lowest)
            fields = self._fields.unpack(reached.to_bytes(self._fields.size, "little"))
            yield sum(map(getitem, self._values, fields), self._base)


def _left_by(everything: int, ruled_out: dict[float, int]) -> tuple[list[float], list[int]]:
    """The cuts in order, and which leaves remain where a value is above the first so many of them."""
    cuts, left = sorted(ruled_out), [everything]
    for cut in cuts:
        left.append(left[-1] & ~ruled_out[cut])
    return cuts, left
