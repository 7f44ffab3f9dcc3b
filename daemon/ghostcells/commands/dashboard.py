"""`dashboard`: the pages, for one user on this machine, until Ctrl-C."""

import argparse
import sys
import threading
import webbrowser
from collections.abc import Callable

from ghostcells.app.logs import LOGS
from ghostcells.commands.data import opened
from ghostcells.commands.output import command, print_json_line
from ghostcells.commands.settings import data_dir_of, settings_of
from ghostcells.commands.stories import NoPages


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "dashboard",
        "Show on a local web page what was suggested, why, what it cost and whether it learns.",
        examples="ghostcells dashboard\nghostcells dashboard --no-browser --port 8123",
    )
    made.add_argument(
        "--port", type=int, default=0, metavar="PORT", help="where to listen on 127.0.0.1; 0: any (default)"
    )
    made.add_argument("--no-browser", action="store_true", help="only print the link, which works once")
    made.add_argument(
        "--until-eof", action="store_true", help="end when standard input ends: for a program that starts this one"
    )
    made.set_defaults(run=dashboard)


def dashboard(options: argparse.Namespace) -> int:
    try:
        from ghostcells.app.overview import Everything
        from ghostcells.dashboard.server import Dashboard, Server
    except ImportError as error:
        raise NoPages(f"the dashboard needs {error.name}: pip install 'ghostcells[dashboard]'") from error
    with opened(options) as data:
        source = Everything(data, settings_of(options), data_dir_of(options) / LOGS)
        server = Server(Dashboard(source), options.port)
        if options.json:
            print_json_line({"link": server.link})
        else:
            print(f"{server.link}\nThe link works once. Ctrl-C ends it.", flush=True)
        if not options.no_browser:
            webbrowser.open(server.link)
        if options.until_eof:
            threading.Thread(target=_at_eof, args=(server.stop,), daemon=True).start()
        server.serve()
    return 0


def _at_eof(then: Callable[[], None]) -> None:
    """Whoever holds the other end has ended, whichever way."""
    while sys.stdin.buffer.read(4096):
        pass
    then()
