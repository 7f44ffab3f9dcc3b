"""`serve`, as the full parser sees it: help and mistakes. The plain form never comes here (see `__main__`)."""

import argparse

from ghostcells.commands.output import command
from ghostcells.plain_serve import is_address


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "serve",
        "Run the daemon for one editor; editors start this themselves.",
        examples="ghostcells serve\nghostcells serve --data-dir ~/team-memory\nghostcells serve --tcp 127.0.0.1:7400",
    )
    made.add_argument(
        "--tcp", metavar="HOST:PORT", type=_address, help="listen there for one editor instead of standard input"
    )
    made.add_argument(
        "--metrics", metavar="HOST:PORT", type=_address, help="let Prometheus scrape there, on 127.0.0.1; port 0: any"
    )
    made.add_argument("--stdio", action="store_true", help="standard input and output, which is the default")
    made.set_defaults(run=run)


def _address(text: str) -> str:
    if not is_address(text):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, such as 127.0.0.1:7400, got {text!r}")
    return text


def run(options: argparse.Namespace) -> int:
    from ghostcells.app import serve

    return serve(data_dir=options.data_dir, config=options.config, tcp=options.tcp, metrics=options.metrics)
