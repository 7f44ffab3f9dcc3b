"""When to suggest, how long to wait, what of an answer to show, and when new text replaces shown text.

All constants of judgement stand here. They are choices, not measurements, unless a source is named.
"""

from collections.abc import Sequence
from fnmatch import fnmatch

import msgspec

from ghostcells.domain.ghosts import Candidate
from ghostcells.domain.notebook import Cell, CellKind
from ghostcells.domain.trace import Outcome, Search
from ghostcells.engine.inputs import Policy

MAX_COMPUTATIONS = 2
"""Two may run: the one whose answer may still fit and the newest (as Zed's edit predictions do)."""
MAX_CANDIDATES = 3
"""A choice among more is a list to read, and nobody reads a list to save typing a line."""
MAX_RECALLED = 12
GRACE_MS = 2000
"""A cell that returns within this time was never removed (protocol)."""
SAME_BURST_MS = 2000
"""A longer pause between keys says nothing about the rhythm."""
RHYTHM_WEIGHT = 0.3
GAP_SHARE = 0.75
AHEAD_MS = 30
"""How long before a rest is over memory begins to look, so that its answer is there when it is: an embedding, a search among
ten thousand examples and their ranking take half of that."""
AHEAD_SHARE = 0.75
"""Of a short rest it begins after a quarter: who types on within that is not thought about at all."""
MAX_MEMORY_DELAY_MS = 160
KEEP_MARGIN = 0.1
"""A shown ghost stays while it is among the answers and this close to the best: a redraw costs more than it brings."""
CLEAR_LEAD = 0.15
"""A lead in confidence from which one candidate is recommended and not one of several offered."""
ASKED_SHARE = 0.5
"""Who asks by hand gets to see candidates down to this share of the usual confidence."""
MODEL_GAPS = 2.5
"""A pause of so many usual gaps between keys is a rest that a model is asked after."""
MIN_MODEL_DELAY_MS = 150
MAX_MODEL_DELAY_MS = 600
GROWTH_MS = 50
"""A growing ghost is published at most twenty times a second (protocol)."""
MEMORY = "memory"
"""The name under which is counted that memory as a whole could not be searched."""
MAX_RECENT = 20
MAX_RAN = 64
KEPT_OUTPUT = 20_000
"""Characters of an output that a model's excerpt is cut from."""
BELOW_CELLS = 3
KEPT_KNOWN = 256
"""Of so many suggested cells it is known how they ended, besides those in open notebooks; of all others the log knows."""
SWEEP = 64
"""After so many more it is looked which of them are to be kept, since that goes through all open notebooks."""
CONTEXT_CELLS = 64
"""How far above a cell its context is looked for."""
HUGE_CHARS = 20_000
"""Nobody writes such a cell by hand; what looks at all of it would keep everybody waiting."""
MAX_RUN_CHARS = 262_144
MAX_OUTPUT_CHARS = 16_384
SHELLS = frozenset({"shellscript", "bash", "sh", "zsh", "shell"})


def squeeze(text: str) -> str:
    """The text with white space folded: what has to change before it is thought about again; of a huge one its end."""
    if len(text) > HUGE_CHARS:
        return f"{len(text)} {' '.join(text[-HUGE_CHARS:].split())}"
    return " ".join(text.split())


def rhythm(gap_ms: float | None, edited_ms: int, now_ms: int) -> float | None:
    """The running mean of the time between keys, after a key at `now_ms`."""
    gap = now_ms - edited_ms
    if edited_ms == 0 or gap > SAME_BURST_MS:
        return gap_ms
    return float(gap) if gap_ms is None else gap_ms + RHYTHM_WEIGHT * (gap - gap_ms)


def memory_delay(policy: Policy, gap_ms: float | None) -> int:
    """How long to rest before memory is asked: a share of the typist's usual gap, so that it rarely fires within a word."""
    if gap_ms is None:
        return policy.memory_delay_ms
    return int(min(max(GAP_SHARE * gap_ms, policy.memory_delay_ms), MAX_MEMORY_DELAY_MS))


def ahead(delay_ms: int) -> int:
    """How long before the end of a rest of that length memory begins to look."""
    return min(AHEAD_MS, int(AHEAD_SHARE * delay_ms))


def model_delay(gap_ms: float | None) -> int:
    """How long to rest before a model is asked: longer than for memory, since it costs and takes longer to read."""
    wanted = 0.0 if gap_ms is None else MODEL_GAPS * gap_ms
    return int(min(max(wanted, MIN_MODEL_DELAY_MS), MAX_MODEL_DELAY_MS))


def asks_model(policy: Policy, trigger: str) -> bool:
    """Whether a model may be asked: not for merely moving to a cell, which whoever reads a notebook does all the time."""
    return policy.model and trigger != "focus"


def is_command(text: str) -> bool:
    """Whether a code cell holds something that could be suggested."""
    return len(text) <= HUGE_CHARS and bool(text.strip())


def only_comments(text: str) -> bool:
    """Whether a code cell holds nothing but comments: an intent, written where the command will stand."""
    if len(text) > HUGE_CHARS:
        return False
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith(("#", "//", "--")) and not line.startswith("#!") for line in lines)


def unwritten(cell: Cell) -> bool:
    """Whether a cell is where the command itself is to stand: a code cell that is empty, or holds only comments."""
    return cell.kind is CellKind.CODE and (not cell.text.strip() or only_comments(cell.text))


def switched_off(policy: Policy, notebook: str, language: str) -> bool:
    return (
        not policy.enabled
        or language in policy.off_languages
        or any(fnmatch(notebook, pattern) for pattern in policy.off_notebooks)
    )


def where_off(policy: Policy, notebook: str) -> str:
    """Where the switch is that `switched_off` has found."""
    if not policy.enabled:
        return "everywhere"
    return "here" if any(fnmatch(notebook, pattern) for pattern in policy.off_notebooks) else "for this language"


def worth_thinking(policy: Policy, notebook: str, cell: Cell, *, follows_run: bool = False) -> bool:
    """Whether a change of this cell may lead to a suggestion at all; an empty one only says something right after a run."""
    says = bool(cell.text.strip()) or (follows_run and cell.kind is CellKind.CODE)
    return not policy.manual and says and not switched_off(policy, notebook, cell.language)


def fitting_language(language: str, cells: Sequence[Cell]) -> str:
    """A shell's language under the name that this notebook uses for it; any other as it is."""
    if language not in SHELLS:
        return language
    for cell in reversed(cells):
        if cell.kind is CellKind.CODE and cell.language in SHELLS:
            return cell.language
    return language


def code_language(cells: Sequence[Cell], notebook_type: str) -> str:
    """What code is written in here: as the last code cell of `cells`, else as is usual in notebooks of this type."""
    for cell in reversed(cells):
        if cell.kind is CellKind.CODE and cell.language:
            return cell.language
    if "jupyter" in notebook_type or "ipynb" in notebook_type:
        return "python"
    return "sql" if "sql" in notebook_type else "shellscript"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def same_command(one: str, other: str) -> bool:
    return _lines(one) == _lines(other)


def may_become(growing: str, shown: str) -> bool:
    """Whether whole lines of a growing command still agree with the one that shows."""
    lines = _lines(growing)
    return _lines(shown)[: len(lines)] == lines


def selected(
    candidates: Sequence[Candidate], threshold: float, policy: Policy, present: Sequence[str]
) -> tuple[Candidate, ...]:
    """What may be shown, best first: sure enough, not switched off, not there already, each text once."""
    seen = {squeeze(text) for text in present}
    chosen: list[Candidate] = []
    for candidate in candidates:
        key = squeeze(candidate.text)
        if candidate.confidence < threshold or not key or key in seen or candidate.language in policy.off_languages:
            continue
        seen.add(key)
        chosen.append(candidate)
    return tuple(chosen[:MAX_CANDIDATES])


def gap(chosen: Sequence[Candidate]) -> float | None:
    """By how much the first leads, where there is a second."""
    return chosen[0].confidence - chosen[1].confidence if len(chosen) > 1 else None


def outcome(chosen: Sequence[Candidate], failed: Sequence[str] = ()) -> Outcome:
    """A clear leader is recommended. Where a search failed none is clear: what it would have found may be better."""
    if not chosen:
        return Outcome.SILENT
    lead = gap(chosen)
    return Outcome.RECOMMENDED if not failed and (lead is None or lead >= CLEAR_LEAD) else Outcome.OFFERED


def search(outcome: Outcome, known: int | None, failed: Sequence[str]) -> Search:
    """How a search is counted; `known` is how many examples there are, as far as that could be found out."""
    if outcome is Outcome.RECOMMENDED:
        return Search.RECOMMENDED
    if outcome is Outcome.OFFERED or failed:
        return Search.ASK_USER
    return Search.NO_EXAMPLES if known == 0 else Search.NO_MATCHES


def by_model(policy: Policy) -> str:
    """Where a model's ghost comes from, as its label says."""
    return f"written by {policy.writer}" if policy.writer else "written by a model"


def label(chosen: Sequence[Candidate], index: int) -> str | None:
    """Where a candidate comes from; of a close race also that there is a choice."""
    said = chosen[index].label
    if outcome(chosen) is not Outcome.OFFERED or len(chosen) < 2:  # noqa: PLR2004 - one is no choice
        return said
    return f"{index + 1} of {len(chosen)}: {said}" if said else f"{index + 1} of {len(chosen)}"


def still_fits(shown: str, chosen: Sequence[Candidate]) -> int | None:
    """The place of the shown text among new candidates, where it is good enough to stay."""
    for index, candidate in enumerate(chosen):
        if candidate.text == shown:
            return index if candidate.confidence >= chosen[0].confidence - KEEP_MARGIN else None
    return None


def in_language(candidate: Candidate, language: str) -> Candidate:
    return candidate if candidate.language == language else msgspec.structs.replace(candidate, language=language)
