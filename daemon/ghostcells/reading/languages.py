"""What documents call languages -> the language ids that editors use, and which of them somebody runs."""

import re

SHELL = "shellscript"
_NAMES = {
    **dict.fromkeys(
        (
            "sh",
            "bash",
            "shell",
            "zsh",
            "ksh",
            "dash",
            "console",
            "terminal",
            "shell-session",
            "shellsession",
            "session",
        ),
        SHELL,
    ),
    **dict.fromkeys(("ps1", "pwsh", "posh"), "powershell"),
    **dict.fromkeys(("cmd", "batch", "dos"), "bat"),
    **dict.fromkeys(("py", "python3", "ipython", "ipython3"), "python"),
    **dict.fromkeys(("js", "node", "mjs"), "javascript"),
    "ts": "typescript",
    "rb": "ruby",
    "pl": "perl",
    "yml": "yaml",
    "md": "markdown",
    **dict.fromkeys(("", "text", "txt", "plain", "none"), "plaintext"),
    **dict.fromkeys(("psql", "mysql", "postgres", "postgresql", "sqlite", "bigquery"), "sql"),
}
TRANSCRIPTS = frozenset({"console", "terminal", "shell-session", "shellsession", "session"})
"""Labels of blocks that show a session: prompts, commands and what they printed."""
RUNNABLE = frozenset(
    {
        SHELL,
        "powershell",
        "bat",
        "python",
        "sql",
        "javascript",
        "typescript",
        "ruby",
        "perl",
        "r",
        "julia",
        "php",
        "lua",
    }
)
"""Languages whose cells are commands. Configuration and listings are context: nobody runs them."""
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_BODY = re.compile(r"\{[^{}]*\}")
_DECLARATION = re.compile(r"(?:export\s+)?(?:declare\s+)?(?:interface|type|enum)\s+\w[^;=]*(?:=[^;(]*)?;?\s*")
_DEEPEST = 8
"""How deep the bodies of types may be nested that are still seen as such."""
_WORD = re.compile(r"[\w+#-]+")


def declares_only(language: str, text: str) -> bool:
    """Whether it is TypeScript that says what values look like, of which nothing would run."""
    if language != "typescript":
        return False
    bare = _COMMENT.sub("", text).strip()
    for _ in range(_DEEPEST):
        bare = _BODY.sub("", bare)
    return bool(bare) and all(_DECLARATION.fullmatch(part) for part in re.split(r"\n(?=\w)", bare) if part.strip())


def label(info: str) -> str:
    """The language word of a fence's info string, in lower case; annotations such as Runme's after it do not count.

    Knows the plain form, `{.bash}`, `{bash}`, and MyST's `{code-block} bash`.
    """
    text = info.strip()
    if text.startswith("{"):
        inner, _, after = text[1:].partition("}")
        if inner.strip() in ("code-block", "code-cell", "sourcecode", "code"):
            text = after.strip()
        else:
            text = inner.strip().lstrip(".")
            if "=" in text.split(" ", 1)[0] or text.startswith(("#", '"')):
                return ""
    found = _WORD.match(text)
    return found.group().lower() if found else ""


def language_id(name: str) -> str:
    return _NAMES.get(name, name)
