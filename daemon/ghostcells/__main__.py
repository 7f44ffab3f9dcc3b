"""Where the `ghostcells` command begins.

An editor waits for `serve`, so plain `serve` is recognised here without loading what only the other commands need. Whatever
is not plain (help, mistakes) goes to the full parser, which knows what to say.
"""

import sys

from ghostcells.plain_serve import serve_options


def main() -> int:
    options = serve_options(sys.argv[1:])
    if options is None:
        from ghostcells.cli import run

        return run(sys.argv[1:])
    from ghostcells.app import serve

    try:
        return serve(
            data_dir=options.get("data_dir"),
            config=options.get("config"),
            tcp=options.get("tcp"),
            metrics=options.get("metrics"),
        )
    except Exception as error:
        from ghostcells.domain.errors import GhostcellsError

        if not isinstance(error, GhostcellsError):
            raise
        print(f"ghostcells: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
