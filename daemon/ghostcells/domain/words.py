"""What is called otherwise in files and on the wire than people say it: for the terminal and for pages alike."""

from datetime import UTC, date, datetime
from urllib.parse import unquote, urlsplit

_EPOCH = date(1970, 1, 1).toordinal()

_STAGES = {
    "ahead": "begun before the rest was over",
    "words": "search by words",
    "vectors": "search by meaning",
    "rank": "weighing what was found",
    "prompt": "until the model was asked",
    "firstChunk": "until the model began to answer",
    "firstGhost": "until its first cell could be shown",
    "total": "in all",
}


def stage(name: str) -> str:
    """A stage of a trace in words."""
    return _STAGES.get(name, name)


def stage_order(name: str) -> int:
    """Stages are told in the order in which they happen; those without words first."""
    return list(_STAGES).index(name) if name in _STAGES else -1


_ASKED = {"asked": "by hand", "edit": "by typing", "focus": "by moving there", "executed": "by a run"}


def asked(trigger: str) -> str:
    """What set a suggestion off, in words."""
    return _ASKED.get(trigger, f"by {trigger}")


_VERDICTS = {
    "ran": "ran",
    "read": "read in a file",
    "failed": "failed",
    "rejected": "refused where it was suggested",
    "shown-and-run": "suggested and run",
    "overridden": "something else was run instead",
}


def verdict(name: str) -> str:
    """What counts for or against an example, in words."""
    return _VERDICTS.get(name, name)


def event_name(kind: str) -> str:
    """The type of a record in words: `SESSION_STARTED` is "session started"."""
    return kind.lower().replace("_", " ")


def usd(value: float) -> str:
    """US dollars; less than a cent in millionths."""
    return "$0" if value == 0 else f"${value:.6f}" if value < 0.01 else f"${value:.2f}"  # noqa: PLR2004 -- a cent


def share(value: float | None) -> str:
    """A share in percent; nothing where there is nothing to be a share of."""
    return "-" if value is None else f"{value:.0%}"


def counted(number: int, one: str) -> str:
    """How many there are of something."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def moment(time_ms: int | None) -> str:
    """A time (Unix ms) by the clock of this machine."""
    return "" if time_ms is None else f"{datetime.fromtimestamp(time_ms // 1000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def day_name(day: int) -> str:
    """A day, counted from that of the Unix epoch, in UTC."""
    return date.fromordinal(_EPOCH + day).isoformat()


def one_line(text: str | None, limit: int = 90) -> str:
    """The first line of a text, cut short; what is left out shows as an ellipsis."""
    line, _, more = (text or "").strip().partition("\n")
    return line if len(line) <= limit and not more else f"{line[: limit - 1]}…"


def short_name(uri: str) -> str:
    """The file name that a notebook's URI ends with."""
    return unquote(urlsplit(uri).path.rstrip("/").rsplit("/", 1)[-1]) or uri
