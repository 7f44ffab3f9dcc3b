"""Lines that open and close fenced blocks, and the here-documents in which such lines are text.

After CommonMark, but for what models get wrong: a fence may be indented as deeply as the list it stands in.
"""

import re

import msgspec

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)$")
_HEREDOC = re.compile(r"(?<!<)<<(?P<dash>-?)\s*(?P<quote>['\"\\]?)(?P<word>[A-Za-z_][\w.-]*)")
_LABEL = re.compile(r"^\{?\.?(?P<label>[\w+#.-]+)")


class Fence(msgspec.Struct, frozen=True):
    """`label` is the first word of the info string, in lower case; empty for a bare fence."""

    indent: int
    mark: str
    label: str

    def closes(self, opened: "Fence") -> bool:
        return not self.label and self.mark[0] == opened.mark[0] and len(self.mark) >= len(opened.mark)


def fence_of(line: str) -> Fence | None:
    found = _FENCE.match(line)
    if found is None:
        return None
    info = found["info"].strip()
    if "`" in info and found["mark"][0] == "`":  # ```ls``` on one line is a code span
        return None
    label = _LABEL.match(info)
    return Fence(len(found["indent"].expandtabs(4)), found["mark"], label["label"].lower() if label else info.lower())


def may_become_fence(start: str) -> bool:
    stripped = start.lstrip()
    return not stripped or stripped[0] in "`~"


class Heredoc(msgspec.Struct, frozen=True):
    word: str
    tabs: bool

    def ends(self, line: str) -> bool:
        return (line.lstrip("\t") if self.tabs else line).rstrip() == self.word


def heredoc_in(line: str) -> Heredoc | None:
    """The here-document that starts after this line of shell, if one does."""
    code = line.split(" #", 1)[0]
    found = _HEREDOC.search(code)
    return Heredoc(found["word"], bool(found["dash"])) if found else None
