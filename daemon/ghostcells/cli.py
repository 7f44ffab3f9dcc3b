"""The command line: the parser, and how every command ends. What a command does stands in `commands`.

Exit codes: 0 done, 1 not done (the reason is on stderr), 2 not understood, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from ghostcells import __version__
from ghostcells.commands import (
    complete,
    dashboard,
    dump,
    evaluate,
    examples,
    history,
    learn,
    learned,
    logs,
    maintenance,
    models,
    serve,
    settings,
    stories,
    telemetry,
    trying,
)
from ghostcells.commands.output import complain
from ghostcells.domain.errors import GhostcellsError

_DESCRIPTION = """\
The next cells of your runbook appear as ghosts while you type, learned from what you ran.

Editors start the daemon by themselves (`ghostcells serve`). To see it at work without an editor: ghostcells try.
To give it something to suggest on the first day: ghostcells learn docs/ runbooks/
"""
_EPILOG = """\
Every command answers --help with examples, and --json with JSON for programs.
Data is in --data-dir DIR (or GHOSTCELLS_DATA_DIR), settings in --config FILE (or GHOSTCELLS_CONFIG).
"""
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="ghostcells",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"ghostcells {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for module in (
        serve,
        trying,
        learn,
        learned,
        complete,
        history,
        stories,
        examples,
        dashboard,
        logs,
        settings,
        models,
        telemetry,
        evaluate,
        dump,
        maintenance,
    ):
        module.add(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the exit code."""
    top = parser()
    options = top.parse_args(arguments)
    if options.command is None:
        top.print_help()
        return 2
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        if sys.stdout.isatty():
            print()  # the shell's prompt does not begin in the line that was being written
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except GhostcellsError as error:
        complain(str(error))
        return 1
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    return code
