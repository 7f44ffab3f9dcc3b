"""How far a suggestion is from what ran, over the whole cell.

Steps are aligned in order so that the total is least. Within a step, arguments in order count by edit distance, options by
name: one that is missing, added or has another value is one difference. The sum is divided by the number of things in the
longer of the two, so 0 is the same command however it is quoted or its options are spelt, and 1 nothing in common.
`domain.distance` is the simpler measure that confidence is calibrated on; reports give both.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from ghostcells.domain.distance import NEAR, argument_distance
from ghostcells.evaluation.steps import MOST_STEPS, Step, steps_of


class Compared(msgspec.Struct, frozen=True):
    """`steps` are those of what ran, `steps_near` how many of them the suggestion has as they are or nearly so."""

    distance: float
    program: bool
    steps: int
    steps_near: int


def compare(suggested: str, ran: str, language: str = "shellscript") -> Compared:
    """The suggestion against what ran."""
    left, right = steps_of(suggested, language), steps_of(ran, language)
    if not left or not right or max(len(left), len(right)) > MOST_STEPS:
        apart = argument_distance(suggested, ran)
        same = suggested.split()[:1] == ran.split()[:1]
        return Compared(apart, same, max(len(right), 1), len(right) if apart <= NEAR else 0)
    total, pairs = _aligned(left, right)
    most = max(sum(one.size for one in left), sum(one.size for one in right))
    near = sum(_step_cost(one, other) / max(one.size, other.size) <= NEAR for one, other in pairs)
    return Compared(min(1.0, total / most), left[0].program == right[0].program, len(right), near)


def cell_distance(suggested: str, ran: str, language: str = "shellscript") -> float:
    """Distance of two cells in 0..1."""
    return compare(suggested, ran, language).distance


def _aligned(left: Sequence[Step], right: Sequence[Step]) -> tuple[int, list[tuple[Step, Step]]]:
    """The least cost of turning one into the other, and which steps then stand for each other."""
    rows: list[list[int]] = [[0]]
    for other in right:
        rows[0].append(rows[0][-1] + other.size)
    for one in left:
        above, row = rows[-1], [rows[-1][0] + one.size]
        for at, other in enumerate(right):
            row.append(min(above[at + 1] + one.size, row[at] + other.size, above[at] + _step_cost(one, other)))
        rows.append(row)
    return rows[-1][-1], _pairs(rows, left, right)


def _pairs(rows: list[list[int]], left: Sequence[Step], right: Sequence[Step]) -> list[tuple[Step, Step]]:
    found: list[tuple[Step, Step]] = []
    down, along = len(left), len(right)
    while down and along:
        one, other = left[down - 1], right[along - 1]
        if rows[down][along] == rows[down - 1][along - 1] + _step_cost(one, other):
            found.append((one, other))
            down, along = down - 1, along - 1
        elif rows[down][along] == rows[down - 1][along] + one.size:
            down -= 1
        else:
            along -= 1
    return found


def _step_cost(one: Step, other: Step) -> int:
    """Differences of two steps, never more than there are things in the larger one."""
    cost = _edits(one.positional, other.positional) + _named(one, other) + (one.piped != other.piped)
    return min(cost, max(one.size, other.size))


def _named(one: Step, other: Step) -> int:
    """An option that only one has, or that has another value, is one difference."""
    left, right = Counter(one.named), Counter(other.named)
    only_left, only_right = left - right, right - left
    names_left = Counter(name for name, _ in only_left.elements())
    names_right = Counter(name for name, _ in only_right.elements())
    return (names_left | names_right).total()


def _edits(one: Sequence[str], other: Sequence[str]) -> int:
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            current.append(min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (left != right)))
        previous = current
    return previous[-1]
