"""What waits for the disk: replies, with what the engine was before each of them.

Because the engine goes on while records are being written, a failure takes back every reply that waits, from the first on:
what came later was decided upon what did not happen. After a failure this also finds out when the log can be written again.
"""

import asyncio
from collections.abc import Callable

import msgspec

from ghostcells.domain.events import AnyRecord
from ghostcells.domain.replies import Result
from ghostcells.engine.inputs import RequestId
from ghostcells.runtime.ports import Client, Log

PROBE_SECONDS = 1.0


class Once:
    """Something that one of several threads is to do: whoever asks first."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = [None]

    def take(self) -> bool:
        """Whether it falls to who asks."""
        try:
            self._left.pop()
        except IndexError:
            return False
        return True


class Waiting(msgspec.Struct, frozen=True):
    """A reply that waits; `core` is the engine's from before the step that gave it, `answering` is for who sends it or not."""

    request: RequestId
    result: Result
    core: object
    answering: Once


class Durable:
    """Appends, and the replies that depend on them.

    `settled` is called after each reply was sent; `failed` when what waits is to be taken back with `take`; `written` when
    something could be written for the first time after that.
    """

    def __init__(
        self,
        log: Log,
        client: Client,
        *,
        settled: Callable[[RequestId], None],
        failed: Callable[[Exception], None],
        written: Callable[[], None],
    ) -> None:
        self._log = log
        self._client = client
        self._settled = settled
        self._failed = failed
        self._written = written
        self._waiting: dict[int, Waiting] = {}
        self._number = 0
        self._appended = 0
        self._kept = 0
        self._confirmed = 0
        self._broken = False
        self._probing = False
        self._unwritten: Exception | None = None
        self._failing = False  # from a failure until what waits is taken back
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, record: AnyRecord, *, firm: bool) -> None:
        self._appended += 1
        if not firm:
            self._kept = self._appended
        try:
            self._log.append(record, firm=firm)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the reply that follows must not be sent
            self._unwritten = error
        if self._broken:
            self._probe()

    def reply(self, request: RequestId, result: Result, core: object, *, firm: bool) -> None:
        """Send the result once all that was appended before is on disk: at once where it is already.

        One that is not `firm` tells of nothing that had to be written: it is sent even if the disk fails, unless what was
        decided before is taken back.
        """
        self._number += 1
        number, upto = self._number, self._appended
        answering = Once()
        self._waiting[number] = Waiting(request, result, core, answering)

        def done(error: Exception | None) -> None:
            if number not in self._waiting:
                return
            if error is not None and (firm or self._failing):
                self._failing = True
                self._failed(error)
                return
            del self._waiting[number]
            if answering.take():
                self._client.reply(request, result)
            self._settled(request)
            if error is None:
                self._confirm(upto)

        if self._unwritten is not None:
            self._failing = True
            done(self._unwritten)
            return
        try:
            self._log.barrier(done, lambda: self._client.reply_early(request, result, answering.take))
        except Exception as error:  # noqa: BLE001 -- as above
            done(error)

    def take(self) -> tuple[Waiting, ...]:
        """What waited when writing failed, in order; none of it is sent. What has been sent early stays until it is told of."""
        taken = {number: one for number, one in self._waiting.items() if one.answering.take()}
        self._waiting = {number: one for number, one in self._waiting.items() if number not in taken}
        if self._kept <= self._confirmed:
            self._confirmed = self._appended
        self._broken = True
        self._unwritten = None
        self._failing = False
        return tuple(taken.values())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._broken = False

    def watch(self) -> None:
        """Ask, again and again, whether what the log kept is written by now."""
        if self._broken and self._appended > self._confirmed:
            self._probe()

    def _probe(self) -> None:
        if self._probing:
            return
        self._probing = True
        upto = self._appended

        def done(error: Exception | None) -> None:
            self._probing = False
            if error is None:
                self._confirm(upto)
            if self._broken and self._appended > self._confirmed and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(PROBE_SECONDS, self._again)

        self._log.barrier(done)

    def _again(self) -> None:
        self._timer = None
        self.watch()

    def _confirm(self, upto: int) -> None:
        if upto <= self._confirmed:
            return
        self._confirmed = upto
        if self._broken:
            self._broken = False
            self._written()
