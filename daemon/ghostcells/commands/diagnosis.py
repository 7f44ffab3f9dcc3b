"""What `doctor` looks at: one small function per question, each with an answer and, if that is bad, the next step."""

import argparse
import errno
import importlib.util
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from ghostcells import __version__
from ghostcells.app.decisions import last_decisions
from ghostcells.app.logs import LOGS
from ghostcells.commands.data import answered, opened
from ghostcells.commands.settings import checked, data_dir_of
from ghostcells.config.load import Problem
from ghostcells.config.places import config_file, models_dir
from ghostcells.config.schema import Settings
from ghostcells.domain.decisions import ADVICE
from ghostcells.domain.errors import GhostcellsError
from ghostcells.domain.words import counted, moment, short_name

_EXTRAS = {
    "minilm": ("numpy", "onnxruntime", "tokenizers"),
    "try": ("textual",),
    "completion": ("shtab",),
    "keyring": ("keyring",),
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "tokens": ("rs_bpe",) if sys.version_info < (3, 14) else ("bpe_openai",),
    "shell": ("tree_sitter", "tree_sitter_bash"),
}
_LATELY = 50
_ROOM = 16 * 1024
"""As many bytes as a few runs take."""
_SDKS = {"openai": "openai", "azure": "openai", "ollama": "openai", "anthropic": "anthropic"}


class State(Enum):
    """LACKING is a wish that nothing depends on."""

    GOOD = "good"
    LACKING = "lacking"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True):
    about: str
    state: State
    text: str
    advice: str = ""


def diagnose(options: argparse.Namespace) -> list[Finding]:
    """All questions, in the order in which a failure explains the later ones."""
    settings, problems = checked(options)
    findings = [
        Finding("ghostcells", State.GOOD, f"{__version__}, Python {platform.python_version()} at {sys.executable}"),
        *_configuration(options, problems),
        *(Finding("configuration", State.BAD, str(problem)) for problem in problems),
        _directory(options),
    ]
    if findings[-1].state is State.GOOD:
        findings += _data(options)
    findings += _lately(options)
    return [*findings, _embedder(settings), _provider(settings), *_extras()]


def _configuration(options: argparse.Namespace, problems: Sequence[Problem]) -> Iterator[Finding]:
    """The file, unless there is something to say of all of it, such as that one which was named is not there."""
    file, _ = config_file(options.config, os.environ)
    if not any((one.source, one.key) == (str(file), "") for one in problems):
        yield Finding("configuration", State.GOOD, f"{file}" if file.exists() else f"defaults ({file} does not exist)")


def _directory(options: argparse.Namespace) -> Finding:
    """Whether the data directory can be written, and has room; a missing one is tried at the nearest directory above."""
    directory = data_dir_of(options)
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(_ROOM))
    except OSError as error:
        wanted = "make room" if error.errno == errno.ENOSPC else "make it writable"
        advice = f"{wanted}, or name another: --data-dir DIR, GHOSTCELLS_DATA_DIR"
        return Finding("data", State.BAD, f"{directory}: {error.strerror}", advice)
    return Finding("data", State.GOOD, f"{directory}" if directory.exists() else f"{directory} (made when needed)")


def _data(options: argparse.Namespace) -> Iterator[Finding]:
    """Whether log and index can be read; a directory that does not exist is not made for that."""
    if not data_dir_of(options).exists():
        yield Finding(
            "memory", State.LACKING, "empty", "ghostcells learn PATH reads your runbooks; ghostcells try shows how"
        )
        return
    try:
        with opened(options) as data:
            count = data.examples.count()
            stats = answered(data.queries.stats())
    except (GhostcellsError, OSError) as error:
        yield Finding("log and index", State.BAD, str(error))
        return
    yield Finding(
        "log and index", State.GOOD, f"{counted(stats['executed'], 'run')}, {counted(stats['suggested'], 'suggestion')}"
    )
    advice = "" if count else "ghostcells learn PATH reads your runbooks; running cells teaches too"
    yield Finding("memory", State.GOOD if count else State.LACKING, counted(count, "example"), advice)


def _lately(options: argparse.Namespace) -> Iterator[Finding]:
    """Why something was suggested last, or why nothing was: what a daemon decided then."""
    found = last_decisions(data_dir_of(options) / LOGS, _LATELY)
    if not found:
        return
    last = found[0]
    where = f"{moment(last.time_ms)}, {short_name(last.notebook)}"
    if last.silence is None:
        yield Finding("last decision", State.GOOD, f"{where}: suggested, because {last.why}")
    else:
        text = f"{where}: nothing was suggested ({last.silence}): {last.why}"
        yield Finding("last decision", State.LACKING, text, ADVICE[last.silence])
    counts = Counter("suggested" if one.silence is None else str(one.silence) for one in found)
    said = ", ".join(f"{number} {name}" for name, number in counts.most_common())
    yield Finding("decisions", State.GOOD, f"the last {len(found)}: {said}")


def _embedder(settings: Settings) -> Finding:
    """Which embedder is in use; an installed one is made to embed a text."""
    wanted = settings.memory.embedder
    if wanted == "lexical":
        return Finding("embedder", State.GOOD, "lexical, as the configuration says")
    if wanted == "openai":
        return _paid_embedder()
    from ghostcells.embedders.install import installed, missing_modules

    state = State.BAD if wanted == "minilm" else State.LACKING
    if missing := missing_modules():
        text = f"lexical: the sentence model needs {', '.join(missing)}"
        return Finding("embedder", state, text, "pip install 'ghostcells[minilm]' && ghostcells models install")
    found = installed(models_dir(os.environ))
    if found is None:
        return Finding("embedder", state, "lexical: the sentence model is not installed", "ghostcells models install")
    try:
        from ghostcells.embedders.install import MODEL_FILE, TOKENIZER_FILE
        from ghostcells.embedders.minilm import SentenceModel

        SentenceModel(found.directory / MODEL_FILE, found.directory / TOKENIZER_FILE).vector("list all files")
    except Exception as error:  # noqa: BLE001 - whatever a native library raises is what the user has to hear
        advice = "ghostcells models remove && ghostcells models install"
        return Finding("embedder", State.BAD, f"the sentence model does not work: {error}", advice)
    return Finding("embedder", State.GOOD, f"minilm, in {found.directory}")


def _paid_embedder() -> Finding:
    """It is not asked: that would cost."""
    if importlib.util.find_spec("openai") is None:
        return Finding("embedder", State.BAD, "lexical: openai needs its package", "pip install openai numpy")
    if not os.environ.get("OPENAI_API_KEY", "").strip():
        return Finding("embedder", State.BAD, "lexical: openai needs a key", "set OPENAI_API_KEY")
    return Finding("embedder", State.GOOD, "openai, a paid service: redacted texts leave this machine")


def _provider(settings: Settings) -> Finding:
    """Which model would be asked, and whether it could be; it is not asked, since that may cost."""
    import asyncio

    from ghostcells.app.models import choose, prices_of, provider_config
    from ghostcells.providers.keys import KEYLESS, find_key
    from ghostcells.providers.registry import Registry

    try:
        choice = choose(settings, os.environ, prices_of(settings))
        if choice is None:
            return Finding("model", State.GOOD, "none: suggestions come from memory")
        found = asyncio.run(find_key(choice.provider, key_file=settings.model.api_key_file, environ=os.environ))
        Registry().create(choice.provider, msgspec.structs.replace(provider_config(settings, choice), key=found.key))
    except GhostcellsError as error:
        return Finding("model", State.BAD, str(error))
    package = _SDKS.get(choice.provider)
    if package is not None and importlib.util.find_spec(package) is None:
        text = f"{choice.provider} needs the package {package}; suggestions come from memory"
        return Finding("model", State.BAD, text, f"pip install 'ghostcells[{choice.provider}]'")
    if found.key is None and choice.provider not in KEYLESS and not choice.local:
        text = f"{choice.provider} has no key; suggestions come from memory"
        return Finding("model", State.BAD, text, "set its variable, or model.apiKeyFile (docs/providers.md)")
    where = f" at {choice.url}" if choice.url else ""
    key = f", key from {found.source}" if found.key is not None else ""
    because = "" if choice.source == "settings" else f", chosen because {choice.source} is set"
    return Finding("model", State.GOOD, f"{choice.provider} {choice.model}{where}{key}{because}", found.warning)


def _extras() -> Iterator[Finding]:
    for name, modules in _EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        state = State.LACKING if missing else State.GOOD
        text = f"without {', '.join(missing)}" if missing else "installed"
        yield Finding("extra", state, f"{name}: {text}", f"pip install 'ghostcells[{name}]'" if missing else "")
