"""How commands speak: tables and plain lines for people, JSON for programs, complaints on stderr."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console


def command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, about: str, *, examples: str = ""
) -> argparse.ArgumentParser:
    """A subcommand with the options that all have. `examples` are whole command lines, one a line."""
    epilog = "examples:\n" + "\n".join(f"  {line}" for line in examples.splitlines()) if examples else None
    made = commands.add_parser(
        name, help=about, description=about, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--data-dir", metavar="DIR", help="where everything is stored (else GHOSTCELLS_DATA_DIR)")
    made.add_argument("--config", metavar="FILE", help="the configuration file (else GHOSTCELLS_CONFIG)")
    made.add_argument("--json", action="store_true", help="answer with JSON, for programs")
    return made


def complain(text: str) -> None:
    print(f"ghostcells: {text}", file=sys.stderr)


def console() -> "Console":
    from rich.console import Console

    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=10_000)


def print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_json_line(value: Any) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)


def builtins(value: Any) -> Any:
    """The value as the protocol's JSON, whatever structs it is made of."""
    return msgspec.to_builtins(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int = 1) -> None:
    """A table whose last `flexible` columns share the room that a terminal leaves them; whole where there is none."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    cells = [[cell.replace("\n", " ") for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold", expand=out.is_terminal)
    for number, column in enumerate(columns):
        width = max([len(column), *(len(row[number]) for row in cells)])
        if out.is_terminal and number >= len(columns) - flexible:
            table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=1, max_width=width)
        else:
            table.add_column(column, no_wrap=True, min_width=width)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table, crop=out.is_terminal, soft_wrap=not out.is_terminal)


def print_fields(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values below each other; a value of several lines stays in its column."""
    for name, value in rows:
        first, *more = value.splitlines() or [""]
        print(f"{name:<10}  {first}".rstrip())
        for line in more:
            print(f"{'':<12}{line}")
