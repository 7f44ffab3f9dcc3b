"""The settings of a running daemon: read from all sources, read again when the editor's change, told to the parts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ghostcells.config.load import load
from ghostcells.config.places import config_file
from ghostcells.config.schema import Settings
from ghostcells.engine.inputs import Policy


def policy_of(settings: Settings, *, model: bool = False, writer: str = "") -> Policy:
    """What the engine heeds of the settings."""
    suggest = settings.suggest
    return Policy(
        enabled=suggest.enabled,
        manual=suggest.mode == "manual",
        off_languages=frozenset(suggest.disabled_languages),
        off_notebooks=tuple(suggest.disabled_notebooks),
        model=model,
        writer=writer,
    )


def folder_of(uri: str) -> Path | None:
    """The directory of a `file:` URI; None for any other."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.path else None


class LiveSettings:
    """`tell` hears each problem text once; `apply` gets the settings whenever they were read."""

    def __init__(
        self,
        *,
        flag: str | None,
        folders: tuple[str, ...],
        environ: Mapping[str, str],
        tell: Callable[[str], None],
        apply: Callable[[Settings], None],
    ) -> None:
        self._file, self._named = config_file(flag, environ)
        self._folders = [folder for uri in folders if (folder := folder_of(uri)) is not None]
        self._environ = environ
        self._tell = tell
        self._apply = apply
        self._told: frozenset[str] = frozenset()

    def read(self, editor: object) -> None:
        """Read all sources, with what the editor has said last."""
        settings, problems = load(
            config=self._file,
            environ=self._environ,
            editor=editor,
            folders=self._folders,
            config_required=self._named,
        )
        texts = [str(problem) for problem in problems]
        fresh = [text for text in texts if text not in self._told]
        self._told = frozenset(texts)
        if fresh:
            self._tell("\n".join(fresh))
        self._apply(settings)
