"""The plain form of `ghostcells serve`, read without a parser: an editor waits for it."""

from collections.abc import Sequence

_OPTIONS = {"--data-dir": "data_dir", "--config": "config", "--tcp": "tcp", "--metrics": "metrics"}


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
        if not text or text.startswith("--") or (name in {"--tcp", "--metrics"} and not is_address(text)):
            return None
        options[_OPTIONS[name]] = text
    return options


def is_address(text: str) -> bool:
    """Whether this is HOST:PORT."""
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal()
