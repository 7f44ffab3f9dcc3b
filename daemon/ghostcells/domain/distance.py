"""How far two commands are apart, by their arguments."""

import shlex
from collections.abc import Sequence

NEAR = 0.3
"""Up to this distance two commands count as nearly the same."""
_MAX_WORDS = 400


def words(command: str) -> list[str]:
    """A command's words as a shell would split them; as blanks do where it does not parse."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return command.split()


def word_distance(left: Sequence[str], right: Sequence[str]) -> float:
    """Levenshtein distance over whole words, divided by the longer length: 0 for equal, 1 for nothing in common."""
    if left == right:
        return 0.0
    left, right = left[:_MAX_WORDS], right[:_MAX_WORDS]
    if not left or not right:
        return 1.0
    previous = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (one != other)))
        previous = current
    return previous[-1] / max(len(left), len(right))


def argument_distance(left: str, right: str) -> float:
    """Distance of two commands in 0..1; the measure by which runs are compared with what was suggested."""
    return 0.0 if left.strip() == right.strip() else word_distance(words(left), words(right))
