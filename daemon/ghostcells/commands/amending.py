"""`examples edit` and `examples forget`: what was learned, put right or taken back."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ghostcells.commands.data import Data, NotFound, found_example, opened
from ghostcells.commands.output import command, print_json
from ghostcells.commands.times import moment_ms
from ghostcells.domain.errors import ConfigError
from ghostcells.domain.events import Edited, Executed, Learned, Pinned
from ghostcells.domain.words import counted, moment, one_line, short_name
from ghostcells.learning.lessons import evidence_of, example_id
from ghostcells.learning.selection import Criteria, Teaching, matches

if TYPE_CHECKING:
    from ghostcells.domain.examples import Example

_ID_CHARS = 10
_LISTED = 20


class Meant(msgspec.Struct, frozen=True):
    """What is to be forgotten: examples, and the records that taught them or were mere tries; `text` wherever it stands."""

    examples: "tuple[Example, ...]"
    events: tuple[str, ...] = ()
    text: str = ""


def add(parts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    edited = command(
        parts,
        "edit",
        "Rewrite an example's command; the new one is pinned, the old one is not suggested any more.",
        examples="ghostcells examples edit 3f9ac0\n"
        "ghostcells examples edit 3f9ac0 --command 'kubectl rollout restart deployment/web'",
    )
    edited.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    edited.add_argument(
        "--command", dest="text", metavar="TEXT", help="the new command (else your editor opens, or stdin is read)"
    )
    edited.set_defaults(run=edit)
    forgotten = command(
        parts,
        "forget",
        "Remove examples, and their texts from the log, for good: by id, or all that fit what is given.",
        examples="ghostcells examples forget 3f9ac0\nghostcells examples forget --notebook deploy.md --since 2h\n"
        "ghostcells examples forget --text acme-internal --dry-run",
    )
    forgotten.add_argument("ids", nargs="*", metavar="ID", help="an id, or the beginning of one")
    forgotten.add_argument("--notebook", metavar="NAME", default="", help="what was run in it: a path, or its end")
    forgotten.add_argument("--since", metavar="WHEN", help="what was run since: 2h, 7d, 2025-03-31, 2025-03-31T14:00")
    forgotten.add_argument("--until", metavar="WHEN", help="what was run before")
    forgotten.add_argument("--text", metavar="TEXT", default="", help="what has this in it, wherever it was kept")
    forgotten.add_argument("--dry-run", action="store_true", help="only say what would be forgotten")
    forgotten.add_argument("--yes", action="store_true", help="do not ask")
    forgotten.set_defaults(run=forget)


def edit(options: argparse.Namespace) -> int:
    with opened(options) as data:
        old = found_example(data, options.id)
        text = _new_text(old.text, options.text).rstrip()
        if not text.strip():
            raise NotFound("nothing was changed: an example needs a command (`ghostcells examples forget` removes one)")
        record: Any = data.redact(
            Edited(
                id="",
                time_ms=0,
                notebook=old.situation.notebook,
                example=old.id,
                becomes="",
                situation=old.situation,
                text=text,
                language=old.language,
            )
        )
        becomes = example_id(record.situation, record.language, record.text)
        if becomes == old.id:
            raise NotFound("nothing was changed")
        record = msgspec.structs.replace(record, becomes=becomes)
        data.append([record, Pinned(id="", time_ms=0, notebook=record.notebook, example=becomes, pinned=True)])
    if options.json:
        print_json({"example": becomes, "former": old.id, "text": record.text})
    else:
        print(f"{becomes[:_ID_CHARS]} takes the place of {old.id[:_ID_CHARS]}: {one_line(record.text)}")
    return 0


def _new_text(old: str, given: str | None) -> str:
    if given is not None:
        return given
    return _edited(old) if sys.stdin.isatty() else sys.stdin.read()


def _edited(text: str) -> str:
    """What the user's editor makes of a text."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="ghostcells-") as directory:
        path = Path(directory) / "command.sh"
        path.write_text(f"{text}\n", encoding="utf-8")
        if subprocess.run([*shlex.split(editor), str(path)], check=False).returncode:
            raise NotFound(f"nothing was changed: {editor} did not end well")
        return path.read_text(encoding="utf-8")


def forget(options: argparse.Namespace) -> int:
    with opened(options) as data:
        meant = _meant(data, options)
        if not meant.examples and not meant.events and not (meant.text and data.holds(meant.text)):
            raise NotFound("nothing fits: nothing was forgotten")
        if not options.dry_run:
            if not options.yes and not _agreed(meant):
                raise NotFound("nothing was forgotten")
            data.forget([one.id for one in meant.examples], meant.events, meant.text)
    if options.json:
        ids = [one.id for one in meant.examples]
        print_json({"examples": ids, "records": len(meant.events), "forgotten": not options.dry_run})
    else:
        print("\n".join(_told(meant, "would be forgotten" if options.dry_run else "forgotten")))
    return 0


def _meant(data: Data, options: argparse.Namespace) -> Meant:
    criteria = Criteria(
        options.notebook,
        None if options.since is None else moment_ms(options.since, "--since"),
        None if options.until is None else moment_ms(options.until, "--until"),
        options.text,
    )
    if bool(options.ids) == (not criteria.empty):
        raise ConfigError("expected either ids, or some of --notebook, --since, --until, --text")
    if options.ids:
        return Meant(tuple(found_example(data, wanted) for wanted in dict.fromkeys(options.ids)))
    every: list[Any] = data.records((Executed, Learned, Edited))
    records: list[Teaching] = [one for one in every if matches(one, criteria)]
    taught = {name for record in records for name in _taught(record)}
    examples = (data.examples.by_id(name) for name in sorted(taught))
    # Only a text by itself is to be gone wherever it stands; with a place or a time it says which runs are meant.
    alone = options.text if criteria == Criteria(text=options.text) else ""
    return Meant(tuple(filter(None, examples)), tuple(record.id for record in records), alone)


def _taught(record: Teaching) -> list[str]:
    return [one.example for one in evidence_of(record) if one.situation is not None]


def _told(meant: Meant, done: str) -> list[str]:
    lines = [
        f"{one.id[:_ID_CHARS]}  {moment(one.last_ms)[:10]}  {short_name(one.situation.notebook):<20}  {one_line(one.text)}"
        for one in meant.examples[:_LISTED]
    ]
    if len(meant.examples) > _LISTED:
        lines.append(f"… and {len(meant.examples) - _LISTED} more")
    parts = [counted(len(meant.examples), "example")]
    if meant.events:
        parts.append(f"{counted(len(meant.events), 'record')} of what was run or read")
    return [*lines, f"{done}: {' and '.join(parts)}"]


def _agreed(meant: Meant) -> bool:
    """Ask, where somebody can answer; a program that says what it means means it."""
    if not sys.stdin.isatty():
        return True
    print("\n".join(_told(meant, "to be forgotten for good")), file=sys.stderr)
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
