"""A shell session as documents print it -> the commands, and what they printed."""

import re
import shlex
from collections.abc import Iterator

_AT = r"^\s{0,3}(?:\([\w.-]+\)\s?)?(?:\[?[\w.-]+@[\w.-]+[^$#%]{0,80})?"
_PROMPT = re.compile(_AT + r"[$%\u276f](?:\s+(?P<command>.*)|\s*)$")
_ROOT_PROMPT = re.compile(_AT + r"#(?:\s+(?P<command>.*)|\s*)$")
_SECOND_PROMPT = re.compile(r"^\s{0,3}>\s?(?P<more>.*)$")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_BLOCK = re.compile(r"^(?:for|while|until|if|case)\b")
_BLOCK_END = re.compile(r"(?:^|[;\s])(?:done|fi|esac)\s*(?:[|>&].*)?$")
_JOINED = re.compile(r"(?:\||&&|\{|\()\s*$")


def separate(text: str, *, transcript: bool) -> tuple[str, str]:
    """Commands without prompts, and the output. Text whose first line has no prompt is all commands.

    `transcript` says that the document calls it a session, where `#` may be root's prompt and not a comment.
    """
    lines = text.strip("\n").splitlines()
    prompt = _prompt_of(lines, transcript=transcript)
    if prompt is None:
        return "\n".join(lines).rstrip(), ""
    commands: list[str] = []
    output: list[str] = []
    pending = list(reversed(lines))
    while pending:
        line = pending.pop()
        match = prompt.match(line)
        if match is not None:
            if command := (match.group("command") or "").rstrip():
                commands.append("\n".join([command, *_further(command, pending)]))
        elif commands or not line.lstrip().startswith("#"):
            output.append(line)
    return "\n".join(commands), "\n".join(output).strip("\n")


def _prompt_of(lines: list[str], *, transcript: bool) -> re.Pattern[str] | None:
    """The prompt of this session, as the first line that is neither blank nor a comment has it."""
    told = [line for line in lines if line.strip()]
    first = next((line for line in told if not line.lstrip().startswith("#")), "")
    if _PROMPT.match(first):
        return _PROMPT
    return _ROOT_PROMPT if transcript and told and _ROOT_PROMPT.match(told[0]) else None


def _further(command: str, pending: list[str]) -> Iterator[str]:
    """The lines below that still belong to the command: after a backslash, in a here-document, behind a second prompt."""
    whole = command
    heredoc = _HEREDOC.search(command)
    while pending and (heredoc or whole.endswith("\\") or (_SECOND_PROMPT.match(pending[-1]) and _is_open(whole))):
        second = _SECOND_PROMPT.match(pending[-1])
        line = second.group("more") if second else pending[-1]
        pending.pop()
        whole += f"\n{line}"
        yield line
        if heredoc and line.strip() == heredoc.group(2):
            return


def _is_open(command: str) -> bool:
    """Whether a shell would ask for more. Only then is a `>` its second prompt: programs print that character too."""
    if _JOINED.search(command) or (_BLOCK.match(command) and not _BLOCK_END.search(command)):
        return True
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False
