"""What must hold of every conversation, whatever the test was about."""

from __future__ import annotations

from contextlib import suppress

from . import shapes
from .client import Client, Json, eventually

# Drained at the end: a test takes those that it is about. Anything else unread is a message nobody expected.
DRAINED = {"ghostcells/publishGhosts", "ghostcells/status", "window/logMessage", "window/showMessage"}
ENDS = {"ACCEPTED", "REJECTED", "SUPERSEDED"}
ERROR = 1  # MessageType.Error of window/showMessage


def stream(client: Client) -> None:
    """Nothing but frames on stdout, one answer a request, publishes in order."""
    assert not client.problems, client.problems
    unanswered = {client.sent[i] for i in client.sent.keys() - client._answers.keys()}
    assert not unanswered - {"shutdown"} or client.process.returncode, f"never answered: {unanswered}"
    unread = [e.message for e in client.received if not e.read and e.method and e.method not in DRAINED]
    assert not unread, f"messages that nobody expected: {unread}"
    alarms = [
        e.params for e in client.received
        if e.method == "window/showMessage" and not e.read and e.params.get("type") == ERROR
    ]  # fmt: skip
    assert not alarms, f"errors shown to the user that the test did not expect: {alarms}"
    publishes(client)


def publishes(client: Client) -> None:
    """Of the right shape, revisions without gaps, and no accepted cell among the ghosts."""
    revision: dict[str, int] = {}
    accepted: set[str] = set()
    epochs: set[str] = set()
    for entry in client.received:
        accepted -= {identity for number, identity in client.restored if number <= entry.number}
        if entry.method == "ghostcells/status":
            shapes.STATUS(entry.params, "status")
        if entry.method == "ghostcells/publishGhosts":
            publish = entry.params
            shapes.PUBLISH(publish, "publish")
            _count(revision, publish, client.opened)
            epochs.add(publish["epoch"])
            accepted |= set(publish["accepted"])
            ids = [ghost["id"] for ghost in publish["ghosts"]]
            assert len(set(ids)) == len(ids), f"one id twice in a publish: {publish}"
            assert not accepted & set(ids), f"an accepted cell is published as a ghost: {publish}"
        result = entry.message.get("result")
        if isinstance(result, dict) and isinstance(result.get("accepted"), list):
            accepted |= set(result["accepted"])
    assert len(epochs) <= 1, f"one daemon, several epochs: {epochs}"


def _count(revision: dict[str, int], publish: Json, opened: dict[str, int]) -> None:
    uri, now = publish["notebook"]["uri"], publish["revision"]
    if uri in revision:
        step = now - revision[uri]
        reopened = opened.get(uri, 0) > 1
        assert step == 1 or (reopened and step > 0), f"revision {now} after {revision[uri]} of {uri}"
    revision[uri] = now


def log(events: list[Json]) -> None:
    """Events of the right shape in ascending order, at most one session at a time for one client."""
    for event in events:
        shapes.event(event)
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids)), "events out of order or twice"


def open_ids(events: list[Json], *, lossy: bool = False) -> set[str]:
    """The suggested cells without an end; an end too many is an error."""
    live: set[str] = set()
    ended: dict[str, Json] = {}
    for event in events:
        cell = event["cell"]
        if event["type"] == "SUGGESTED":
            new = {ghost["id"] for ghost in event["cells"]}
            assert not new & (live | ended.keys()), f"suggested twice: {event}"
            live |= new
        elif event["type"] in ENDS and not (lossy and cell not in live | ended.keys()):
            assert cell in live, f"an end of what is no ghost, or a second one: {event}; before: {ended.get(cell)}"
            live.remove(cell)
            ended[cell] = event
        elif event["type"] == "RESTORED":
            assert cell in ended, f"restored without having ended: {event}"
            live.add(cell)
        elif event["type"] == "DELETED" and cell in ended:
            assert ended[cell]["type"] == "ACCEPTED", f"DELETED is for accepted cells: {event}"
    return live


def shown_ids(client: Client) -> set[str]:
    found = (e.params["ghosts"] for e in client.received if e.method == "ghostcells/publishGhosts")
    return {ghost["id"] for ghosts in found for ghost in ghosts}


def endings(client: Client) -> None:
    """With every notebook closed, each cell that was suggested to this client has one end."""
    mine = shown_ids(client)

    def unsettled() -> tuple[set[str], set[str]]:
        events = client.all_events()
        log(events)
        suggested = {ghost["id"] for event in events if event["type"] == "SUGGESTED" for ghost in event["cells"]}
        return (set() if client.lossy else mine - suggested), mine & open_ids(events, lossy=client.lossy)

    last: tuple[set[str], set[str]] | None = None

    def look() -> bool | None:
        nonlocal last
        last = unsettled()
        return last == (set(), set()) or None

    with suppress(AssertionError):
        eventually(look, "an end", 5)
    # What was settled is not asked for again: what a full disk has held back may be on its way to the log, begin and end.
    unsuggested, unended = last or unsettled()
    assert not unsuggested, f"published without a SUGGESTED event: {unsuggested}"
    assert not unended, f"no end: {unended}"
