"""Programs in other languages that shell and notebooks carry: SQL given to a client, shell in a Python cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from ghostcells.context.commands import Command

_CLIENTS: dict[str, tuple[str, ...]] = {
    "psql": ("-c", "--command"),
    "mysql": ("-e", "--execute"),
    "mariadb": ("-e", "--execute"),
    "clickhouse-client": ("-q", "--query"),
    "clickhouse": ("-q", "--query"),
    "cqlsh": ("-e", "--execute"),
    "snowsql": ("-q", "--query"),
    "sqlcmd": ("-Q", "-q"),
    "trino": ("--execute",),
    "beeline": ("-e",),
    "cockroach": ("-e", "--execute"),
    "duckdb": ("-c",),
    "spark-sql": ("-e",),
    "hive": ("-e",),
}
_POSITIONAL = frozenset({"sqlite3", "bq", "duckdb"})
_LITERALS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|(?m:^\s*#[^\n]*$)", re.DOTALL)
_DROP = re.compile(
    r"^\s*(?:drop\s+(?:table|database|schema|view|materialized|index|user|role|keyspace|collection|function|tablespace|owned|"
    r"external|dataset)\b|truncate\b|alter\s+table\b.*\bdrop\s+(?:column|partition|constraint)\b)",
    re.IGNORECASE | re.DOTALL,
)
_ALL_ROWS = re.compile(r"^\s*(?:delete\s+from|update)\b(?!.*\bwhere\b)", re.IGNORECASE | re.DOTALL)
_RUNNERS = frozenset(
    {"system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"}
)
_DELETERS = frozenset({"rmtree", "removedirs"})


def sql_warning(text: str) -> Iterator[str]:
    """What statements of SQL destroy; text in quotes and comments says nothing."""
    for statement in _LITERALS.sub(" '' ", text).split(";"):
        if _DROP.match(statement):
            words = statement.split()
            yield f"SQL `{' '.join(words[:2]).upper()}` deletes data or structure"
        elif _ALL_ROWS.match(statement):
            yield f"SQL `{statement.split()[0].upper()}` without WHERE changes every row"


def sql_given(command: Command) -> Iterator[str]:
    """The SQL that a client is given: by option, argument, here-document, or an `echo` piped into it."""
    name, arguments = command.program, command.argv[1:]
    if name not in _CLIENTS and name not in _POSITIONAL:
        return
    options = _CLIENTS.get(name, ())
    for index, word in enumerate(arguments):
        option, equals, joined = word.partition("=")
        if option in options and equals:
            yield joined
        elif word in options and index + 1 < len(arguments):
            yield arguments[index + 1]
        elif word[:2] in options and len(word) > len("-e") and not word.startswith("--"):
            yield word[2:]
        elif name in _POSITIONAL and " " in word:
            yield word
    yield command.stdin
    for feeder in command.fed_by:
        yield " ".join(feeder.argv[1:]) if feeder.program in {"echo", "printf"} else feeder.stdin


def shell_in_python(text: str) -> list[str]:
    """The shell commands of a Python cell: `!` lines, `%%bash`, and constant arguments of what starts programs."""
    first, _, rest = text.partition("\n")
    if re.match(r"\s*%%(?:bash|sh|script)\b", first):
        return [rest]
    scripts, plain = [], []
    for line in text.split("\n"):
        mark = re.match(r"\s*(?:!{1,2}|%s[hx]\s|%system\s)(.*)", line)
        if mark:
            scripts.append(mark[1])
        plain.append("" if mark or re.match(r"\s*%", line) else line)
    import ast

    try:
        tree = ast.parse("\n".join(plain))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return scripts
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            scripts += _called(node)
    return scripts


def _called(node: ast.Call) -> Iterator[str]:
    import ast

    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _DELETERS:
        yield "rm -r python-path"
    if name not in _RUNNERS or not node.args:
        return
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value
    elif isinstance(first, ast.List | ast.Tuple):
        words = [item.value if isinstance(item, ast.Constant) else "$x" for item in first.elts]
        yield " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)
