"""Points in time as people type them."""

import re
import time
from datetime import datetime

from ghostcells.domain.errors import ConfigError

_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
WANTED = "an age such as 7d or 12h, or a time such as 2025-03-31 or 2025-03-31T14:00"


def moment_ms(text: str, option: str) -> int:
    """Unix milliseconds of a time, here and now where it has no zone, or of an age before now; raises `ConfigError`."""
    age = re.fullmatch(r"(\d+)([mhdw])", text.strip())
    if age is not None:
        return round((time.time() - int(age[1]) * _UNITS[age[2]]) * 1000)
    try:
        return round(datetime.fromisoformat(text.strip()).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"{option}: expected {WANTED}, got {text!r}") from error
