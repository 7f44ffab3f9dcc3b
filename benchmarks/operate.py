"""Runs runbooks of this project's own development through the real daemon, as a user of an editor would.

    python benchmarks/operate.py --data-dir DIRECTORY [RUNBOOK ...]

Each cell: the prose is typed, what is suggested is looked at, and the command that stands in the runbook is run for real, in
this repository, with its real output and exit status. A ghost that is that command is accepted, one that is nearly so is
accepted and edited, any other is read and overridden. The commands only read. One JSON object a line tells of each;
`ghostcells eval --mine --data-dir DIRECTORY` measures the log that comes of it. Intents and commands were written beforehand,
by people who know the product, and hours of work happen in minutes: such a log shows that the whole chain works, not how
others would fare.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from ghostcells.domain.distance import NEAR, argument_distance
from ghostcells.domain.notebook import CellKind
from ghostcells.reading.files import find, read
from ghostcells.trial.client import Client
from ghostcells.trial.editor import Editor
from ghostcells.trial.shell import run

ROOT = Path(__file__).resolve().parents[1]
RUNBOOKS = Path(__file__).parent / "development"
KEY_S, LOOKS_S, READS_S = 0.008, 0.6, 0.9
"""Between keys; how long a ghost is waited for; how long one is read that is not what is wanted (from 750 ms it counts)."""
RUN_S = 120.0


async def cell(editor, prose, command, tell):
    """One cell from its prose to its run."""
    written = editor.add(CellKind.MARKUP)
    await editor.focus(written)
    words = prose.split(" ")
    for number in range(1, len(words) + 1):
        editor.write(written, " ".join(words[:number]))
        await asyncio.sleep(KEY_S)
    ghost = await appeared(editor)
    how, shown = await taken(editor, ghost, command)
    target = editor.focused
    ran = await run(target.text, ROOT, seconds=RUN_S)
    await editor.executed(target, output=ran.output, exit_code=ran.exit_code, duration_ms=ran.duration_ms)
    tell(how=how, prose=prose, suggested=shown, ran=command, exit=ran.exit_code, ms=ran.duration_ms)
    return how


async def appeared(editor):
    """The ghost that shows once memory has had its time, or none."""
    await asyncio.sleep(LOOKS_S)
    return editor.ghosts[0] if editor.ghosts else None


async def taken(editor, ghost, command):
    """What the user makes of the ghost; the cell to be run has the focus then."""
    prose, shown = editor.focused, ghost.text if ghost else ""
    apart = argument_distance(shown, command) if ghost else 1.0
    if ghost is not None and apart <= NEAR and await editor.focus(ghost):
        if shown != command:
            editor.write(ghost, command)
        return ("accepted" if shown == command else "edited"), shown
    if ghost is not None:
        await asyncio.sleep(READS_S)
    own = editor.add(CellKind.CODE, after=prose)
    editor.write(own, command)
    await editor.focus(own)
    return ("overridden" if ghost else "nothing shown"), shown


async def book(client, path, tell):
    editor = Editor(client, path.as_uri())
    client.notified = editor.notified
    found, counts = read(path).cells, Counter()
    editor.open(found[0].text)
    for before, one in pairwise(found):
        if one.kind is CellKind.CODE:
            prose = before.text if before is not found[0] else before.text.split("\n\n")[-1]
            counts[await cell(editor, prose, one.text.strip(), tell)] += 1
    editor.close()
    return counts


async def operate(data_dir, paths):
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["GHOSTCELLS_DATA_DIR"] = str(data_dir)
    client = await Client.start([sys.executable, "-m", "ghostcells", "serve", "--data-dir", str(data_dir)])
    counts = Counter()
    try:
        await client.initialize({"settings": {"model": {"provider": "none"}}})
        for path in paths:
            counts += await book(client, path, lambda **told: print(json.dumps(told), flush=True))
    finally:
        await client.close()
    print(json.dumps({"runs": counts.total(), **counts}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runbooks", nargs="*", type=Path, default=[RUNBOOKS])
    parser.add_argument("--data-dir", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(operate(given.data_dir.absolute(), find(given.runbooks)[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
