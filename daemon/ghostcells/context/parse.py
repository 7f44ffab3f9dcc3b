"""Model text -> cells, while it arrives.

The parser works on whole lines, so that it does not matter how the text was cut into pieces, and gives only what later
text cannot take back: the last, unfinished line of code is held, and prose after code is held until more code follows it
(trailing chatter never does). What the drafts are worth is `checks`' matter.
"""

import re
from enum import Enum, auto

import msgspec

from ghostcells.context.fences import Fence, Heredoc, fence_of, heredoc_in, may_become_fence
from ghostcells.context.languages import (
    MARKDOWN_LABELS,
    OUTPUT_LABELS,
    PROMPT,
    PYTHON_MORE,
    PYTHON_PROMPT,
    is_shell,
    looks_like_code,
    may_become_code,
    notebook_language,
)
from ghostcells.domain.notebook import CellKind

MAX_CHARS = 64 * 1024
"""What a model says beyond this is not read: no step is as long, and a server that never stops must not fill memory."""
_CONNECTIVE = re.compile(r"(?:and|then|and then|followed by|next|finally|after that|afterwards)\W*", re.IGNORECASE)
_ANNOUNCES_OUTPUT = re.compile(
    r"\b(?:outputs?|results?|respon[ds]\w*|prints?|returns?|shows?|displays?|should see|looks? like|similar to)\b",
    re.IGNORECASE,
)
_FILLERS = ("sure", "certainly", "of course", "here is", "here's", "here\u2019s", "here are", "okay", "absolutely")
_FILLER = re.compile(rf"(?:{'|'.join(_FILLERS)})\b", re.IGNORECASE)
_CODE_SPAN = re.compile(r"^(`{1,2})([^`]+)\1[.]?$")
_TAG = re.compile(r"^</?(?:output|answer|response|cell|code|thinking|think)>$", re.IGNORECASE)


class Draft(msgspec.Struct, frozen=True):
    """A cell of the answer; `complete`: nothing that follows changes it."""

    kind: CellKind
    language: str
    text: str
    complete: bool


class _Mode(Enum):
    PROSE = auto()
    FENCED = auto()
    DROPPED = auto()
    BARE = auto()


class _Section:
    """A draft in the making; lines are only ever added at its end."""

    def __init__(self, kind: CellKind, language: str) -> None:
        self.kind = kind
        self.language = language
        self.complete = False
        self._text = ""
        self._blank = 0

    def add(self, line: str) -> None:
        line = line.rstrip()
        if not line:
            self._blank += bool(self._text)
            return
        blank = self._blank if self.kind is CellKind.CODE else min(self._blank, 1)
        self._text += ("\n" * (blank + 1) if self._text else "") + line
        self._blank = 0

    @property
    def text(self) -> str:
        return self._text

    @property
    def after_blank(self) -> bool:
        return self._blank > 0

    def draft(self, more: str = "") -> Draft:
        text = self._text
        if more.strip():
            text += ("\n" * (min(self._blank, 1) + 1) if text else "") + more.rstrip()
        return Draft(self.kind, self.language, text, self.complete)


class Parser:
    """Feed it pieces; `drafts` are the cells so far. `language` is what code in the notebook is written in."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._sections: list[_Section] = []
        self._held: list[str] = []
        self._mode = _Mode.PROSE
        self._fence = Fence(0, "```", "")
        self._wrappers: list[Fence] = []
        self._heredoc: Heredoc | None = None
        self._nested = 0
        self._prompts: bool | None = None
        self._continued = False
        self._tail = ""
        self._read = 0
        self._ended = False
        self._unclosed = False

    @property
    def balanced(self) -> bool:
        """Whether every fence that was opened has been closed."""
        return self._mode not in {_Mode.FENCED, _Mode.DROPPED} and not self._unclosed

    @property
    def overflowed(self) -> bool:
        """Whether the model said more than is read."""
        return self._read > MAX_CHARS

    @property
    def step_complete(self) -> bool:
        """Whether the first step is there and cannot grow: what follows is of no use, and the stream may be closed."""
        return any(section.kind is CellKind.CODE and section.complete and section.text for section in self._sections)

    @property
    def drafts(self) -> tuple[Draft, ...]:
        last = len(self._sections) - 1
        more = self._shown_tail()
        drafts = [section.draft(more if index == last else "") for index, section in enumerate(self._sections)]
        if more and (not drafts or drafts[-1].kind is not CellKind.MARKUP):
            drafts.append(Draft(CellKind.MARKUP, "markdown", more, complete=False))
        return tuple(draft for draft in drafts if draft.text)

    def feed(self, piece: str) -> tuple[Draft, ...]:
        if not self._ended and self._read <= MAX_CHARS:
            kept = piece[: MAX_CHARS - self._read]
            self._read += len(piece)
            *lines, self._tail = (self._tail + kept).split("\n")
            for line in lines:
                self._line(line.rstrip("\r"))
        return self.drafts

    def end(self) -> tuple[Draft, ...]:
        if not self._ended:
            tail, self._tail = self._tail, ""
            if tail.strip():
                self._line(tail.rstrip("\r"))
            self._ended = True
            for section in self._sections:
                section.complete = True
        return self.drafts

    # Lines

    def _line(self, line: str) -> None:
        match self._mode:
            case _Mode.PROSE:
                self._prose_line(line)
            case _Mode.FENCED | _Mode.DROPPED:
                self._fenced_line(line)
            case _Mode.BARE:
                self._bare_line(line)

    def _prose_line(self, line: str) -> None:
        fence = fence_of(line)
        if fence is not None:
            self._open(fence)
            return
        stripped = line.strip()
        if _TAG.match(stripped) or (_FILLER.match(stripped) and not self._sections):
            return
        if self._starts_code(line):
            self._mode = _Mode.BARE
            self._prompts, self._heredoc, self._continued = None, None, False
            self._code_section(self._language, joins=False)
            self._bare_line(line)
            return
        self._add_prose(line)

    def _add_prose(self, line: str) -> None:
        if self._sections and self._sections[-1].kind is CellKind.CODE:
            self._held.append(line)
            if line.strip() and not _CONNECTIVE.fullmatch(line.strip()):
                self._sections[-1].complete = True
            return
        if not self._sections:
            self._sections.append(_Section(CellKind.MARKUP, "markdown"))
        self._sections[-1].add(line)

    def _starts_code(self, line: str) -> bool:
        """Bare code: a prompt anywhere, or a plain command at the start, after an empty line or after a colon."""
        if PROMPT.match(line) and PROMPT.sub("", line) and is_shell(self._language):
            return True
        previous = self._previous_line()
        if previous and not previous.endswith(":"):
            return False
        span = _CODE_SPAN.match(line.strip())
        return looks_like_code(span[2] if span else line, self._language)

    def _previous_line(self) -> str:
        if self._held:
            return self._held[-1].strip()
        if not self._sections or self._sections[-1].kind is CellKind.CODE or self._sections[-1].after_blank:
            return ""
        return self._sections[-1].text.rpartition("\n")[2].strip()

    def _bare_line(self, line: str) -> None:
        fence = fence_of(line)
        if fence is not None and self._heredoc is None:
            self._mode = _Mode.PROSE
            self._open(fence)
            return
        span = _CODE_SPAN.match(line.strip())
        code = span[2] if span else line
        goes_on = (
            self._heredoc is not None
            or self._continued
            or not line.strip()
            or bool(PROMPT.match(line))
            or bool(self._prompts is not True and (line[0] in " \t|&" or looks_like_code(code, self._language)))
        )
        if goes_on:
            self._code_line(code)
            return
        self._mode = _Mode.PROSE
        self._prose_line(line)

    # Fences

    def _open(self, fence: Fence) -> None:
        if fence.label in MARKDOWN_LABELS and self._language not in MARKDOWN_LABELS:
            self._wrappers.append(fence)
            return
        if self._wrappers and fence.closes(self._wrappers[-1]):
            self._wrappers.pop()
            return
        self._fence, self._nested, self._heredoc, self._prompts = fence, 0, None, None
        self._continued = False
        if self._is_output(fence):
            self._mode = _Mode.DROPPED
            return
        self._mode = _Mode.FENCED
        self._code_section(notebook_language(fence.label, self._language), joins=True)

    def _is_output(self, fence: Fence) -> bool:
        if fence.label in OUTPUT_LABELS:
            return True
        has_code = any(section.kind is CellKind.CODE for section in self._sections)
        unlabelled = fence.label in {"", "text", "txt", "plaintext", "json", "yaml", "xml", "csv", "html"}
        said = next((line for line in reversed(self._held) if line.strip()), "")
        return has_code and unlabelled and bool(_ANNOUNCES_OUTPUT.search(said))

    def _code_section(self, language: str, *, joins: bool) -> None:
        """Where a new piece of code goes: into the code above, where only a connective stands between, or a new cell."""
        between = " ".join(line.strip() for line in self._held if line.strip())
        last = self._sections[-1] if self._sections else None
        if (
            joins
            and last is not None
            and last.kind is CellKind.CODE
            and last.language == language
            and not last.complete
            and (not between or _CONNECTIVE.fullmatch(between))
        ):
            self._held = []
            return
        for section in self._sections:
            section.complete = True
        if between:
            prose = _Section(CellKind.MARKUP, "markdown")
            for line in self._held:
                prose.add(line)
            prose.complete = True
            self._sections.append(prose)
        self._held = []
        self._sections.append(_Section(CellKind.CODE, language))

    def _fenced_line(self, line: str) -> None:
        fence = fence_of(line)
        if fence is None or fence.mark[0] != self._fence.mark[0] or len(fence.mark) < len(self._fence.mark):
            self._content(line)
        elif self._heredoc is not None and (fence.label or self._nested):
            self._nested += 1 if fence.label else -1
            self._content(line)
        elif fence.label:
            self._unclosed = True
            self._mode = _Mode.PROSE
            self._open(fence)
        else:
            self._mode = _Mode.PROSE
            self._heredoc = None

    def _content(self, line: str) -> None:
        if self._mode is _Mode.FENCED:
            indent = len(line) - len(line.lstrip(" "))
            self._code_line(line[min(indent, self._fence.indent) :])

    def _code_line(self, line: str) -> None:
        """A line of code without its prompt; in a transcript, lines without a prompt are output."""
        section = self._sections[-1]
        if self._heredoc is None and (line.strip() or self._continued):
            code = self._without_prompt(line, section.language)
            if code is None:
                return
            line = code
        section.add(line)
        if is_shell(section.language):
            self._continued = line.endswith("\\") and self._heredoc is None
            if self._heredoc is not None:
                self._heredoc = None if self._heredoc.ends(line) else self._heredoc
            else:
                self._heredoc = heredoc_in(line)

    def _without_prompt(self, line: str, language: str) -> str | None:
        prompt = PROMPT if is_shell(language) else PYTHON_PROMPT
        if self._prompts is None and line.strip():
            self._prompts = bool(prompt.match(line)) and not (is_shell(language) and line.startswith("$("))
        if not self._prompts:
            return line
        if self._continued:
            return re.sub(r"^>\s?", "", line)
        if prompt.match(line):
            return prompt.sub("", line, count=1)
        return PYTHON_MORE.sub("", line, count=1) if not is_shell(language) and PYTHON_MORE.match(line) else None

    # The unfinished line

    def _shown_tail(self) -> str:
        """As much of the unfinished line as is certain to stay prose of a cell that shows."""
        tail = self._tail
        if self._mode is not _Mode.PROSE or not tail.strip() or may_become_fence(tail) or tail.lstrip().startswith("<"):
            return ""
        if any(section.kind is CellKind.CODE for section in self._sections):
            return ""
        start = tail.lstrip().lower()
        filler = not self._sections and any(start.startswith(word[: len(start)]) for word in _FILLERS)
        if filler or PROMPT.match(tail) or may_become_code(tail, self._language):
            return ""
        return tail.rstrip()
