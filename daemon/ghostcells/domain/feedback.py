"""What became of a suggestion, told once: when the cell that follows it runs."""

from enum import StrEnum

import msgspec


class Feedback(StrEnum):
    """How a run relates to the suggestion that stood in its place.

    A suggestion *recommends* where one candidate led clearly, and else lists several. What is listed is what could be cycled
    to, whether or not it was.
    """

    ACCEPTED = "accepted_recommendation"
    EDITED = "edited_recommendation"
    OVERRODE_LISTED = "overrode_with_listed"
    RAN_LISTED = "ran_listed_without_recommendation"
    RAN_UNLISTED = "ran_unlisted"
    NONE = "no_recent_suggestion"


class Fate(StrEnum):
    """What the user did with the suggested cell itself."""

    RAN = "ran"
    EDITED = "edited"
    DELETED = "deleted"
    DISMISSED = "dismissed"
    IGNORED = "ignored"


class Shown(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A ghost that was on show since the run before: what the learner weighs.

    `reason` is how it ended, empty while it shows.
    """

    cell: str
    text: str
    example: str | None = None
    reason: str = ""
    shown_ms: int = 0


class Judgement(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The one classification of `suggestion`; `passed` are the ghosts of it that were read and are not what ran."""

    feedback: Feedback
    suggestion: str | None = None
    fate: Fate | None = None
    passed: tuple[Shown, ...] = ()
