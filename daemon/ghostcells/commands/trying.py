"""`try`: the terminal notebook, or a recorded session played into the real daemon."""

import argparse
import contextlib
import importlib.util
import signal
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from ghostcells.commands.data import opened
from ghostcells.commands.learn import learn, material_of
from ghostcells.commands.output import command, complain, print_json
from ghostcells.trial import llama
from ghostcells.trial.local import NOT_THERE, local_model
from ghostcells.trial.sandbox import furnish

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends it from outside: a terminal that is closed sends the latter."""
_HEADING = "# Orders on call"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = command(
        commands,
        "try",
        "See ghosts in a small notebook in the terminal, with an invented service to operate.",
        examples="ghostcells try\nghostcells try --play\nghostcells try --model local\nghostcells try --data-dir ~/my-memory",
    )
    made.add_argument("--play", action="store_true", help="play a recorded session and print what happens")
    made.add_argument("--trace", type=Path, metavar="FILE", help="the recording to play instead of the packaged one")
    made.add_argument(
        "--model",
        choices=("local", "none"),
        help="local: ask a model on this computer, from Ollama or a llama.cpp server; none: memory alone",
    )
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Without a terminal the recording is played: there is nobody to type."""
    for number in _ENDINGS:
        # As Ctrl-C does, so that the folder with the invented service goes and the daemon's input closes.
        signal.signal(number, _interrupted)
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    plays = options.play or options.trace is not None or options.json or not interactive
    if not plays and importlib.util.find_spec("textual") is None:
        complain("the notebook needs textual: pip install 'ghostcells[try]'. Without it: ghostcells try --play")
        return 1
    with contextlib.ExitStack() as held:
        settings = _settings(options.model, held, plays=plays)
        if settings is None:
            complain(NOT_THERE)
            return 1
        scratch = held.enter_context(tempfile.TemporaryDirectory(prefix="ghostcells-try-"))
        own = options.data_dir is not None
        options.data_dir = options.data_dir or str(Path(scratch) / "data")
        folder = furnish(Path(scratch) / "orders")
        _seed(options, folder, only_if_empty=own)
        return _play(options, folder, settings) if plays else _show(options, folder, settings)


def _interrupted(number: int, frame: object) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def _settings(model: str | None, held: contextlib.ExitStack, *, plays: bool) -> dict[str, Any] | None:
    """What the daemon is told as an editor would: a recording is played with memory alone, unless a model is asked for."""
    if model == "local":
        found = local_model() or _packaged(held)
        return None if found is None else {"model": found}
    return {"model": {"provider": "none"}} if plays or model == "none" else {}


def _packaged(held: contextlib.ExitStack) -> dict[str, Any] | None:
    """The model that comes as a package, where it is installed: its server is started, and held."""
    weights = llama.weights()
    if weights is None:
        return None
    try:
        url = held.enter_context(llama.serving(weights))
    except OSError as error:
        complain(str(error))
        return None
    complain(f"asking {llama.NAME}: see it write, but do not run what it suggests")
    return {"provider": "openai", "baseUrl": url, "name": llama.NAME}


def _seed(options: argparse.Namespace, folder: Path, *, only_if_empty: bool) -> None:
    """Let the daemon read the runbook that comes along, unless the user's own memory has something to say."""
    runbook = folder / "on-call.md"
    runbook.write_text(
        (resources.files("ghostcells.trial") / "runbook.md").read_text(encoding="utf-8"), encoding="utf-8"
    )
    with opened(options) as data:
        if not only_if_empty or not data.examples.count():
            outcome = learn(data, [material_of(runbook)])
            if outcome.interrupted:
                raise KeyboardInterrupt


def _daemon(options: argparse.Namespace) -> list[str]:
    config = ["--config", options.config] if options.config else []
    return [sys.executable, "-m", "ghostcells", "serve", "--data-dir", options.data_dir, *config]


def _show(options: argparse.Namespace, folder: Path, settings: dict[str, Any]) -> int:
    from ghostcells.trial.screen import TrialApp

    app = TrialApp(_daemon(options), folder, _HEADING, settings)
    app.run()
    return app.return_code or 0


def _play(options: argparse.Namespace, folder: Path, settings: dict[str, Any]) -> int:
    import asyncio

    from ghostcells.trial.client import DaemonEnded, Refused
    from ghostcells.trial.play import NoGhost, play, recorded

    told: list[dict[str, str]] = []

    def tell(step: str, text: str) -> None:
        told.append({"step": step, "text": text})
        if not options.json:
            print(f"{step:<9} {text}", flush=True)

    try:
        asyncio.run(play(_daemon(options), folder, _HEADING, recorded(options.trace), tell, settings))
    except (NoGhost, DaemonEnded, Refused) as error:
        complain(str(error))
        return 1
    finally:
        if options.json:
            print_json(told)
    return 0
