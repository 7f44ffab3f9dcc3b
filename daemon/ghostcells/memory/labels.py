"""Why a remembered command is suggested, in a few words for the user."""

from ghostcells.domain.examples import Example
from ghostcells.domain.ghosts import Caution
from ghostcells.domain.words import short_name

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
REDACTED = "[redacted:"
LEFT_OUT = "…"
"""What stands in an outline of a command for what was left out (reading/habits.py)."""


def label(example: Example, now_ms: int, *, notebook: str) -> str:
    """For example "you ran this 3 days ago in deploy.md"."""
    place = "here" if example.situation.notebook == notebook else f"in {short_name(example.situation.notebook)}"
    if not example.runs:
        return f"from {_source(example.situation.notebook, notebook)}, not run yet"
    when = ago(now_ms - example.last_ms)
    if example.runs > 1:
        return f"you ran this {example.runs} times, last {when}"
    return f"you ran this {when} {place}"


def _source(uri: str, here: str) -> str:
    """Where something was read."""
    if uri == here:
        return "this notebook"
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "history":
            return f"your {rest} history"
        case "tldr":
            return f"the tldr page of {rest}"
        case _:
            return f"runbook {short_name(uri)}"


def ago(passed_ms: int) -> str:
    """A duration as people say it."""
    if passed_ms < 2 * _MINUTE:
        return "just now"
    if passed_ms < 2 * _HOUR:
        return f"{passed_ms // _MINUTE} minutes ago"
    if passed_ms < _DAY:
        return f"{passed_ms // _HOUR} hours ago"
    days = passed_ms // _DAY
    return "yesterday" if days == 1 else f"{days} days ago"


def cautions(text: str) -> tuple[Caution, ...]:
    """A remembered command of which something was taken out cannot run as it stands."""
    said = []
    if REDACTED in text:
        said.append(
            Caution("redacted-secret", "A secret was removed when this was remembered: fill it in before running.")
        )
    if LEFT_OUT in text:
        said.append(Caution("incomplete", "Arguments were left out when this was read: fill in each … before running."))
    return tuple(said)
