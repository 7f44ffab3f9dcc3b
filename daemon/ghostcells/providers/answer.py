"""The loop that all wire formats share: bytes in, chunks out, and an answer that is either whole or an error."""

from typing import Protocol

from ghostcells.domain.exchange import Chunk, Finish, Usage
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.exchange import Exchange, too_long
from ghostcells.providers.network import garbage
from ghostcells.providers.peer import Peer
from ghostcells.providers.sse import Event, EventReader, Oversized
from ghostcells.providers.stops import Stops

_GRACE_S = 1.0
"""How long to wait for the usage once the model has said that it is done."""


class Wrong(ValueError):
    """An event that the wire format does not allow, or not there."""


class Reader(Protocol):
    """One answer's events, in one wire format. `finish` is set by the model's last word, `ended` by the stream's."""

    finish: Finish | None
    ended: bool
    usage: Usage | None

    def text(self, event: Event) -> str:
        """What this event adds to the answer. Raises Wrong, or ProviderError for an error event."""
        ...


class Answer:
    """Call `more` until it gives nothing."""

    def __init__(self, exchange: Exchange, reader: Reader, peer: Peer, config: ProviderConfig, stops: Stops) -> None:
        self._exchange, self._reader, self._peer, self._config = exchange, reader, peer, config
        self._stops = stops
        self._events = EventReader()
        self._chars = 0
        self._blank = True
        self._over = False

    async def more(self) -> list[Chunk]:
        """The next chunks; the last of a whole answer has `finish`. Then nothing. Raises ProviderError otherwise."""
        while not self._over:
            piece = await self._next_piece()
            chunks = self._read(piece)
            if chunks:
                return chunks
        if self._blank and self._reader.finish is not Finish.REFUSED:
            raise ProviderError(
                ErrorKind.EMPTY,
                f'{self._peer.label} gave an empty answer. Try another model than "{self._peer.model}".',
            )
        return []

    async def _next_piece(self) -> bytes:
        if self._reader.finish is None:
            return await self._exchange.read()
        try:
            return await self._exchange.read(within_s=_GRACE_S)
        except ProviderError:
            return b""  # the answer itself is whole

    def _read(self, piece: bytes) -> list[Chunk]:
        try:
            texts = self._texts(self._events.feed(piece)) if piece else self._read_rest()
        except Oversized:
            raise too_long(self._peer) from None
        except Wrong as error:
            raise garbage(self._peer, str(error)) from None
        text = self._stops.feed("".join(texts))
        over = self._reader.ended or self._stops.hit
        if not piece and not over:
            if self._reader.finish is None:
                raise ProviderError(
                    ErrorKind.CUT,
                    f"{self._peer.label} broke off before its answer was whole. Suggestions go on by themselves.",
                )
            over = True
        if over:
            text += self._stops.rest()
        return self._chunks(text, over=over)

    def _texts(self, events: list[Event]) -> list[str]:
        """Empty events are how some servers keep a connection alive."""
        return [self._reader.text(event) for event in events if event.data.strip()]

    def _read_rest(self) -> list[str]:
        try:
            return self._texts(self._events.rest())
        except Wrong:
            return []  # half an event: what is missing decides, not what it says

    def _chunks(self, text: str, *, over: bool) -> list[Chunk]:
        self._chars += len(text)
        if self._chars > self._config.max_text_chars:
            raise too_long(self._peer)
        self._blank = self._blank and not text.strip()
        chunks = [Chunk(text=text)] if text else []
        if over:
            self._over = True
            finish = None if self._blank and self._reader.finish is not Finish.REFUSED else self._finish
            if finish or self._reader.usage:
                chunks.append(Chunk(usage=self._reader.usage, finish=finish))
        return chunks

    @property
    def ended(self) -> bool:
        """Whether the stream said that it ends; what may still come is the end of the HTTP body."""
        return self._reader.ended

    @property
    def _finish(self) -> Finish:
        return self._reader.finish or Finish.STOP
