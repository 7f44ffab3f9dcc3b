"""What a cell's metadata says about whose it is. It belongs to the user and to every extension, so it may hold anything."""

import msgspec

_NONE = msgspec.Raw()


class Claims(msgspec.Struct, frozen=True):
    """`own_id`, `claim` and `flagged` of a `domain.notebook.Cell`."""

    own_id: str | None = None
    claim: str | None = None
    flagged: bool = False


NOTHING = Claims()


class _Metadata(msgspec.Struct):
    """The members that concern us, not yet decoded: one of a wrong type must not cost the others."""

    ghostcells: msgspec.Raw = _NONE
    id: msgspec.Raw = _NONE
    runme: msgspec.Raw = msgspec.field(default=_NONE, name="runme.dev/id")


class _Ours(msgspec.Struct):
    id: msgspec.Raw = _NONE
    ghost: msgspec.Raw = _NONE


_metadata = msgspec.json.Decoder(_Metadata)
_ours = msgspec.json.Decoder(_Ours)
_string = msgspec.json.Decoder(str)


def claims_of(raw: msgspec.Raw) -> Claims:
    if not _is(raw, b"{"):
        return NOTHING
    try:
        metadata = _metadata.decode(raw)
        ours = _ours.decode(metadata.ghostcells) if _is(metadata.ghostcells, b"{") else _Ours()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING
    claim = _text(ours.id)
    own_id = claim or _text(metadata.id) or _text(metadata.runme)
    return Claims(own_id, claim, bytes(ours.ghost) == b"true")


def _is(raw: msgspec.Raw, opening: bytes) -> bool:
    return bytes(memoryview(raw)[:1]) == opening


def _text(raw: msgspec.Raw) -> str | None:
    if not _is(raw, b'"'):
        return None
    try:
        return _string.decode(raw) or None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
