"""What a cell's metadata says about whose it is. It belongs to the user and to every extension, so it may hold anything."""

from typing import Any

import msgspec


class Claims(msgspec.Struct, frozen=True):
    """`own_id`, `claim` and `flagged` of a `domain.notebook.Cell`."""

    own_id: str | None = None
    claim: str | None = None
    flagged: bool = False


NOTHING = Claims()


def claims_of(metadata: Any) -> Claims:
    if not isinstance(metadata, dict) or not metadata:
        return NOTHING
    ours = metadata.get("ghostcells")
    claim, flagged = None, False
    if isinstance(ours, dict):
        claim, flagged = _text(ours.get("id")), ours.get("ghost") is True
    own_id = claim or _text(metadata.get("id")) or _text(metadata.get("runme.dev/id"))
    return Claims(own_id, claim, flagged)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
