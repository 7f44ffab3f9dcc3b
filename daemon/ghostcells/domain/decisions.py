"""Why something was suggested, or was not: what became of one rest of the typing, without the text of any cell."""

from enum import StrEnum

import msgspec


class Silence(StrEnum):
    """The closed list of reasons for suggesting nothing; `ADVICE` has a next step for each."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    ABSTAINED = "abstained"
    PRESENT = "present"
    UNCHANGED = "unchanged"
    DEBOUNCED = "debounced"
    PROSE = "prose"
    OFTEN = "often"
    BUDGET = "budget"
    WITHHELD = "withheld"
    OFF = "off"
    MANUAL = "manual"
    PROVIDER_DOWN = "provider-down"
    CHECKED = "checked"
    MEMORY_DOWN = "memory-down"
    OUT_OF_STEP = "out-of-step"


ADVICE = {
    Silence.EMPTY: "write what you are about to do",
    Silence.UNKNOWN: "run it once, or let `ghostcells learn PATH` read your runbooks",
    Silence.ABSTAINED: "ask by hand to see it anyway, or lower memory.minConfidence",
    Silence.PRESENT: "",
    Silence.UNCHANGED: "write something else, or ask by hand",
    Silence.DEBOUNCED: "rest a moment longer, or ask by hand",
    Silence.PROSE: "ask by hand where prose is to be followed by a command",
    Silence.OFTEN: "ask by hand, or raise budget.sessionTokens",
    Silence.BUDGET: "raise budget.dayUsd or budget.notebookUsd, or wait for tomorrow",
    Silence.WITHHELD: "providers.offline, providers.allowPaths and model.inputTokens say what may be sent",
    Silence.OFF: "suggest.enabled, suggest.disabledLanguages and suggest.disabledNotebooks switch it on",
    Silence.MANUAL: 'ask by hand, or set suggest.mode = "auto"',
    Silence.PROVIDER_DOWN: "ghostcells doctor looks at the provider; memory goes on alone",
    Silence.CHECKED: "the trace has what the model answered, and which checks that passed",
    Silence.MEMORY_DOWN: "ghostcells logs has the details; ghostcells rebuild makes the index anew",
    Silence.OUT_OF_STEP: "close the notebook and open it again",
}
"""What the user can do about it."""


class Weighed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A candidate as it was judged. Its text is not kept here: that of `example` stands in memory, until it is forgotten."""

    score: float
    confidence: float
    source: str
    example: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was decided at `time_ms`, and why in a sentence. `silence` is None where something shows.

    `suggestion` is the id that the suggestion has or would have had: that of the trace, where there is one. Decisions written
    before it was always given may lack it. `cell` is the id of the cell that was written in.
    """

    time_ms: int
    notebook: str
    cell: str
    session: str | None
    trigger: str
    why: str
    silence: Silence | None = None
    suggestion: str | None = None
    stages_ms: dict[str, float] = {}
    candidates: tuple[Weighed, ...] = ()
