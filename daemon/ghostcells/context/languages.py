"""Names of languages as models write them and as notebooks have them, and which bare lines are code rather than prose.

Leaves what is done with a line to `parse`.
"""

import re

SHELLS = frozenset({"shellscript", "bash", "sh", "zsh", "shell", "ksh", "dash"})
"""Language ids of cells that a POSIX shell runs."""

_SHELL_LABELS = SHELLS | {"console", "shell-session", "shellsession", "sh-session", "terminal", "bash-session", "cmd"}
_PYTHON = frozenset({"py", "python", "python3", "ipython", "ipython3", "pycon"})
_JAVASCRIPT = frozenset({"js", "javascript", "node"})
_SQL = frozenset({"sql", "mysql", "postgres", "postgresql", "psql", "plsql", "sqlite", "bigquery", "tsql"})
_FAMILIES = (_PYTHON, _JAVASCRIPT, _SQL, frozenset({"ts", "typescript"}), frozenset({"yml", "yaml"}))
_CANONICAL = ("python", "javascript", "sql", "typescript", "yaml")

OUTPUT_LABELS = frozenset({"output", "out", "stdout", "stderr", "result", "results", "response", "log", "logs"})
MARKDOWN_LABELS = frozenset({"markdown", "md"})

PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[a-z_][\w.-]*@[\w.-]+(?::[^\s$#%]*)?)?\s*[$\u276f\u279c](?:\s+|$)")
PYTHON_PROMPT = re.compile(r"^\s*(?:>>>|In \[\d+\]:)(?:\s|$)")
PYTHON_MORE = re.compile(r"^\s*\.\.\.(?:\s|$)")

_PROGRAMS = frozenset(
    [
        "ansible",
        "ansible-playbook",
        "apk",
        "apt",
        "apt-get",
        "argocd",
        "aws",
        "awk",
        "az",
        "base64",
        "bash",
        "bazel",
        "brew",
        "bun",
        "cargo",
        "cat",
        "cd",
        "chmod",
        "chown",
        "cilium",
        "cmake",
        "conda",
        "cp",
        "cron",
        "curl",
        "date",
        "df",
        "diff",
        "dig",
        "dnf",
        "docker",
        "docker-compose",
        "du",
        "echo",
        "eksctl",
        "env",
        "etcdctl",
        "export",
        "find",
        "flux",
        "fly",
        "gcloud",
        "gh",
        "git",
        "go",
        "gradle",
        "grep",
        "gsutil",
        "gunzip",
        "gzip",
        "head",
        "helm",
        "helmfile",
        "host",
        "htop",
        "id",
        "ip",
        "istioctl",
        "java",
        "journalctl",
        "jq",
        "k3s",
        "k9s",
        "kafka-topics",
        "kill",
        "kind",
        "kubeadm",
        "kubectl",
        "kubectx",
        "kubens",
        "kustomize",
        "less",
        "ln",
        "ls",
        "lsof",
        "make",
        "minikube",
        "mkdir",
        "mongosh",
        "mount",
        "mv",
        "mvn",
        "mysql",
        "nc",
        "netstat",
        "node",
        "nomad",
        "npm",
        "npx",
        "nslookup",
        "oc",
        "openssl",
        "pg_dump",
        "ping",
        "pip",
        "pip3",
        "pnpm",
        "podman",
        "poetry",
        "printf",
        "ps",
        "psql",
        "pulumi",
        "pwd",
        "pytest",
        "python",
        "python3",
        "redis-cli",
        "rm",
        "rsync",
        "ruff",
        "scp",
        "sed",
        "seq",
        "service",
        "sh",
        "skaffold",
        "sort",
        "source",
        "spark-submit",
        "ss",
        "ssh",
        "stern",
        "sudo",
        "systemctl",
        "tail",
        "tar",
        "tee",
        "terraform",
        "test",
        "time",
        "tkn",
        "top",
        "touch",
        "tr",
        "tree",
        "uname",
        "uniq",
        "unzip",
        "uv",
        "vagrant",
        "vault",
        "wc",
        "wget",
        "which",
        "xargs",
        "yarn",
        "yq",
        "zip",
    ]
)
_PROSE_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "be",
        "because",
        "been",
        "by",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "if",
        "in",
        "is",
        "it",
        "its",
        "may",
        "must",
        "need",
        "of",
        "or",
        "our",
        "please",
        "should",
        "so",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "up",
        "was",
        "we",
        "were",
        "when",
        "which",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_ASSIGNMENT = re.compile(r"^(?:export\s+)?(?:[A-Z_][A-Z0-9_]*|[a-z_]\w*)=\S")
_SHELL_SIGN = re.compile(r"(?:^|\s)--?[A-Za-z]|[|>]|&&|\$[({A-Za-z]|(?:^|\s)\.{0,2}/\S|\w/\w|\w=\w|\w:\w")
_PROGRAM = re.compile(r"^(?:\.{0,2}/|~/)?[a-z0-9][\w.+/-]*$")
_PYTHON_LINE = re.compile(
    r"^(?:import\s+\w|from\s+[\w.]+\s+import\b|(?:async\s+)?def\s+\w+\(|class\s+\w+[(:]|for\s.+\sin\s.+:$|if\s.+:$|with\s.+:$|"
    r"print\(|[\w.\[\]\"', ]+\s*[-+*/]?=\s*\S|[A-Za-z_][\w.]*\(.*\)?|@\w|[%!]\w)"
)
_SQL_LINE = re.compile(
    r"^(?:select|insert\s+into|update\s+\w|delete\s+from|create\s+\w|alter\s+\w|drop\s+\w|with\s+\w+\s+as|explain|show\s+\w|"
    r"describe\s+\w|truncate|grant\s|revoke\s|merge\s+into)\b",
    re.IGNORECASE,
)
_SHORT = 4


def is_shell(language: str) -> bool:
    return language in SHELLS


def notebook_language(label: str, own: str) -> str:
    """The language of a fence labelled `label` in a notebook whose code is written in `own`."""
    label = label.lower()
    if (
        not label
        or label == own
        or (label in _SHELL_LABELS and own in SHELLS)
        or label in {"code", "plaintext", "text"}
    ):
        return own
    if label in _SHELL_LABELS:
        return "shellscript"
    for names, canonical in zip(_FAMILIES, _CANONICAL, strict=True):
        if label in names:
            return own if own in names else canonical
    return label


def looks_like_code(line: str, language: str) -> bool:
    """Whether a line that stands bare among prose is code: careful, since a sentence run as a command is worse than none."""
    line = line.strip()
    if not line or line.endswith((":", "?", "!")):
        return False
    if language in SHELLS:
        return _shell_line(line)
    if language in _PYTHON:
        return bool(_PYTHON_LINE.match(line)) and not line.endswith(".")
    return bool(_SQL_LINE.match(line)) and not line.endswith(".") if language in _SQL else False


def _shell_line(line: str) -> bool:
    if _ASSIGNMENT.match(line):
        return True
    first, *rest = line.split()
    if not _PROGRAM.match(first):
        return False
    signed = bool(_SHELL_SIGN.search(line))
    prose = sum(word.strip(".,;").lower() in _PROSE_WORDS for word in rest)
    if first in _PROGRAMS:
        if prose:
            return signed and prose * _SHORT < len(rest)
        return signed or (not line.endswith(".") and len(rest) <= _SHORT) or line.endswith(" .")
    return not prose and not line.endswith(".") and " -" in line and signed


def may_become_code(start: str, language: str) -> bool:
    """Whether a line that so far reads `start` could turn out to be bare code."""
    start = start.lstrip()
    if not start:
        return True
    if language in SHELLS:
        return (
            start[0].islower()
            or start[0] in "./~$\u276f\u279c(_"
            or bool(re.match(r"[A-Z_][A-Z0-9_]*(?:$|=)", start))
            or start[0].isdigit()
        )
    return start[0] not in "#-*"
