"""What a cell's metadata says about whose it is. It belongs to the user and to every extension, so it may hold anything."""

import msgspec

NO_METADATA = msgspec.Raw(b"{}")


class Claims(msgspec.Struct, frozen=True):
    """`own_id`, `claim` and `flagged` of a `domain.notebook.Cell`."""

    own_id: str | None = None
    claim: str | None = None
    flagged: bool = False


NOTHING = Claims()


class _Ours(msgspec.Struct):
    id: str | None = None
    ghost: bool | None = None


class _Metadata(msgspec.Struct):
    """As it should be."""

    ghostcells: _Ours | None = None
    id: str | None = None
    runme: str | None = msgspec.field(default=None, name="runme.dev/id")


class _RawOurs(msgspec.Struct):
    id: msgspec.Raw = NO_METADATA
    ghost: msgspec.Raw = NO_METADATA


class _RawMetadata(msgspec.Struct):
    """As it may be: one member of a wrong type must not cost the others."""

    ghostcells: msgspec.Raw = NO_METADATA
    id: msgspec.Raw = NO_METADATA
    runme: msgspec.Raw = msgspec.field(default=NO_METADATA, name="runme.dev/id")


_metadata = msgspec.json.Decoder(_Metadata)
_raw_metadata = msgspec.json.Decoder(_RawMetadata)
_raw_ours = msgspec.json.Decoder(_RawOurs)
_BAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def claims_of(raw: msgspec.Raw) -> Claims:
    try:
        metadata = _metadata.decode(raw)
    except _BAD:
        metadata = _what_fits(raw)
    ours = metadata.ghostcells
    if ours is None:
        own_id = metadata.id or metadata.runme
        return Claims(own_id) if own_id else NOTHING
    claim = ours.id or None
    return Claims(claim or metadata.id or metadata.runme or None, claim, ours.ghost is True)


def _what_fits(raw: msgspec.Raw) -> _Metadata:
    try:
        found = _raw_metadata.decode(raw)
    except _BAD:
        return _Metadata()
    try:
        ours = _raw_ours.decode(found.ghostcells)
    except _BAD:
        ours = _RawOurs()
    return _Metadata(_Ours(_text(ours.id), bytes(ours.ghost) == b"true"), _text(found.id), _text(found.runme))


def _text(raw: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(raw, type=str)
    except _BAD:
        return None
