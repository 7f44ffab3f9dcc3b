"""What a daemon needs to have a model write: the chosen model, what it is told, what it costs, put together."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from ghostcells.app.asking import Asking
from ghostcells.app.index import IndexThread
from ghostcells.app.keeping import Kept
from ghostcells.app.knowledge import Knowledge, Often
from ghostcells.app.models import TROUBLE, Choice, Models
from ghostcells.app.prompting import Prompting
from ghostcells.app.quiet import WhenQuiet
from ghostcells.app.spending import TROUBLE as BUDGET
from ghostcells.app.spending import Spending
from ghostcells.app.writer import ModelWriter, Rules
from ghostcells.config.schema import Settings
from ghostcells.context.prompt import Budget
from ghostcells.context.rules import Rule
from ghostcells.context.safety import cautions
from ghostcells.context.worth import Habits
from ghostcells.domain.events import AnyRecord
from ghostcells.domain.replies import Severity
from ghostcells.domain.trace import Trace
from ghostcells.engine.inputs import AnyInput, Closed, Opened
from ghostcells.privacy.redact import Redactor
from ghostcells.runtime.ports import Client
from ghostcells.runtime.status import StatusBoard
from ghostcells.tokens import Calibration

logger = logging.getLogger(__name__)

ANNOUNCED = "announced-provider"
HABITS = "habits.json"
COUNTS = "token-counts.json"
REREAD_S = 60.0
"""How often is read what other daemons on the same data have spent."""


class Assistant:
    """`keep` gets the trace of a completion and its notebook; `warm` gets memory ready in a quiet moment."""

    def __init__(
        self,
        client: Client,
        status: StatusBoard,
        index: IndexThread,
        asking: Asking,
        *,
        data_dir: Path,
        now_ms: Callable[[], int],
        keep: Callable[[Trace, str], None],
        often: Often,
        warm: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._status = status
        self._asking = asking
        self._now_ms = now_ms
        self._marker = data_dir / ANNOUNCED
        self._habits = Kept(data_dir / HABITS, Habits())
        self._counts = Kept(data_dir / COUNTS, Calibration())
        self.models = Models(os.environ, lambda text: status.trouble(TROUBLE, text))
        self.spending = Spending(tell=lambda text: status.trouble(BUDGET, text), show=status.spend)
        self.prompting = Prompting()
        self.knowledge = Knowledge(index.examples, index.run, often)
        self.writer = ModelWriter(
            self.models, self.knowledge, self.prompting, self.spending, status=status, now_ms=now_ms, keep=keep
        )
        self._following: asyncio.Task[None] | None = None
        self._warm_memory = warm
        self._warming = WhenQuiet(self._warm)
        self._warmed: asyncio.Future[None] | None = None

    def use(self, settings: Settings, redactor: Redactor) -> bool:
        """Work with these settings; whether there is a model to ask."""
        self.prompting.redactor = redactor
        self.spending.configure(settings)
        self.writer.rules = rules_of(settings)
        choice = self.models.use(settings)
        self._status.use(choice.provider if choice else "none", choice.model if choice else "")
        if choice is not None:
            self._announce(choice)
            if self._following is None:
                self._following = asyncio.ensure_future(self._follow())
        return choice is not None

    @property
    def writer_name(self) -> str:
        """The model that is asked, empty where none is."""
        return self.models.choice.model if self.models.choice is not None else ""

    def prepare(self) -> None:
        self.models.prepare()

    def happened(self, given: AnyInput) -> None:
        """A notebook's budget runs from open to close; with the first one everything is got ready."""
        self._warming.heard()
        match given:
            case Opened(notebook=notebook, at=at):
                self.spending.opened(notebook.uri, at.time_ms)
                self._warming.begin()
            case Closed(notebook=uri):
                self.spending.closed(uri)

    def _warm(self) -> None:
        """Load the ranker, the parser of commands and the tokenizer, which hold the interpreter's lock for up to 40 ms each."""
        self._warmed = asyncio.ensure_future(self._warm_memory())
        self.prompting.post(lambda: cautions("ls", "shellscript"))
        if (choice := self.models.choice) is not None:
            self.prompting.post(lambda: self.prompting.count(choice.model, "ls"))

    def committed(self, records: Iterable[AnyRecord]) -> None:
        self.knowledge.committed(records)

    async def close(self) -> None:
        self._warming.close()
        if self._warmed is not None:
            self._warmed.cancel()
        await self.models.close()
        self.prompting.close()
        if self._following is not None:
            self._following.cancel()
            self._keep()

    async def _follow(self) -> None:
        """Know what today has cost, all daemons together; keep what was learned of the user's prose and of tokens."""
        self.knowledge.habits = await asyncio.to_thread(self._habits.read)
        self.prompting.calibration = await asyncio.to_thread(self._counts.read)
        while True:
            self._keep()
            try:
                self.spending.restore(await self._asking.costs(self.spending.day_start_ms(self._now_ms())))
            except Exception as error:  # noqa: BLE001 -- whatever the index has, suggesting goes on
                logger.warning("What was spent today could not be read: %s", error)
            await asyncio.sleep(REREAD_S)

    def _keep(self) -> None:
        self._habits.write(self.knowledge.habits)
        self._counts.write(self.prompting.calibration)

    def _announce(self, choice: Choice) -> None:
        """Say once, not once a day, that a key in the environment is used."""
        if choice.source == "settings":
            return
        try:
            if self._marker.exists() and choice.provider in self._marker.read_text(encoding="utf-8").split():
                return
            handle = os.open(self._marker, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(f"{choice.provider}\n")
        except OSError as error:
            logger.warning("What has been announced cannot be kept: %s", error)
        self._client.show_message(
            f"Ghostcells also asks {choice.provider} ({choice.model}) for suggestions, because {choice.source} is set. "
            'Secrets are taken out of what is sent. To keep to memory: model.provider = "none".',
            Severity.INFO,
        )


def rules_of(settings: Settings) -> Rules:
    providers = settings.providers
    return Rules(
        budget=Budget(input_tokens=settings.model.input_tokens),
        session_tokens=settings.budget.session_tokens,
        outputs=providers.allow_outputs,
        paths=providers.allow_paths,
        offline=providers.offline,
        risky=risky_of(settings),
    )


def risky_of(settings: Settings) -> tuple[Rule, ...]:
    return tuple(Rule(pattern) for pattern in settings.suggest.risky_commands)
