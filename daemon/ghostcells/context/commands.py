"""A piece of shell as the simple commands that it would run, whatever they stand in.

Read by tree-sitter's grammar where it is installed (the extra `shell`), else by `scan`. Quotes are gone from `argv`,
variables are not replaced, and what a command is fed stands with it. What is risky about it is `safety`'s matter.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ghostcells.context import scan
from ghostcells.context.grammar import parser

_MAX_CHARS = 20_000
_QUOTED = frozenset({"string", "translated_string"})
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>"})


class Command(msgspec.Struct, frozen=True):
    """`env` are the assignments before it, `writes` the files it is redirected to, `stdin` its here-document.

    `fed_by` are the commands before it in the pipeline, `given` those whose output is among its arguments or its input.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    writes: tuple[str, ...] = ()
    stdin: str = ""
    fed_by: tuple["Command", ...] = ()
    given: tuple["Command", ...] = ()

    @property
    def program(self) -> str:
        return self.argv[0].rpartition("/")[2] if self.argv else ""


def commands_in(text: str) -> tuple[Command, ...]:
    """Every simple command of the text, those in substitutions, subshells and functions too."""
    text = scan.without_placeholders(text[:_MAX_CHARS])
    grammar = parser()
    try:
        if grammar is None:
            return tuple(_from_scan(scan.scanned(text)))
        source = text.encode("utf-8", "replace")
        return tuple(_Reader(source).read(grammar.parse(source).root_node, ()))
    except RecursionError:  # hundreds of brackets in each other: nothing that anyone runs
        return ()


def _from_scan(simple: list[scan.Simple]) -> Iterator[Command]:
    pipeline: list[Command] = []
    for piece in simple:
        if not piece.piped:
            pipeline = []
        given = tuple(command for inner in piece.substitutions for command in _from_scan(scan.scanned(inner)))
        env = []
        words = list(piece.words)
        while words and words[0].assignment:
            name, _, value = words.pop(0).text.partition("=")
            env.append((name, value))
        argv = tuple(word.text for word in words)
        command = Command(argv, tuple(env), piece.writes, piece.stdin, tuple(pipeline), given)
        yield from given
        yield command
        pipeline.append(command)


class _Reader:
    def __init__(self, source: bytes) -> None:
        self._source = source

    def read(self, node: Any, fed_by: tuple[Command, ...]) -> list[Command]:
        match node.type:
            case "command":
                return self._command(node, fed_by, (), "", [])
            case "pipeline":
                return self._pipeline(node, fed_by)
            case "redirected_statement":
                return self._redirected(node, fed_by)
            case "variable_assignment":
                return [*self._children(node, ()), Command((), (self._assignment(node),))]
            case "declaration_command":
                env = tuple(self._assignment(child) for child in node.children if child.type == "variable_assignment")
                return [*self._children(node, ()), Command(("export",), env)]
            case "comment":
                return []
            case _:
                return self._children(node, fed_by)

    def _children(self, node: Any, fed_by: tuple[Command, ...]) -> list[Command]:
        found: list[Command] = []
        for child in node.named_children:
            if child.type == "variable_assignment" and node.type == "declaration_command":
                found += self._children(child, ())
            else:
                found += self.read(child, fed_by)
        return found

    def _pipeline(self, node: Any, fed_by: tuple[Command, ...]) -> list[Command]:
        found: list[Command] = []
        for child in node.named_children:
            inner = self.read(child, fed_by)
            found += inner
            fed_by = (*fed_by, *inner)
        return found

    def _redirected(self, node: Any, fed_by: tuple[Command, ...]) -> list[Command]:
        redirects = [child for child in node.children if child.type in _REDIRECTS]
        body = node.child_by_field_name("body")
        writes = tuple(self._target(child) for child in redirects if self._writes(child))
        stdin = "\n".join(filter(None, map(self._stdin, redirects)))
        given = [command for child in redirects for command in self._substituted(child)]
        if body is None:
            found = [*given, Command((), (), writes, stdin, fed_by, tuple(given))]
        elif body.type == "command":
            found = self._command(body, fed_by, writes, stdin, given)
        else:
            inner = self.read(body, fed_by)
            found = [*given, *(msgspec.structs.replace(one, stdin=one.stdin or stdin) for one in inner)]
            found.append(Command((), (), writes))
        following = [
            part
            for child in redirects
            if child.type == "heredoc_redirect"
            for part in child.named_children
            if part.type not in {"heredoc_start", "heredoc_body", "heredoc_end", "file_redirect"}
        ]
        for part in following:  # `cat <<E | sh`: the grammar keeps what follows the word inside the redirect
            found += self.read(part, (*fed_by, *found) if part.type == "pipeline" else ())
        return found

    def _command(
        self, node: Any, fed_by: tuple[Command, ...], writes: tuple[str, ...], stdin: str, given: list[Command]
    ) -> list[Command]:
        words: list[str] = []
        env: list[tuple[str, str]] = []
        for child in node.named_children:
            if child.type == "variable_assignment":
                env.append(self._assignment(child))
            elif child.type == "command_name":
                words.append(self._word(child.named_children[0] if child.named_children else child))
            elif child.type in _REDIRECTS:
                stdin = stdin or self._stdin(child)
                writes = (*writes, self._target(child)) if self._writes(child) else writes
            else:
                words.append(self._word(child))
        inner = [*given, *self._substituted(node)]
        return [*inner, Command(tuple(words), tuple(env), writes, stdin, fed_by, tuple(inner))]

    def _substituted(self, node: Any) -> list[Command]:
        found: list[Command] = []
        for child in node.named_children:
            if node.type == "heredoc_redirect" and child.type not in {"heredoc_body", "file_redirect"}:
                continue
            found += self._children(child, ()) if child.type in _SUBSTITUTIONS else self._substituted(child)
        return found

    def _assignment(self, node: Any) -> tuple[str, str]:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        return (self._raw(name) if name else "", self._word(value) if value else "")

    def _writes(self, node: Any) -> bool:
        return node.type == "file_redirect" and any(child.type in _WRITING for child in node.children)

    def _target(self, node: Any) -> str:
        destination = node.child_by_field_name("destination")
        return self._word(destination) if destination else ""

    def _stdin(self, node: Any) -> str:
        if node.type == "heredoc_redirect":
            return "".join(self._raw(child) for child in node.children if child.type == "heredoc_body")
        if node.type == "herestring_redirect" and node.named_children:
            return self._word(node.named_children[-1])
        return ""

    def _raw(self, node: Any) -> str:
        return str(self._source[node.start_byte : node.end_byte].decode("utf-8", "replace"))

    def _word(self, node: Any) -> str:
        text = self._raw(node)
        match node.type:
            case "raw_string":
                return text[1:-1]
            case "ansi_c_string":
                return text[2:-1]
            case kind if kind in _QUOTED:
                return scan.unescaped(text.removeprefix("$")[1:-1], quoted=True)
            case "concatenation":
                return "".join(self._word(child) for child in node.children)
            case "word":
                return scan.unescaped(text, quoted=False)
            case _:
                return text
