"""The shell around the engine: owns its state, gives it one input after the other, carries out what it asks for.

Nothing is decided here. Inputs that arise while effects run wait their turn, so no step happens inside another. What waits for
the disk is durable.py's.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, assert_never

from msgspec.structs import replace

from ghostcells.domain.clock import Clock
from ghostcells.domain.decisions import Decision
from ghostcells.domain.errors import REQUEST_FAILED
from ghostcells.domain.exchange import Piece
from ghostcells.domain.ghosts import Recollection
from ghostcells.domain.ids import Stamp
from ghostcells.domain.replies import FocusResult, PublishGhosts, Result
from ghostcells.engine.effects import (
    Announce,
    Append,
    Cancel,
    Complete,
    Decide,
    Effect,
    Prepare,
    Publish,
    Recall,
    Refuse,
    Reply,
    Wake,
)
from ghostcells.engine.inputs import (
    AnyInput,
    Closed,
    CompletionDeclined,
    CompletionFailed,
    Finished,
    FocusMoved,
    NotWritten,
    Recalled,
    RecallFailed,
    RequestId,
    SuggestionAsked,
    TimeCame,
    Written,
    Wrote,
)
from ghostcells.runtime.durable import Durable
from ghostcells.runtime.ports import Answered, Client, Declined, Log, PromptMemory, Writer
from ghostcells.runtime.revisions import Revisions
from ghostcells.runtime.status import StatusBoard, unsaved
from ghostcells.runtime.tasks import Tasks

logger = logging.getLogger(__name__)

INTERNAL_ERROR = -32603
CLOSE_SECONDS = 1.0


class HasCore(Protocol):
    """The engine's state, of which the loop knows one thing: the part that a failed write takes back."""

    @property
    def core(self) -> object: ...


S = TypeVar("S", bound=HasCore)
Step = Callable[[S, AnyInput], tuple[S, tuple[Effect, ...]]]


class Loop(Generic[S]):
    """To be made and used on the running event loop only."""

    def __init__(
        self,
        *,
        step: Step[S],
        state: S,
        clock: Clock,
        log: Log,
        memory: PromptMemory,
        client: Client,
        status: StatusBoard,
        writer: Writer | None = None,
        decided: Callable[[Decision], None] | None = None,
    ) -> None:
        self._step = step
        self._state = state
        self._clock = clock
        self._memory = memory
        self._writer = writer
        self._client = client
        self._decided = decided
        self._status = status
        self._opening: Callable[[int], None] | None = getattr(log, "opening", None)
        self._flush: Callable[[], None] | None = getattr(log, "flush", None)
        self._durable = Durable(log, client, settled=self._release, failed=self._fail, written=self._recovered)
        self._tasks = Tasks()
        self._inputs: deque[AnyInput] = deque()
        self._stepping = False
        self._failure: Exception | None = None
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        # Publishes that must not overtake a reply: to an acceptance, which may not come to be, or to an ask.
        self._held_by: dict[RequestId, str] = {}
        self._withheld: dict[str, list[PublishGhosts]] = {}
        self._revisions = Revisions()

    @property
    def state(self) -> S:
        return self._state

    @property
    def idle(self) -> bool:
        """Whether no input and no reply waits."""
        return not self._inputs and not len(self._durable)

    def stamp(self) -> Stamp:
        """The stamp for an input; the log hears of it before, so that what other daemons read stays in order."""
        if self._opening is not None:
            self._opening(self._clock.now_ms())
        return self._clock.stamp()

    def dispatch(self, given: AnyInput) -> None:
        if self._closed:
            return
        self._inputs.append(given)
        self._run()

    def flush(self) -> None:
        """All that has arrived at once is dispatched: what the log has of it need not wait for more."""
        if self._flush is not None:
            self._flush()

    async def close(self, deadline_s: float = CLOSE_SECONDS) -> None:
        """Stop stepping and cancel what runs; replies that wait for the disk are still sent."""
        self._closed = True
        self._inputs.clear()
        self._durable.close()
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.close(deadline_s)

    def _run(self) -> None:
        if self._stepping:
            return
        self._stepping = True
        try:
            # After a failure the state is not to be built upon until it was taken back.
            while self._inputs and self._failure is None:
                self._advance(self._inputs.popleft())
        finally:
            self._stepping = False

    def _advance(self, given: AnyInput) -> None:
        core = self._state.core
        try:
            self._state, effects = self._step(self._state, given)
        except Exception:
            logger.exception("The engine failed on %s; its state is as before", type(given).__name__)
            self._refuse_all(given)
            return
        firm = False
        # Records first: a reply depends on all of its step's.
        for effect in effects:
            if isinstance(effect, Append):
                firm = firm or effect.firm
                self._durable.append(effect.record, firm=effect.firm)
        for effect in effects:
            try:
                self._carry_out(effect, given, core, firm=firm)
            except Exception:
                logger.exception("An effect failed: %s", type(effect).__name__)
        if isinstance(given, Closed):
            self._revisions.closed(given.notebook)

    def _refuse_all(self, given: AnyInput) -> None:
        if isinstance(given, NotWritten):
            for request in given.requests:
                self._client.refuse(request, REQUEST_FAILED, given.why, {"reason": "not-durable"})
                self._release(request)
            return
        asked: RequestId | None = getattr(given, "request", None)
        if asked is not None:
            self._client.refuse(asked, INTERNAL_ERROR, "internal error; the daemon's log has the details", None)

    def _carry_out(self, effect: Effect, given: AnyInput, core: object, *, firm: bool) -> None:
        match effect:
            case Append():
                pass  # queued before
            case Reply(request, result):
                if isinstance(given, SuggestionAsked | FocusMoved) and _speaks_first(given, result):
                    self._held_by[request] = given.notebook
                self._durable.reply(request, result, core, firm=firm)
            case Refuse(request, error):
                self._client.refuse(request, error.code, str(error), error.data)
                self._release(request)
            case Publish(params):
                self._publish(params)
            case Prepare(situation, limit, present):
                self._memory.prepare(situation, limit=limit, present=present, now_ms=self._clock.now_ms())
            case Recall():
                self._recall(effect)
            case Complete():
                self._complete(effect)
            case Cancel(suggestion):
                self._tasks.cancel(suggestion)
            case Wake(at_ms):
                self._wake(at_ms)
            case Announce(off, trouble):
                self._status.announce(off=off, trouble=unsaved(trouble))
            case Decide(decision):
                if self._decided is not None:
                    self._decided(decision)
            case _:
                assert_never(effect)

    # -- publishing

    def _publish(self, params: PublishGhosts) -> None:
        uri = params.notebook.uri
        if uri in self._held_by.values():
            self._withheld.setdefault(uri, []).append(params)
            return
        # Numbered here, where it is sent: what is withheld and then dropped leaves no gap.
        self._client.publish(replace(params, revision=self._revisions.next(uri)))

    def _release(self, request: RequestId) -> None:
        notebook = self._held_by.pop(request, None)
        if notebook is not None and notebook not in self._held_by.values():
            for params in self._withheld.pop(notebook, ()):
                self._publish(params)

    def _drop(self, request: RequestId) -> None:
        """A reply that will not be sent: what was to follow it tells of what did not happen."""
        notebook = self._held_by.pop(request, None)
        if notebook is not None:
            self._withheld.pop(notebook, None)

    # -- memory

    def _recall(self, effect: Recall) -> None:
        suggestion = effect.suggestion

        def done(found: Recollection) -> None:
            self._status.trouble("memory", "")
            self.dispatch(
                Recalled(
                    at=self.stamp(),
                    suggestion=suggestion,
                    candidates=found.candidates,
                    threshold=found.threshold,
                    stages_ms=found.stages_ms,
                    notes=found.notes,
                    known=found.known,
                    failed=found.failed,
                )
            )

        def failed(error: BaseException) -> None:
            logger.error("Memory failed", exc_info=error, extra={"fields": {"trace": suggestion}})
            self._status.trouble("memory", "Memory cannot be searched; the daemon's log has the details")
            self.dispatch(RecallFailed(at=self.stamp(), suggestion=suggestion, why=str(error) or type(error).__name__))

        try:
            work = self._memory.recall(
                effect.situation, limit=effect.limit, present=effect.present, now_ms=self._clock.now_ms()
            )
        except Exception as error:  # noqa: BLE001 -- whatever memory raises, the engine hears that it failed
            failed(error)
            return
        self._tasks.start(suggestion, work, done=done, failed=failed)

    # -- models

    def _complete(self, effect: Complete) -> None:
        suggestion = effect.suggestion

        def wrote(pieces: tuple[Piece, ...]) -> None:
            if suggestion in self._tasks:
                self.dispatch(Wrote(at=self.stamp(), suggestion=suggestion, pieces=pieces))

        def done(outcome: Answered | Declined) -> None:
            if isinstance(outcome, Answered):
                self.dispatch(Finished(at=self.stamp(), suggestion=suggestion, pieces=outcome.pieces, why=outcome.why))
                return
            self.dispatch(
                CompletionDeclined(
                    at=self.stamp(),
                    suggestion=suggestion,
                    why=outcome.why,
                    again_ms=outcome.again_ms,
                    unchanged=outcome.unchanged,
                    silence=outcome.silence,
                )
            )

        def failed(error: BaseException) -> None:
            logger.warning("A model gave no answer: %s", error, extra={"fields": {"trace": suggestion}})
            why = str(error) or type(error).__name__
            self.dispatch(CompletionFailed(at=self.stamp(), suggestion=suggestion, why=why))

        if self._writer is None:
            failed(RuntimeError("there is nobody to write"))
            return
        try:
            work = self._writer.write(effect, wrote)
        except Exception as error:  # noqa: BLE001 -- as for memory
            failed(error)
            return
        self._tasks.start(suggestion, work, done=done, failed=failed)

    # -- time

    def _wake(self, at_ms: int | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at_ms is not None:
            delay = max(0, at_ms - self._clock.now_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._time_came, at_ms)

    def _time_came(self, at_ms: int) -> None:
        self._timer = None
        if self._clock.now_ms() < at_ms:  # the event loop's timers may be early by their resolution
            self._wake(at_ms)
        else:
            self.dispatch(TimeCame(at=self.stamp()))

    # -- the disk

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
            asyncio.get_running_loop().call_soon(self._take_back)

    def _take_back(self) -> None:
        error, self._failure = self._failure, None
        taken = self._durable.take()
        for waiting in taken:
            if isinstance(waiting.result, FocusResult):
                self._drop(waiting.request)
        if self._closed:
            for waiting in taken:
                self._client.refuse(waiting.request, REQUEST_FAILED, str(error), {"reason": "not-durable"})
            return
        if taken:
            requests = tuple(waiting.request for waiting in taken)
            self._inputs.appendleft(NotWritten(at=self.stamp(), requests=requests, core=taken[0].core, why=str(error)))
        self._run()
        self._durable.watch()

    def _recovered(self) -> None:
        if not self._closed:
            self.dispatch(Written(at=self.stamp()))


def _speaks_first(given: SuggestionAsked | FocusMoved, result: Result) -> bool:
    """Whether a reply goes before the publishes of its step: an ask is answered first, an acceptance may not come to be."""
    return isinstance(given, SuggestionAsked) or (isinstance(result, FocusResult) and bool(result.accepted))
