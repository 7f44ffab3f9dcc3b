"""`logs`: what the daemons said of themselves and decided, in the order of time."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ghostcells.app.decisions import PATTERN
from ghostcells.app.logs import LOGS
from ghostcells.commands.data import opened
from ghostcells.commands.output import command, print_json_line
from ghostcells.commands.settings import data_dir_of
from ghostcells.commands.stories import identity
from ghostcells.domain.words import moment, short_name

_FOLLOW_SECONDS = 0.3
_PATTERNS = ("daemon-*.jsonl*", PATTERN)
_SHOWN = ("time", "timeMs", "level", "part", "message")
_decode = msgspec.json.Decoder(dict[str, Any]).decode
Line = dict[str, Any]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "logs",
        "Show what the daemons said and decided.",
        examples="ghostcells logs\nghostcells logs --follow\nghostcells logs --cell 01JNB3Z6W8YQ4T0V2X5K7M9R1S --json",
    )
    made.add_argument("--follow", "-f", action="store_true", help="go on with what is said from now on, until Ctrl-C")
    made.add_argument("--limit", type=int, default=100, metavar="N", help="the last N lines (default 100)")
    made.add_argument("--cell", metavar="ID", help="only what is about this cell, suggestion or session")
    made.set_defaults(run=logs)


def logs(options: argparse.Namespace) -> int:
    folder = data_dir_of(options) / LOGS
    about = _names(options)
    tail = _Tail(folder)
    lines = [line for line in tail.read() if not about or about & _ids(line)]
    for line in lines[-options.limit :] if options.limit > 0 else []:
        _show(line, as_json=options.json)
    while options.follow:
        time.sleep(_FOLLOW_SECONDS)
        for line in tail.read():
            if not about or about & _ids(line):
                _show(line, as_json=options.json)
    return 0


def _names(options: argparse.Namespace) -> frozenset[str]:
    """The ids by which lines speak of a cell: its own, and that of its suggestion."""
    wanted = identity(options.cell, "--cell")
    if wanted is None:
        return frozenset()
    with opened(options) as data:
        log = data.queries.cell_log(wanted)
    return frozenset(filter(None, (wanted, log.suggestion if log is not None else None)))


def _ids(line: Line) -> set[str]:
    return {str(line[name]) for name in ("trace", "suggestion", "cell", "session") if line.get(name)}


class _Tail:
    """What has been added to the files of a folder since the last look; a file that was rotated is begun anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[int, int] = {}

    def read(self) -> list[Line]:
        """The new lines of all files, in the order of time."""
        found: list[Line] = []
        for pattern in _PATTERNS:
            for path in self._folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):
                    found += self._new(path)
        return sorted(found, key=_time_of)

    def _new(self, path: Path) -> Iterator[Line]:
        """Files are known by their number, which they keep when they are renamed."""
        with path.open("rb") as file:
            number = path.stat().st_ino
            file.seek(self._read.get(number, 0))
            whole, _, _ = file.read().rpartition(b"\n")
        self._read[number] = self._read.get(number, 0) + len(whole) + bool(whole)
        for line in whole.split(b"\n"):
            with contextlib.suppress(msgspec.MsgspecError):
                yield _decode(line)


def _time_of(line: Line) -> str:
    """When a line was written, so that it sorts: decisions have milliseconds, others a time in words."""
    if "timeMs" not in line:
        return str(line.get("time", ""))
    seconds, ms = divmod(int(line["timeMs"]), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{ms:03d}Z"


def _show(line: Line, *, as_json: bool) -> None:
    if as_json:
        print_json_line(line)
    elif "why" in line:
        said = line.get("silence") or "suggested"
        print(f"{moment(line['timeMs'])}  {said:<13}  {short_name(line['notebook'])}: {line['why']}", flush=True)
    else:
        about = "  ".join(f"{name}={line[name]}" for name in line if name not in (*_SHOWN, "error"))
        print(f"{line.get('time')}  {line.get('level', ''):<13}  {line.get('message')}  {about}".rstrip(), flush=True)
        if "error" in line:
            print(line["error"], flush=True)
