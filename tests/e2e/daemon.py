"""Starting and stopping the product as an editor does: a process of its own, with none of the user's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import audit
from .client import TIMEOUT, Client, Json, ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[2] / "daemon"
OFFLINE: Json = {"model": {"provider": "none"}}
# Mechanics are tested with whatever memory has; what is good enough to show is the learning tests' subject.
BEST_THERE_IS: Json = {**OFFLINE, "memory": {"minConfidence": 0}}


def toml(tree: Json, prefix: str = "") -> str:
    plain = [f"{key} = {json.dumps(value)}\n" for key, value in tree.items() if not isinstance(value, dict)]
    tables = [toml(value, f"{prefix}{key}.") for key, value in tree.items() if isinstance(value, dict)]
    head = f"[{prefix.removesuffix('.')}]\n" if prefix and plain else ""
    return head + "".join(plain) + "".join(tables)


@dataclass
class Home:
    """A directory for one user: data, configuration, home, and the environment that points there."""

    root: Path
    data: Path = field(init=False)
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.root / "data"
        self.config = self.root / "ghostcells.toml"
        (self.root / "home").mkdir(parents=True, exist_ok=True)
        self.configure(BEST_THERE_IS)

    def configure(self, tree: Json | str) -> None:
        self.config.write_text(tree if isinstance(tree, str) else toml(tree))

    def environment(self, **more: str) -> dict[str, str]:
        home = str(self.root / "home")
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if key in os.environ}
        return {
            **kept,
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "XDG_STATE_HOME": f"{home}/.local/state",
            "PYTHONPATH": str(PACKAGE),
            "GHOSTCELLS_DATA_DIR": str(self.data),
            "GHOSTCELLS_CONFIG": str(self.config),
            **more,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the command line, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "ghostcells", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@dataclass
class Daemons:
    """The daemons of one test; those still running at its end are closed, audited and shut down."""

    root: Path
    running: list[Client] = field(default_factory=list)
    stderr: list[IO[bytes]] = field(default_factory=list)

    def spawn(self, home: Home, *arguments: str, **environment: str) -> Client:
        """A daemon that has not been initialized."""
        log = (self.root / f"stderr-{len(self.stderr)}.txt").open("wb")
        self.stderr.append(log)
        process = subprocess.Popen(
            [sys.executable, "-m", "ghostcells", "serve", *arguments],
            env=home.environment(**environment),
            cwd=home.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        client = Client(process)
        self.running.append(client)
        return client

    def start(self, home: Home, settings: Json | None = None, folders: tuple[str, ...] = (), **options: Any) -> Client:
        client = self.spawn(home)
        client.initialize({**({"settings": settings} if settings is not None else {}), **options}, folders=folders)
        return client

    def kill(self, client: Client) -> None:
        """As a crash: no time to write anything."""
        client.process.kill()
        client.wait_end(TIMEOUT)

    def finish(self, client: Client) -> None:
        """Close what is open, leave, and hold the whole conversation against the page."""
        if client.process.poll() is None:
            for uri in client.still_open:
                client.notify("notebookDocument/didClose", {"notebookDocument": {"uri": uri}, "cellTextDocuments": []})
            audit.endings(client)
            assert client.leave() == 0
        audit.stream(client)

    def finish_all(self) -> None:
        for client in self.running:
            self.finish(client)

    def release(self) -> None:
        for client in self.running:
            if client.process.poll() is None:
                client.process.kill()
            with suppress(AssertionError, ResponseError, subprocess.TimeoutExpired):
                client.wait_end(TIMEOUT)
            for pipe in (client.process.stdin, client.process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        for log in self.stderr:
            log.close()

    def said(self) -> Iterator[str]:
        """What the daemons wrote to stderr, for a failing test's report."""
        for log in self.stderr:
            yield Path(log.name).read_text(errors="replace")[-4000:]
