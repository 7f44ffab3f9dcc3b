"""Where the `ghostcells` command begins.

An editor waits for `serve`, so plain `serve` is recognised here without loading what only the other commands need. Whatever
is not plain (help, mistakes) goes to the full parser, which knows what to say.
"""

import sys
from collections.abc import Sequence

_OPTIONS = {"--data-dir": "data_dir", "--config": "config", "--tcp": "tcp"}


def serve_options(arguments: Sequence[str]) -> dict[str, str] | None:
    """The options of a plain `serve`, or None where the full parser has to look at it."""
    if not arguments or arguments[0] != "serve":
        return None
    options: dict[str, str] = {}
    rest = iter(arguments[1:])
    for argument in rest:
        name, given, value = argument.partition("=")
        if argument == "--stdio":
            continue
        if name not in _OPTIONS:
            return None
        text = value if given else next(rest, "")
        if not text or text.startswith("--") or (name == "--tcp" and not is_address(text)):
            return None
        options[_OPTIONS[name]] = text
    return options


def is_address(text: str) -> bool:
    """Whether this is HOST:PORT."""
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal()


def main() -> int:
    options = serve_options(sys.argv[1:])
    if options is None:
        from ghostcells.cli import run

        return run(sys.argv[1:])
    from ghostcells.app import serve

    return serve(data_dir=options.get("data_dir"), config=options.get("config"), tcp=options.get("tcp"))


if __name__ == "__main__":
    sys.exit(main())
