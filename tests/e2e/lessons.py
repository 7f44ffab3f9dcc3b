"""What the taught user has run: intents and commands, and how a test has a daemon learn them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cells import Cell, md, sh
from .editor import Notebook, open_notebook

if TYPE_CHECKING:
    from .client import Client, Json

RESTART = ("Restart the web frontend of the shop", "kubectl -n shop rollout restart deployment/frontend")
BACKUP = ("Take a backup of the orders database", "pg_dump --format=custom --file=orders.dump orders")
DISK = ("Show how much disk the build cache uses", "du -sh /var/cache/build")
DISK_TOO = ("Show how much disk the build cache uses", "ncdu -x /var/cache/build")
PROCEDURE = [
    ("Log in to the staging cluster", "aws eks update-kubeconfig --name staging"),
    ("List the pods that are not running", "kubectl get pods --field-selector=status.phase!=Running"),
    ("Drain the broken node", "kubectl drain node-7 --ignore-daemonsets"),
]


def learned(client: Client, cell: str, after: str) -> Json:
    """The LEARNED event of a cell's execution."""
    return client.eventually(lambda e: e["type"] == "LEARNED" and e["cell"] == cell and e["id"] > after)


def run(notebook: Notebook, cell: Cell, **more: Any) -> str:
    """Move to a cell and report that it ran; the event's id."""
    notebook.focus(cell)
    event: str = notebook.executed(cell, exitCode=0, durationMs=40, **more)["event"]
    return event


def teach(client: Client, name: str, *steps: tuple[str, str]) -> None:
    """Write a runbook with these steps and run it from top to bottom."""
    notebook = open_notebook(client, name, *[cell for text, command in steps for cell in (md(text), sh(command))])
    for cell in notebook.cells[1::2]:
        event = run(notebook, cell)
        client.eventually(lambda e, event=event: e["type"] == "LEARNED" and e["id"] > event)  # type: ignore[misc]
    notebook.close()


def teach_all(client: Client) -> None:
    teach(client, "shop.md", RESTART)
    teach(client, "backup.md", BACKUP)
    teach(client, "disk.md", DISK)
    teach(client, "disk-2.md", DISK_TOO)
    teach(client, "node.md", *PROCEDURE)
