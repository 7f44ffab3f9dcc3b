"""ULIDs made from a given time and given randomness.

A ULID is 48 bits of Unix milliseconds and 80 bits of randomness in Crockford's base 32 (github.com/ulid/spec): its text
sorts by time. Nothing here reads a clock or a random source: a `Stamp` brings both, so that the engine can make any number
of ordered ids from one input and a test can say which.
"""

import msgspec

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
RANDOM_BITS = 80
# Ids that one stamp may give; the next stamp of the same millisecond starts this much higher.
STRIDE_BITS = 20
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]
# The digits that `int` knows for the same values.
_DIGITS = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")


def ulid(time_ms: int, randomness: int) -> str:
    """The ULID of a time in Unix milliseconds and 80 bits of randomness."""
    value = (time_ms << RANDOM_BITS) | (randomness & ((1 << RANDOM_BITS) - 1))
    pairs = _PAIRS
    return "".join([pairs[(value >> shift) & 1023] for shift in range(120, -1, -10)])


def is_ulid(text: str) -> bool:
    """Whether `text` is a ULID in its canonical upper-case form."""
    return len(text) == LENGTH and text[0] in "01234567" and all(letter in ALPHABET for letter in text)


def time_of(identifier: str) -> int:
    """The Unix milliseconds in a ULID."""
    return int(identifier[:10].translate(_DIGITS), 32)


def number_of(identifier: str) -> int:
    """The 128 bits of a ULID."""
    return int(identifier.translate(_DIGITS), 32)


class Stamp(msgspec.Struct, frozen=True):
    """When an input happened, and the randomness that its ids are made of.

    `time_ms` is Unix time in milliseconds and never goes back within a daemon; `entropy` has 80 bits, of which the low
    `STRIDE_BITS` leave room for the ids of one input.
    """

    time_ms: int
    entropy: int

    def id(self, number: int) -> str:
        """The `number`-th id of this stamp; ids of a later stamp of the same daemon sort after it."""
        return ulid(self.time_ms, self.entropy + number)
