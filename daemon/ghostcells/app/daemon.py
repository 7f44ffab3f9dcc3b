"""A daemon put together: the engine's loop with the log, the index, memory, the embedder and the editor around it."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ghostcells.app.ahead import AheadMemory
from ghostcells.app.asking import Asking
from ghostcells.app.assistant import Assistant, risky_of
from ghostcells.app.decisions import Decisions
from ghostcells.app.index import IndexThread
from ghostcells.app.lessons import Lessons
from ghostcells.app.logs import LOGS, set_level
from ghostcells.app.notice import FirstLesson
from ghostcells.app.often import MostUsed
from ghostcells.app.remembering import WarningMemory
from ghostcells.app.runbooks import Runbooks
from ghostcells.app.settings import LiveSettings, folder_of, policy_of
from ghostcells.app.telemetry import Telemetry
from ghostcells.app.upkeep import Upkeep
from ghostcells.app.vectors import Vectors
from ghostcells.config.places import models_dir
from ghostcells.config.schema import Settings
from ghostcells.domain.events import AnyRecord, Traced
from ghostcells.domain.replies import Severity
from ghostcells.domain.trace import Trace
from ghostcells.embedders import install, specs
from ghostcells.embedders.base import EmbedderSpec, EmbedderState
from ghostcells.engine.effects import Effect
from ghostcells.engine.inputs import AnyInput, Closed, Opened, PolicyChanged
from ghostcells.engine.machine import step
from ghostcells.engine.state import State
from ghostcells.learning.learner import Learner
from ghostcells.memory.recall import RecallMemory
from ghostcells.privacy.records import redact_record
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.clock import SystemClock
from ghostcells.runtime.loop import Loop
from ghostcells.runtime.ports import Client
from ghostcells.runtime.status import StatusBoard, unsaved
from ghostcells.server.parts import InitializeInfo
from ghostcells.store.log import EventLog
from ghostcells.store.paths import Paths

logger = logging.getLogger(__name__)


class Daemon:
    """Fits `server.parts.App`. Made on the running event loop; raises `NewerData` for data that it must not touch."""

    def __init__(
        self, info: InitializeInfo, client: Client, *, data_dir: Path, config: str | None, metrics: str | None = None
    ) -> None:
        clock = SystemClock()
        epoch = clock.stamp().id(0)
        paths = Paths(data_dir)
        self._client = client
        self._redactor = Redactor()
        self._event_loop = asyncio.get_running_loop()
        self._status = StatusBoard(client)
        self._decisions = Decisions(data_dir / LOGS, self._status, process=os.getpid())
        self._telemetry = Telemetry(metrics, self._gauges())
        self._log = EventLog(
            data_dir,
            epoch,
            loop=self._event_loop,
            stamp=clock.stamp,
            redact=self._redact,
            on_committed=self._committed,
            on_trouble=self._log_in_trouble,
            together=client.together,
        )
        self._index = IndexThread(paths, epoch, changed=self._examples_changed)
        self._vectors = Vectors(_vectors_of(self._index), examples=self._index, on_state=self._embedder_changed)
        self._memory = RecallMemory(self._index.examples, self._vectors, self._index.run_heeding)
        self._asking = Asking(self._index)
        self._often = MostUsed(paths, info.folders, self._asking.ran_since, now_ms=clock.now_ms)
        self._memory.always = self._often.examples_of
        self._assistant = Assistant(
            client,
            self._status,
            self._index,
            self._asking,
            data_dir=data_dir,
            now_ms=clock.now_ms,
            keep=self._keep_trace,
            often=self._often.told,
            warm=self._memory.warm,
        )
        self._warning = WarningMemory(
            self._memory, self._assistant.prompting.run, used=self._used, asked=self._assistant.prepare
        )
        self._ahead = AheadMemory(self._warning, self._index.mark)
        self.loop = Loop(
            step=self._step,
            state=State(epoch=epoch),
            clock=clock,
            log=self._log,
            memory=self._ahead,
            client=client,
            status=self._status,
            writer=self._assistant.writer,
            decided=self._decisions.add,
        )
        self._learner = Learner(append=self._append, stamp=self.loop.stamp)
        self._first_lesson = FirstLesson(data_dir, client)
        self._lessons = Lessons(self._learned, self._event_loop)
        self.queries = self._asking
        self.origins = self._asking
        self._trusted = _is_trusted(info.options)
        self.runbooks = Runbooks(
            [folder for uri in info.folders if (folder := folder_of(uri)) is not None],
            data_dir,
            log=self._log,
            known=self._index.examples,
            run=self._index.run,
            stamp=self.loop.stamp,
            redact=self._redact,
            trusted=lambda: self._trusted,
        )
        self._upkeep = Upkeep(
            paths,
            epoch,
            self._log,
            self._index,
            self._asking,
            stamp=self.loop.stamp,
            redactor=lambda: self._redactor,
        )
        self._settings = LiveSettings(
            flag=config,
            folders=info.folders,
            environ=os.environ,
            tell=lambda text: client.show_message(text, Severity.WARNING),
            apply=self._apply,
        )
        self._decisions.heard.append(self._telemetry.decided)
        self._settings.read(info.options)
        self._index.follow()
        self._upkeep.start()
        self._often.start()

    def on_settings(self, editor: object) -> None:
        self._trusted = _is_trusted(editor)
        self._settings.read(editor)

    async def close(self) -> None:
        """End what shows, bring everything to disk, then end the rest."""
        for uri in self.loop.state.documents:
            self.loop.dispatch(Closed(at=self.loop.stamp(), notebook=uri))
        await self.loop.close()
        self._often.close()
        await self._assistant.close()
        await self._learn_the_rest()
        await self._event_loop.run_in_executor(None, self._log.close)
        self._upkeep.close()
        await self._vectors.close()
        self._asking.close()
        self._index.close()
        self._decisions.close()
        await self._telemetry.close()

    async def _learn_the_rest(self) -> None:
        """What is on disk is told of before the end; the log's thread gets to the seal after all that was queued."""
        await asyncio.sleep(0)  # what was appended in this turn of the loop is queued at its end
        with suppress(OSError):
            await asyncio.wrap_future(self._log.seal())
        self._lessons.flush()

    def _apply(self, settings: Settings) -> None:
        set_level(settings.log.level)
        try:
            self._redactor = Redactor(settings.privacy.patterns)
        except ValueError as error:
            self._client.show_message(str(error), Severity.WARNING)
        self._telemetry.use(settings.telemetry)
        self._upkeep.retention_days = settings.log.retention_days
        self._often.use(settings)
        self._memory.threshold = settings.memory.min_confidence
        self._vectors.use(embedder_of(settings), settings.memory.idle_seconds or None)
        self._warning.rules = risky_of(settings)
        self._ahead.drop()
        asks = self._assistant.use(settings, self._redactor)
        self.loop.dispatch(
            PolicyChanged(
                at=self.loop.stamp(), policy=policy_of(settings, model=asks, writer=self._assistant.writer_name)
            )
        )

    def _step(self, state: State, given: AnyInput) -> tuple[State, tuple[Effect, ...]]:
        self._assistant.happened(given)
        if isinstance(given, Closed):
            self._often.closed(given.notebook)
        if isinstance(given, Opened):
            self._upkeep.opened([cell.text for cell in given.notebook.cells])
        return step(state, given)

    def _used(self, notebook: str) -> tuple[str, ...]:
        state = self.loop.state.core.notebooks.get(notebook)
        return state.ran if state is not None else ()

    def _keep_trace(self, trace: Trace, notebook: str) -> None:
        at = self.loop.stamp()
        self._append(Traced(id=at.id(0), time_ms=at.time_ms, notebook=notebook, session=trace.session, trace=trace))

    def _append(self, record: AnyRecord) -> None:
        self._log.append(record, firm=False)

    def _log_in_trouble(self, why: str | None) -> None:
        self._unsaved = bool(why)
        self._status.trouble("log", unsaved(why or ""))

    def _examples_changed(self, fewer: bool) -> None:  # noqa: FBT001 -- a callback with one fact
        self._vectors.examples_changed(forgotten=fewer)
        if fewer:
            self._often.forget()
            self._assistant.knowledge.forget()

    def _embedder_changed(self, state: EmbedderState, reason: str) -> None:
        failed = state is EmbedderState.FAILED
        if failed:
            logger.warning("The embedder failed: %s", reason)
        self._status.trouble("embedder", f"Suggestions compare words only: {reason}" if failed else "")

    def _gauges(self) -> dict[str, tuple[str, Callable[[], float]]]:
        """What is told of the daemon's health whenever it is asked for."""
        self._unsaved = False
        return {
            "ghostcells_log_healthy": ("Whether events can be written to disk.", lambda: float(not self._unsaved)),
            "ghostcells_examples": ("Examples in memory, as the index has read them.", lambda: self._index.known),
            "ghostcells_lessons_waiting": (
                "Runs on disk that are still to be learned from.",
                lambda: self._lessons.waiting,
            ),
            "ghostcells_index_behind": ("Whether the index has more to read.", lambda: float(self._index.behind)),
        }

    def _redact(self, record: AnyRecord) -> AnyRecord:
        """Called by the thread that writes the log."""
        redactor = self._redactor
        return redact_record(record, lambda text: redactor.redact(text).text)

    def _committed(self, records: list[AnyRecord]) -> None:
        self._index.committed(records)
        self._lessons.committed(records)
        self._telemetry.committed(records)

    def _learned(self, records: list[AnyRecord]) -> None:
        self._learner.committed(records)
        self._first_lesson.committed(records)
        self._assistant.committed(records)


def _is_trusted(editor: object) -> bool:
    """Whether the user trusts the workspace, as the editor says it beside its settings."""
    return isinstance(editor, dict) and editor.get("workspaceTrusted") is True


def embedder_of(settings: Settings) -> EmbedderSpec | None:
    """The embedder that the settings ask for, None for words alone: also where the one asked for is not installed."""
    match settings.memory.embedder:
        case "lexical":
            return None
        case "openai":
            return specs.openai()
        case _:
            model = install.installed(models_dir(os.environ))
            return None if model is None else specs.minilm(model)


def _vectors_of(thread: IndexThread) -> Path:
    """Vectors belong to the rows of one index file; those of files that are no more are removed."""
    home = thread.index.path.with_suffix(".vectors")
    mine = home / thread.index.identity
    if home.is_dir():
        for other in home.iterdir():
            if other != mine:
                import shutil

                shutil.rmtree(other, ignore_errors=True)
    return mine
