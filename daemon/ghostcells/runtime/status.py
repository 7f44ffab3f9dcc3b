"""What the editor is told about the daemon's state: one line made of what every part says, sent when it changes."""

from ghostcells.domain.replies import SessionUsage, Severity, Status
from ghostcells.runtime.ports import Client


def unsaved(why: str) -> str:
    """What the user is told of a disk that fails, whoever notices it; nothing if nothing is wrong."""
    return f"Nothing can be saved: {why}" if why else ""


class StatusBoard:
    """Troubles are named by their source, so that each part clears only its own; the first is the one that is told."""

    def __init__(self, client: Client, *, provider: str = "none", model: str = "") -> None:
        self._client = client
        self._provider = provider
        self._model = model
        self._off = False
        self._thinking = False
        self._troubles: dict[str, str] = {}
        self._silence = ""
        self._usage: SessionUsage | None = None
        self._shown: set[str] = set()
        self._sent: Status | None = None

    def announce(self, *, off: bool, trouble: str) -> None:
        """What the engine says; this is also what sends the first status."""
        self._off = off
        self._set_trouble("engine", trouble)
        self._send()

    def use(self, provider: str, model: str) -> None:
        self._provider, self._model = provider, model
        self._send()

    def trouble(self, source: str, message: str) -> None:
        """`source` works worse than it should, for this reason; empty: it works again."""
        if message or source in self._troubles:
            self._set_trouble(source, message)
            self._send()

    def think(self, thinking: bool) -> None:  # noqa: FBT001 -- the word is the whole call
        self._thinking = thinking
        self._send()

    def silent(self, why: str) -> None:
        """Why nothing was suggested just now, told where no trouble is; empty: something was."""
        self._silence = why
        self._send()

    def spend(self, usage: SessionUsage | None) -> None:
        self._usage = usage
        self._send()

    def _set_trouble(self, source: str, message: str) -> None:
        if not message:
            self._troubles.pop(source, None)
            return
        worse = source not in self._troubles
        self._troubles[source] = message
        # Not again for a trouble that goes on, in whatever words: each would be a window in front of the user's text.
        if worse and message not in self._shown:
            self._shown.add(message)
            self._client.show_message(message, Severity.WARNING)

    def _state(self) -> str:
        if self._off:
            return "off"
        if self._troubles:
            return "degraded"
        return "thinking" if self._thinking else "ready"

    def _send(self) -> None:
        message = next(iter(self._troubles.values()), None) or self._silence or None
        status = Status(self._state(), self._provider, self._model, message, self._usage)
        if status != self._sent:
            self._sent = status
            self._client.status(status)
