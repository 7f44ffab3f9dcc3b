"""Where the data and the configuration file are: named by a flag or the environment, else the user's directories."""

from collections.abc import Mapping
from pathlib import Path

DATA_VARIABLE = "GHOSTCELLS_DATA_DIR"
CONFIG_VARIABLE = "GHOSTCELLS_CONFIG"
MODELS_VARIABLE = "GHOSTCELLS_MODELS_DIR"
OWN_VARIABLES = frozenset({DATA_VARIABLE, CONFIG_VARIABLE, MODELS_VARIABLE})
"""Variables of ours that are not settings."""
FILE_NAME = "config.toml"


def data_dir(flag: str | None, environ: Mapping[str, str]) -> Path:
    """The directory that holds everything that is stored; it need not exist."""
    named = flag or environ.get(DATA_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("ghostcells", appauthor=False)


def config_file(flag: str | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The configuration file, and whether somebody named it (then it has to exist)."""
    named = flag or environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser().absolute(), True
    from platformdirs import user_config_path

    return user_config_path("ghostcells", appauthor=False) / FILE_NAME, False


def models_dir(environ: Mapping[str, str]) -> Path:
    """Where models are installed, for all data directories of the user."""
    if named := environ.get(MODELS_VARIABLE):
        return Path(named).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("ghostcells", appauthor=False) / "models"
