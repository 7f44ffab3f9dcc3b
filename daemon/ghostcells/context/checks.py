"""What an answer must be before it is shown: assertions with a result each, and what is done about a failure.

The same code judges answers online and in evaluation. A failing assertion is repaired where leaving something out makes the
answer right, else the answer is silenced; which of the two is in `TABLE`. Nothing here adds to what the model said.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from ghostcells.context.grammar import parses
from ghostcells.context.languages import is_shell
from ghostcells.context.parse import Draft, Parser
from ghostcells.context.prompt import rule_lines
from ghostcells.domain.exchange import Page
from ghostcells.domain.notebook import GHOST_LANGUAGE, CellKind
from ghostcells.domain.trace import Assertion

Drafts = tuple[Draft, ...]


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Policy(StrEnum):
    REPAIR = "repair"
    SILENCE = "silence"


class Answer(msgspec.Struct, frozen=True):
    """What the parser made of a model's text; `cut` where the model stopped for want of room."""

    drafts: Drafts
    balanced: bool = True
    cut: bool = False

    @classmethod
    def of(cls, parser: Parser, *, cut: bool = False) -> "Answer":
        """The answer of a parser that was told the end."""
        return cls(parser.drafts, parser.balanced, cut or parser.overflowed)


class Asked(msgspec.Struct, frozen=True):
    """What the answer was asked for.

    `intent`: the anchor is prose that something is to be run for (`worth` says so, or the user by hand); `ran` what was run
    in this notebook, the last last; `ghosts` the URIs of cells that are ghosts.
    """

    page: Page
    intent: bool
    ran: tuple[str, ...] = ()
    ghosts: frozenset[str] = frozenset()

    @property
    def writes_prose(self) -> bool:
        return bool(self.page.before) and self.page.before[-1].kind is CellKind.MARKUP


class Checked(msgspec.Struct, frozen=True):
    """`drafts` is what may be shown, empty where the answer is silenced; `why` says why, in a sentence."""

    drafts: Drafts
    assertions: tuple[Assertion, ...]
    why: str = ""

    @property
    def silent(self) -> bool:
        return not self.drafts


class Check(msgspec.Struct, frozen=True):
    """`repair` leaves something out; where it is None a failure silences."""

    name: str
    judge: Callable[[Answer, Asked], Result]
    repair: Callable[[Answer, Asked], Drafts] | None
    why: str

    @property
    def policy(self) -> Policy:
        return Policy.SILENCE if self.repair is None else Policy.REPAIR


def check(answer: Answer, asked: Asked, overrides: dict[str, Policy] | None = None) -> Checked:
    """Every assertion's result on the answer, repaired on the way, and what of it may be shown.

    `overrides` are policies by assertion: to silence where the table would repair.
    """
    results: list[Assertion] = []
    why = "" if answer.drafts else "the model had nothing to suggest"
    for row in TABLE:
        result = row.judge(answer, asked)
        results.append(Assertion(row.name, result.value))
        if result is not Result.FAILED or why:
            continue
        repairs = row.repair is not None and (overrides or {}).get(row.name) is not Policy.SILENCE
        mended = _mended(row, answer, asked) if repairs else None
        if mended is None:
            why = row.why
        else:
            answer = mended
    return Checked(() if why else answer.drafts, tuple(results), why)


def _mended(row: Check, answer: Answer, asked: Asked) -> Answer | None:
    if row.repair is None:
        return None
    drafts = row.repair(answer, asked)
    mended = Answer(drafts)
    return mended if drafts and row.judge(mended, asked) is not Result.FAILED else None


def showable(drafts: Drafts, asked: Asked) -> Drafts:
    """What of a growing answer may show already: no prose where code is to come first, and one step.

    What it gives only grows, as the drafts do, and agrees with what `check` leaves of the whole.
    """
    kept = [
        draft for draft in drafts if not _is_bare(draft) and (draft.kind is CellKind.CODE or not asked.writes_prose)
    ]
    return _one_step(tuple(kept))


def _result(*, passed: bool) -> Result:
    return Result.PASSED if passed else Result.FAILED


def _code(drafts: Drafts) -> list[Draft]:
    return [draft for draft in drafts if draft.kind is CellKind.CODE]


def squeezed(text: str) -> str:
    return " ".join(text.split())


# The judgements


def _non_empty_doc(_: Answer, asked: Asked) -> Result:
    return _result(passed=any(cell.text.strip() for cell in asked.page.before))


def _no_ghost_of_ghost(answer: Answer, asked: Asked) -> Result:
    cells = asked.page.before + asked.page.after
    haunted = any(cell.looks_like_ghost or cell.uri in asked.ghosts for cell in cells)
    return _result(passed=not haunted and all(draft.language != GHOST_LANGUAGE for draft in answer.drafts))


def _balanced_fences(answer: Answer, _: Asked) -> Result:
    if not answer.drafts:
        return Result.SKIPPED
    return _result(passed=answer.balanced and not answer.cut)


def _without_loose_end(answer: Answer, _: Asked) -> Drafts:
    """Of an answer that broke off in a line, the whole lines; what merely lacks its closing fence is kept."""
    if not answer.cut or not answer.drafts:
        return answer.drafts
    *whole, last = answer.drafts
    text = last.text.rpartition("\n")[0].rstrip()
    return (*whole, msgspec.structs.replace(last, text=text)) if text else tuple(whole)


def _code_first(answer: Answer, asked: Asked) -> Result:
    if not asked.writes_prose or not answer.drafts:
        return Result.SKIPPED
    return _result(passed=answer.drafts[0].kind is CellKind.CODE)


def _from_first_code(answer: Answer, _: Asked) -> Drafts:
    drafts = answer.drafts
    while drafts and drafts[0].kind is not CellKind.CODE:
        drafts = drafts[1:]
    return drafts


def _code_after_intent(answer: Answer, asked: Asked) -> Result:
    if not asked.intent or not answer.drafts:
        return Result.SKIPPED
    return _result(passed=bool(_code(answer.drafts)))


def _one_step_judged(answer: Answer, _: Asked) -> Result:
    return _result(passed=_one_step(answer.drafts) == answer.drafts) if answer.drafts else Result.SKIPPED


def _one_step(drafts: Drafts) -> Drafts:
    """Up to the first code cell."""
    for index, draft in enumerate(drafts):
        if draft.kind is CellKind.CODE:
            return drafts[: index + 1]
    return drafts


def _not_just_run(answer: Answer, asked: Asked) -> Result:
    code = _code(answer.drafts)
    if not code or not asked.ran:
        return Result.SKIPPED
    return _result(passed=all(squeezed(draft.text) != squeezed(asked.ran[-1]) for draft in code))


def _no_echo(answer: Answer, asked: Asked) -> Result:
    return (
        _result(passed=not any(_echoes(draft, asked) for draft in answer.drafts)) if answer.drafts else Result.SKIPPED
    )


def _echoes(draft: Draft, asked: Asked) -> bool:
    """Whether a draft only says again what the prompt said.

    Prose: a cell's or the rules' own. Code: that of the anchor or of a cell that follows it, or an output; a command from
    farther above is run again often enough.
    """
    text = squeezed(draft.text)
    if draft.kind is CellKind.MARKUP:
        cells = asked.page.before + asked.page.after
        shown = [squeezed(cell.text) for cell in cells if cell.kind is CellKind.MARKUP] + list(rule_lines())
        return any(text == one or (len(text) > _TELLING and text in one) for one in shown)
    anchor = asked.page.before[-1:]
    shown = [squeezed(cell.text) for cell in (*anchor, *asked.page.after)]
    shown += [squeezed(output) for output in asked.page.outputs.values()]
    return text in shown or any(text == one for one in rule_lines()) or _has_prose(draft, asked)


def _has_prose(draft: Draft, asked: Asked) -> bool:
    """Whether code holds whole lines of the notebook's prose, as a small model says that continues with all it was shown."""
    cells = (*asked.page.before, *asked.page.after)
    prose = {squeezed(line) for cell in cells if cell.kind is CellKind.MARKUP for line in cell.text.splitlines()}
    lines = {squeezed(line) for line in draft.text.splitlines()}
    return any(len(line) > _TELLING and not line.startswith(_COMMENTS) for line in lines & prose)


_COMMENTS = ("#", "//", "--")


def _has_command(answer: Answer, _: Asked) -> Result:
    return _result(passed=not any(_is_bare(draft) for draft in answer.drafts)) if answer.drafts else Result.SKIPPED


def _is_bare(draft: Draft) -> bool:
    """Code that is nothing but comments, which nobody would run."""
    lines = [line.strip() for line in draft.text.splitlines() if line.strip()]
    return draft.kind is CellKind.CODE and all(line.startswith(_COMMENTS) and line[:2] != "#!" for line in lines)


def _without_bare(answer: Answer, _: Asked) -> Drafts:
    return tuple(draft for draft in answer.drafts if not _is_bare(draft))


_TELLING = 24
"""A shorter text may stand in another by chance."""


def _without_echoes(answer: Answer, asked: Asked) -> Drafts:
    return tuple(draft for draft in answer.drafts if not _echoes(draft, asked))


def _right_language(answer: Answer, asked: Asked) -> Result:
    """Code in a language that this notebook runs: its own, one of its cells', or a shell's."""
    code = _code(answer.drafts)
    if not code:
        return Result.SKIPPED
    known = {cell.language for cell in asked.page.before + asked.page.after if cell.kind is CellKind.CODE}
    known.add(asked.page.language)
    return _result(passed=all(draft.language in known or is_shell(draft.language) for draft in code))


def _shell_parses(answer: Answer, _: Asked) -> Result:
    shell = [draft.text for draft in _code(answer.drafts) if is_shell(draft.language)]
    verdicts = [parses(text) for text in shell]
    if not verdicts or None in verdicts:
        return Result.SKIPPED
    return _result(passed=all(verdicts))


TABLE: tuple[Check, ...] = (
    Check("NON_EMPTY_DOC", _non_empty_doc, None, "the document is empty"),
    Check("NO_GHOST_OF_GHOST", _no_ghost_of_ghost, None, "the answer was asked for a ghost"),
    Check("BALANCED_FENCES", _balanced_fences, _without_loose_end, "the answer broke off in its first line"),
    Check("NO_ECHO", _no_echo, _without_echoes, "the answer repeats what the notebook says"),
    Check("HAS_COMMAND", _has_command, _without_bare, "the answer is a comment"),
    Check("CODE_AFTER_INTENT", _code_after_intent, None, "the answer has no command where one was wanted"),
    Check("CODE_FIRST", _code_first, _from_first_code, "the answer is prose where the user writes prose"),
    Check("ONE_STEP", _one_step_judged, lambda answer, _: _one_step(answer.drafts), "the answer is more than one step"),
    Check("RIGHT_LANGUAGE", _right_language, None, "the answer is in a language that this notebook does not run"),
    Check("NOT_JUST_RUN", _not_just_run, None, "the answer is what was just run"),
    Check("SHELL_PARSES", _shell_parses, None, "the answer is no shell that parses"),
)
"""In the order of judging: a repaired answer is what the next assertion sees."""


def names() -> Sequence[str]:
    return [row.name for row in TABLE]
