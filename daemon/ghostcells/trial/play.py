"""Plays a recorded session against the real daemon and tells what appeared, when and why.

For pipes, continuous integration and the impatient: the keys are those of a person, the pauses between them are cut to what
it takes to be told apart from rest. Fails if no ghost appears, or if the second one is no better than the first.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ghostcells.domain.distance import argument_distance
from ghostcells.domain.notebook import CellKind
from ghostcells.trial.client import Client
from ghostcells.trial.editor import Editor, TrialCell
from ghostcells.trial.shell import run

Tell = Callable[[str, str], None]

GHOST_SECONDS = 15.0
LEARNED_SECONDS = 5.0
_LONGEST_GAP_MS = 12
"""Well below the shortest rest, so that nothing is suggested within a word."""
_POLL_SECONDS = 0.05


class NoGhost(Exception):
    """What the demonstration is there to show did not happen."""


@dataclass(frozen=True)
class Scene:
    """Keys typed into a cell of prose (backspace takes back), and what the user runs, whatever was suggested.

    So nothing runs here that does not stand in the recording.
    """

    keys: str
    gaps_ms: tuple[int, ...]
    runs: str


@dataclass(frozen=True)
class Seen:
    """A ghost as it appeared; `after_ms` counts from the last key."""

    text: str
    label: str
    confidence: float | None
    after_ms: float


def recorded(path: Path | None = None) -> list[Scene]:
    """The scenes of a trace: the packaged one, or a file."""
    text = (resources.files(__package__) / "trace.json" if path is None else path).read_text(encoding="utf-8")
    return [
        Scene("".join(keys for keys, _ in scene["typed"]), tuple(_gaps(scene["typed"])), scene["runs"])
        for scene in json.loads(text)["scenes"]
    ]


def _gaps(typed: list[list[Any]]) -> list[int]:
    return [gap for _, gaps in typed for gap in gaps]


async def play(
    command: Sequence[str],
    folder: Path,
    heading: str,
    scenes: list[Scene],
    tell: Tell,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Start a daemon and play all scenes in one notebook; raises `NoGhost` where the demonstration fails."""
    client = await Client.start(command)
    editor = Editor(client, (folder / "demo.md").as_uri())
    client.notified = editor.notified
    try:
        about = (await client.initialize({"settings": settings or {}}))["serverInfo"]
        tell("daemon", f"{about['name']} {about['version']}")
        editor.open(heading)
        await _played(editor, scenes, folder, tell)
    finally:
        await client.close()


async def _played(editor: Editor, scenes: list[Scene], folder: Path, tell: Tell) -> None:
    seen: list[Seen] = []
    for scene in scenes:
        cell = editor.add(CellKind.MARKUP)
        await editor.focus(cell)
        ghost = await _typed(editor, cell, scene)
        tell("typed", cell.text)
        tell("ghost", ghost.text)
        tell("", _why(ghost))
        seen.append(ghost)
        await _run(editor, scene, folder, tell)
    _judge(seen, scenes[0].runs, tell)


async def _typed(editor: Editor, cell: TrialCell, scene: Scene) -> Seen:
    """Type, rest, and wait for the ghost."""
    appeared: list[float] = []
    before = editor.changed

    def changed() -> None:
        before()
        if editor.ghosts:
            appeared.append(time.monotonic())

    editor.changed = changed
    text = ""
    for number, key in enumerate(scene.keys):
        text = text[:-1] if key == "\b" else text + key
        editor.write(cell, text)
        if number < min(len(scene.keys) - 1, len(scene.gaps_ms)):
            await asyncio.sleep(min(scene.gaps_ms[number], _LONGEST_GAP_MS) / 1000)
    rested = time.monotonic()
    while not editor.ghosts:
        if time.monotonic() - rested > GHOST_SECONDS:
            told = "; ".join([editor.status.get("message", ""), *editor.messages]).strip("; ")
            raise NoGhost(
                f'no ghost appeared within {GHOST_SECONDS:.0f} s for "{text}"' + (f" ({told})" if told else "")
            )
        await asyncio.sleep(_POLL_SECONDS / 10)
    editor.changed = before
    ghost = editor.ghosts[0].ghost or {}
    after = max(0.0, (next((at for at in appeared if at > rested), rested) - rested) * 1000)
    return Seen(editor.ghosts[0].text, ghost.get("label", ""), ghost.get("confidence"), after)


def _why(ghost: Seen) -> str:
    parts = [f"{ghost.after_ms:.0f} ms after the last key"]
    if ghost.confidence is not None:
        parts.append(f"{ghost.confidence:.0%} likely to be run")
    return ", ".join([*parts, *([ghost.label] if ghost.label else [])])


async def _run(editor: Editor, scene: Scene, folder: Path, tell: Tell) -> None:
    """Accept the ghost, make it what the scene runs, run that, and wait until something was learned."""
    ghost = editor.ghosts[0]
    if not await editor.focus(ghost):
        raise NoGhost("the ghost could not be accepted")
    tell("accepted", "with the arrow key")
    if scene.runs != ghost.text:
        editor.write(ghost, scene.runs)
        tell("edited", scene.runs)
    ran = await run(ghost.text, folder)
    event = await editor.executed(ghost, output=ran.output, exit_code=ran.exit_code, duration_ms=ran.duration_ms)
    printed = ran.output.strip() or f"exit code {ran.exit_code}"
    for number, line in enumerate(printed.splitlines()):
        tell("" if number else "ran", line)
    tell("learned", await _learned(editor, event))


async def _learned(editor: Editor, event: str) -> str:
    """What the log says was learned from a run."""
    until = time.monotonic() + LEARNED_SECONDS
    while time.monotonic() < until:
        found: list[dict[str, Any]] = await editor.client.request("ghostcells/events", {"after": event})
        lessons = [one for one in found if one["type"] == "LEARNED"]
        if lessons:
            return f"example {lessons[0]['example']} ({lessons[0]['reason']})"
        await asyncio.sleep(_POLL_SECONDS)
    raise NoGhost("nothing was learned from the run")


def _judge(seen: list[Seen], wanted: str, tell: Tell) -> None:
    """Whether the last suggestion is nearer to what the user runs than the first."""
    first, last = (argument_distance(one.text, wanted) for one in (seen[0], seen[-1]))
    tell("better", f"the first suggestion was {first:.2f} away from what you ran, the last {last:.2f} (0 is the same)")
    if last >= first:
        raise NoGhost("the last suggestion is no better than the first")
