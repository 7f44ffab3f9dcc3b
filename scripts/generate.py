"""Writes what is made from the code: `python scripts/generate.py`; with --check it only says what is out of date."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import extension

from ghostcells.cli import parser
from ghostcells.commands.manual import cli_page
from ghostcells.config.document import settings_page
from ghostcells.server.schemas import schemas

ROOT = Path(__file__).resolve().parents[1]


def files() -> dict[str, Callable[[], str]]:
    """Path -> what the file has to hold."""
    made = {f"docs/protocol/{name}.json": lambda schema=schema: _json(schema) for name, schema in schemas().items()}
    bridge = {
        "extension-bridge/src/protocol.ts": extension.protocol_types,
        "extension-bridge/package.json": extension.manifest,
    }
    return {"docs/settings.md": settings_page, "docs/cli.md": lambda: cli_page(parser()), **made, **bridge}


def _json(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    stale = []
    for name, make in files().items():
        path, wanted = ROOT / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != wanted:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(wanted, encoding="utf-8")
                print(f"wrote {name}")
    if stale and "--check" in arguments:
        print(
            f"out of date: {', '.join(stale)}. Run `python scripts/generate.py` and commit the outcome.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
