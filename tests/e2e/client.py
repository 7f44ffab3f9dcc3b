"""A plain JSON-RPC client on a daemon's pipes: requests, notifications in order, and what it noticed going wrong.

It knows nothing of ghosts; notebooks are in editor.py, the closing checks in audit.py.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeVar

from . import framing

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

Json = dict[str, Any]
T = TypeVar("T")
TIMEOUT = 10.0  # for what should be at once: generous, since machines that run tests are busy


class ResponseError(Exception):
    def __init__(self, error: Json) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')} {error.get('data') or ''}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")

    @property
    def reason(self) -> str | None:
        return self.data.get("reason") if isinstance(self.data, dict) else None


@dataclass
class Received:
    """One message from the daemon, in the order of arrival."""

    number: int
    at: float
    message: Json
    read: bool = False

    @property
    def method(self) -> str | None:
        return self.message.get("method")

    @property
    def params(self) -> Json:
        params = self.message.get("params")
        return params if isinstance(params, dict) else {}


@dataclass
class Client:
    process: subprocess.Popen[bytes]
    received: list[Received] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # broken framing, answers to nothing, requests to us
    opened: dict[str, int] = field(default_factory=dict)  # notebook URI -> how often it was opened
    still_open: set[str] = field(default_factory=set)
    restored: list[tuple[int, str]] = field(default_factory=list)  # ids asked to be ghosts again, and when
    lossy: bool = False  # its disk was full for a time: it may have shown what it could not write down
    sent: dict[int | str, str] = field(default_factory=dict)
    ended: bool = False

    def __post_init__(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin: IO[bytes] = self.process.stdin
        self._stdout: IO[bytes] = self.process.stdout
        self._news = threading.Condition()
        self._writing = threading.Lock()
        self._ids = itertools.count(1)
        self._answers: dict[int | str, Received] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # -- reading

    def _read(self) -> None:
        try:
            while (message := framing.read(self._stdout)) is not None:
                with self._news:
                    self._file(message)
                    self._news.notify_all()
        except (ValueError, OSError) as error:
            self.problems.append(f"stdout: {error}")
        finally:
            with self._news:
                self.ended = True
                self._news.notify_all()

    def _file(self, message: Json) -> None:
        entry = Received(len(self.received), time.monotonic(), message)
        self.received.append(entry)
        if "method" in message:
            if "id" in message:
                self.problems.append(f"a request to an editor that offers nothing to request: {message['method']}")
            return
        identity = message.get("id")
        if identity is None:
            return  # an error about a message whose id could not be read
        entry.read = True
        if isinstance(identity, bool) or not isinstance(identity, int | str) or identity not in self.sent:
            self.problems.append(f"an answer to no request: {message}")
            return
        if identity in self._answers:
            self.problems.append(f"a second answer to {self.sent[identity]}: {message}")
        elif ("result" in message) == ("error" in message):
            self.problems.append(f"an answer with both or neither of result and error: {message}")
        self._answers.setdefault(identity, entry)

    def wait_for(self, find: Callable[[], T | None], what: str, timeout: float = TIMEOUT) -> T:
        """Wait until `find` gives something; asked again whenever a message arrives."""
        deadline = time.monotonic() + timeout
        with self._news:
            while (found := find()) is None:
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    last = [entry.message for entry in self.received[-3:]]
                    state = "the daemon's stdout ended" if self.ended else f"{timeout} s passed"
                    raise AssertionError(f"{state}, waiting for {what}; last messages: {last!r}"[:3000])
                self._news.wait(left)
        return found

    def take(self, method: str, where: Callable[[Json], bool] = lambda _: True, timeout: float = TIMEOUT) -> Json:
        """The first unread notification that fits; it counts as read from now on."""

        def find() -> Received | None:
            fits = (e for e in self.received if e.method == method and not e.read and where(e.params))
            return next(fits, None)

        entry = self.wait_for(find, method, timeout)
        entry.read = True
        return entry.params

    def wait_end(self, timeout: float) -> int:
        """Wait until the process is gone and all its output read; its exit code."""
        code = self.process.wait(timeout)
        self._reader.join(TIMEOUT)
        return code

    # -- writing

    def write(self, data: bytes) -> None:
        with self._writing:
            self._stdin.write(data)
            self._stdin.flush()

    def notify(self, method: str, params: object = None) -> None:
        self.write(framing.encode({"jsonrpc": "2.0", "method": method, "params": params}))

    def post(self, method: str, params: object = None, identity: int | str | None = None) -> int | str:
        """Send a request without waiting for its answer."""
        identity = next(self._ids) if identity is None else identity
        self.sent[identity] = method
        self.write(framing.encode({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))
        return identity

    def answer(self, identity: int | str, timeout: float = TIMEOUT) -> Any:
        entry = self.wait_for(lambda: self._answers.get(identity), f"the answer to {self.sent[identity]}", timeout)
        if "error" in entry.message:
            raise ResponseError(entry.message["error"])
        return entry.message["result"]

    def request(self, method: str, params: object = None, timeout: float = TIMEOUT) -> Any:
        return self.answer(self.post(method, params), timeout)

    def refused(self, method: str, params: object = None) -> ResponseError:
        """The error that a request must get."""
        try:
            result = self.request(method, params)
        except ResponseError as error:
            return error
        raise AssertionError(f"{method} {str(params)[:300]} was answered with {result!r}")

    # -- what the page offers to everyone

    def initialize(
        self, options: Json | None = None, process_id: int | None = None, folders: Iterable[str] = ()
    ) -> Json:
        result: Json = self.request(
            "initialize",
            {
                "processId": process_id,
                "clientInfo": {"name": "acceptance"},
                "rootUri": None,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "notebookDocument": {"synchronization": {"executionSummarySupport": True}},
                },
                "initializationOptions": options or {},
                **({"workspaceFolders": [{"uri": uri, "name": "work"} for uri in folders]} if folders else {}),
            },
        )
        self.notify("initialized", {})
        return result

    def events(self, **params: Any) -> list[Json]:
        return list(self.request("ghostcells/events", params))

    def all_events(self) -> list[Json]:
        found: list[Json] = []
        while page := self.events(**({"after": found[-1]["id"]} if found else {})):
            found += page
        return found

    def eventually(self, fits: Callable[[Json], bool], timeout: float = TIMEOUT) -> Json:
        """The first event of the log that fits, as soon as it is readable."""

        def find() -> Json | None:
            return next(filter(fits, self.all_events()), None)

        return eventually(find, "an event of the log", timeout)

    def ping(self) -> None:
        """The daemon is alive and answers."""
        assert isinstance(self.request("ghostcells/stats", {}), dict)
        assert self.process.poll() is None

    def leave(self) -> int:
        """shutdown and exit, as LSP has it; the exit code."""
        assert self.request("shutdown") is None
        self.notify("exit")
        return self.wait_end(TIMEOUT)


def eventually(find: Callable[[], T | None], what: str, timeout: float = TIMEOUT) -> T:
    """Ask again until there is an answer: for what the daemon does in its own time and tells nobody."""
    deadline = time.monotonic() + timeout
    never = threading.Event()
    while (found := find()) is None:
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        never.wait(0.05)
    return found


def elapse(seconds: float) -> None:
    """Let real time pass, where a rule is about real time."""
    threading.Event().wait(seconds)
