"""A careful reader of shell for where no grammar is installed: words, operators, quotes, comments, substitutions.

It knows no grammar of compound commands; their words (`if`, `do`, `{`) are skipped where a command begins. That is enough
to find which programs run with which arguments, which is all that is asked of it.
"""

import re

import msgspec

from ghostcells.context.fences import Heredoc, heredoc_in

_RESERVED = frozenset(
    {
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "while",
        "until",
        "do",
        "done",
        "!",
        "{",
        "}",
        "time",
        "coproc",
        "esac",
        "function",
    }
)
_LISTS = frozenset({"for", "select", "case"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_PLACEHOLDER = re.compile(r"(?<![<\d])<([A-Za-z](?:[\w. :/-]{0,60}\w)?)>(?!>)")
_BREAKS = ";\n&|()"
_SPECIAL = frozenset('$`"\\\n')


class Word(msgspec.Struct, frozen=True):
    text: str
    assignment: bool


class Simple(msgspec.Struct):
    """A simple command; `piped` where its input is the one before it."""

    words: list[Word] = []
    piped: bool = False
    writes: tuple[str, ...] = ()
    stdin: str = ""
    substitutions: list[str] = []


def without_placeholders(text: str) -> str:
    """The text with every `<name>` as the plain word `%name%`, which a shell would not take for a redirection."""
    return _PLACEHOLDER.sub(lambda found: f"%{found[1].replace(' ', '_')}%", text)


def unescaped(text: str, *, quoted: bool) -> str:
    """Without the backslashes that the shell would take away."""
    if "\\" not in text:
        return text
    result, index = [], 0
    while index < len(text):
        char = text[index]
        if char == "\\" and index + 1 < len(text) and (not quoted or text[index + 1] in _SPECIAL):
            index += 1
            if text[index] != "\n":
                result.append(text[index])
        else:
            result.append(char)
        index += 1
    return "".join(result)


def scanned(text: str) -> list[Simple]:
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[Simple] = []
        self._now = Simple()
        self._redirect = ""
        self._heredocs: list[tuple[Heredoc, Simple]] = []

    def run(self) -> list[Simple]:
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            if char in " \t":
                self._at += 1
            elif text.startswith("\\\n", self._at):
                self._at += 2
            elif char == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            elif char in "<>" or (char == "&" and text.startswith("&>", self._at)):
                self._angle()
            elif char in _BREAKS:
                self._break(char)
            else:
                self._word()
        self._finish(piped=False)
        return self._found

    def _break(self, char: str) -> None:
        pipe = char == "|" and not self._text.startswith("||", self._at)
        self._at += 2 if self._text[self._at : self._at + 2] in {"&&", "||", "|&", ";;"} else 1
        self._finish(piped=pipe)
        if char == "\n":
            self._bodies()

    def _finish(self, *, piped: bool) -> None:
        now = self._now
        while now.words and (now.words[0].text in _RESERVED):
            now.words.pop(0)
        if now.words and now.words[0].text in _LISTS:
            now.words.clear()
        if now.words or now.writes or now.substitutions or now.stdin:
            self._found.append(now)
            self._now = Simple(piped=piped)
        else:
            self._now = Simple(piped=piped or now.piped)
        self._redirect = ""

    def _bodies(self) -> None:
        for heredoc, command in self._heredocs:
            lines = []
            while self._at < len(self._text):
                line, _, _ = self._text[self._at :].partition("\n")
                self._at += len(line) + 1
                if heredoc.ends(line):
                    break
                lines.append(line)
            command.stdin = "\n".join(lines)
        self._heredocs = []

    def _angle(self) -> None:
        text, at = self._text, self._at
        if text.startswith(("<(", ">("), at):
            self._word()
        elif text.startswith("<<<", at):
            self._redirect, self._at = "<<<", at + 3
        elif text.startswith("<<", at):
            line = text[at:].partition("\n")[0]
            heredoc = heredoc_in(line)
            self._redirect, self._at = "<<", at + (3 if text.startswith("<<-", at) else 2)
            if heredoc is not None:
                self._heredocs.append((heredoc, self._now))
        else:
            operator = re.match(r"&>>?|>>|>\||>&|<&|<>|[<>]", text[at:])
            self._redirect = operator[0] if operator else ">"
            self._at = at + len(self._redirect)

    def _word(self) -> None:
        parts: list[str] = []
        start = self._at
        text = self._text
        quoted = False
        while self._at < len(text):
            char = text[self._at]
            if char in " \t" or (char in _BREAKS and not text.startswith(("<(", ">("), self._at)):
                break
            if char in "<>" and not text.startswith(("<(", ">("), self._at):
                break
            quoted = quoted or (char in "'\"\\" and not parts)
            parts.append(self._part(char))
        word = "".join(parts)
        if self._at < len(text) and text[self._at] in "<>" and word.isdigit() and not quoted:
            return  # the number of a file descriptor
        if self._at == start:
            self._at += 1
        self._place(
            Word(word, not quoted and bool(_ASSIGNMENT.match(word)) and all(w.assignment for w in self._now.words))
        )

    def _place(self, word: Word) -> None:
        redirect, self._redirect = self._redirect, ""
        if not redirect:
            self._now.words.append(word)
        elif redirect == "<<<":
            self._now.stdin = word.text
        elif redirect.startswith((">", "&>")) and redirect != ">&":
            self._now.writes = (*self._now.writes, word.text)

    def _part(self, char: str) -> str:
        text, at = self._text, self._at
        if char == "'":
            end = text.find("'", at + 1)
            self._at = len(text) if end < 0 else end + 1
            return text[at + 1 : self._at - 1 if end >= 0 else self._at]
        if char == '"':
            return self._double()
        if char == "\\":
            self._at = at + 2
            return "" if text.startswith("\n", at + 1) else text[at + 1 : at + 2]
        if char == "`":
            end = text.find("`", at + 1)
            self._at = len(text) if end < 0 else end + 1
            self._now.substitutions.append(text[at + 1 : self._at - 1])
            return text[at : self._at]
        if text.startswith(("$(", "<(", ">("), at):
            end = self._closing(at + 2, "(", ")")
            if not text.startswith("$((", at):
                self._now.substitutions.append(text[at + 2 : end - 1])
            self._at = end
            return text[at:end]
        if text.startswith("${", at):
            self._at = self._closing(at + 2, "{", "}")
            return text[at : self._at]
        self._at = at + 1
        return char

    def _double(self) -> str:
        text = self._text
        self._at += 1
        parts: list[str] = []
        while self._at < len(text) and text[self._at] != '"':
            char = text[self._at]
            if char == "\\":
                parts.append(unescaped(text[self._at : self._at + 2], quoted=True))
                self._at += 2
            elif char == "`" or text.startswith(("$(", "${"), self._at):
                parts.append(self._part(char))
            else:
                parts.append(char)
                self._at += 1
        self._at += 1
        return "".join(parts)

    def _closing(self, at: int, opening: str, closing: str) -> int:
        """The place after the bracket that closes what was opened before `at`."""
        depth, quote, text = 1, "", self._text
        while at < len(text) and depth:
            char = text[at]
            if char == "\\" and quote != "'":
                at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char in opening + closing:
                depth += 1 if char == opening else -1
            at += 1
        return min(at, len(text)) if depth == 0 else len(text) + 1
