"""`examples`: what was learned, and what the user thinks of it."""

import argparse
import sys
from typing import TYPE_CHECKING

from ghostcells.commands import amending
from ghostcells.commands.data import found_example, opened
from ghostcells.commands.output import builtins, command, print_fields, print_json, print_table
from ghostcells.domain.events import Pinned
from ghostcells.domain.examples import Situation
from ghostcells.domain.words import moment, one_line, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ghostcells.domain.examples import Example

_ID_CHARS = 10


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "List, search, pin, edit and forget what was learned."
    group = commands.add_parser("examples", help=about, description=about)
    parts = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = command(
        parts, "list", "List what was learned, newest first.", examples="ghostcells examples list --limit 100"
    )
    listed.add_argument("--limit", type=int, default=30, metavar="N")
    listed.set_defaults(run=list_)
    searched = command(
        parts, "search", "Find examples by their words.", examples="ghostcells examples search restart orders service"
    )
    searched.add_argument("words", nargs="+", metavar="WORD")
    searched.add_argument("--limit", type=int, default=10, metavar="N")
    searched.set_defaults(run=search)
    for name, text, action in (
        ("show", "Show one example with its evidence.", show),
        ("pin", "Prefer an example to others.", pin),
        ("unpin", "Take a pin back.", unpin),
    ):
        made = command(parts, name, text, examples=f"ghostcells examples {name} 3f9ac0")
        made.add_argument("id", metavar="ID", help="its id, or the beginning of it")
        made.set_defaults(run=action)
    amending.add(parts)


def list_(options: argparse.Namespace) -> int:
    with opened(options) as data:
        found = sorted(data.all_examples(), key=lambda example: (-example.last_ms, example.id))
    _print_examples(found[: options.limit], as_json=options.json)
    if len(found) > options.limit:
        print(f"{len(found) - options.limit} more: --limit {len(found)}", file=sys.stderr)
    return 0


def search(options: argparse.Namespace) -> int:
    from ghostcells.memory.analysis import query_terms

    with opened(options) as data:
        terms = query_terms(Situation(notebook="", intent=" ".join(options.words)))
        rows = [row for row, _ in data.examples.match(terms, options.limit)]
        _print_examples(data.examples.load(rows), as_json=options.json)
    return 0


def _print_examples(found: "Sequence[Example]", *, as_json: bool) -> None:
    if as_json:
        print_json(builtins(list(found)))
    elif not found:
        print("nothing yet: run a few cells, or read runbooks with `ghostcells learn PATH`", file=sys.stderr)
    else:
        rows = [
            (
                one.id[:_ID_CHARS],
                moment(one.last_ms)[:10],
                f"{one.runs}",
                f"{one.failures}",
                "pinned" if one.pinned else str(one.reason),
                one_line(one.situation.intent.strip().rpartition("\n")[2], 60),
                one_line(one.text),
            )
            for one in found
        ]
        print_table(("id", "last", "runs", "failed", "how", "for", "command"), rows, flexible=2)


def show(options: argparse.Namespace) -> int:
    with opened(options) as data:
        example = found_example(data, options.id)
        taught = data.teachers(example.id)
    if options.json:
        print_json({**builtins(example), "events": taught})
        return 0
    print(example.text, end="\n\n")
    rows = [
        ("id", example.id),
        ("for", example.situation.intent),
        ("notebook", short_name(example.situation.notebook)),
        ("heading", example.situation.heading),
        ("language", example.language),
        ("learned", f"{example.reason}, first {moment(example.first_ms)}, last {moment(example.last_ms)}"),
        ("evidence", _evidence(example)),
        ("pinned", "yes" if example.pinned else "no"),
        ("events", " ".join(taught)),
    ]
    print_fields(rows)
    return 0


def _evidence(example: "Example") -> str:
    from ghostcells.memory.rank import hidden

    shown = f" ({example.shown_runs} of a suggestion)" if example.shown_runs else ""
    counts = (f"ran {example.runs}{shown}", f"read {example.reads}", f"failed {example.failures}")
    over = f", passed over {example.overrides} times since it last ran" if example.overrides else ""
    unless = " and not suggested any more" if hidden(example) else ""
    return ", ".join((*counts, f"rejected {example.rejections}")) + over + unless


def pin(options: argparse.Namespace) -> int:
    return _pin(options, pinned=True)


def unpin(options: argparse.Namespace) -> int:
    return _pin(options, pinned=False)


def _pin(options: argparse.Namespace, *, pinned: bool) -> int:
    with opened(options) as data:
        example = found_example(data, options.id)
        notebook = example.situation.notebook
        data.append([Pinned(id="", time_ms=0, notebook=notebook, example=example.id, pinned=pinned)])
    if options.json:
        print_json({"example": example.id, "pinned": pinned})
    else:
        print(f"{example.id[:_ID_CHARS]} is {'pinned' if pinned else 'not pinned'}: {one_line(example.text)}")
    return 0
