"""A history's commands -> lessons: what was run at least twice, in outline unless the user lets out more.

The outline of a command has its programs, their subcommands and the names of its flags; "…" stands for everything else.
So no host, path, name or value of a history is kept.
"""

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from ghostcells.domain.examples import Above, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.reading.history import Habit
from ghostcells.reading.languages import SHELL
from ghostcells.reading.runbook import Lesson

LEAST = 2
"""A command that was run once is no habit."""
_LEFT_OUT = "…"
_OPERATORS = frozenset({"|", "||", "&&", ";", "|&", ">", ">>", "<", "2>", "&>"})
_REDIRECTIONS = frozenset({">", ">>", "<", "2>", "&>"})
_DEPTHS = {
    **dict.fromkeys(
        (
            "apt", "apt-get", "argocd", "brew", "cargo", "conda", "docker", "dnf", "flux", "git", "go", "helm", "kind",
            "kubectl", "minikube", "npm", "oc", "pip", "pip3", "pnpm", "podman", "poetry", "pulumi", "snap", "systemctl",
            "terraform", "tofu", "uv", "vault", "yarn", "yum",
        ),
        1,
    ),
    **dict.fromkeys(("aws", "az", "gh", "gcloud"), 2),
}  # fmt: skip
"""How many words after a program are its subcommands; of other programs every word is an argument."""
_KINDS = frozenset(
    {
        "all", "cm", "configmap", "configmaps", "cronjob", "cronjobs", "deploy", "deployment", "deployments", "ds", "events",
        "ingress", "job", "jobs", "namespace", "namespaces", "no", "node", "nodes", "ns", "po", "pod", "pods", "pv", "pvc",
        "rs", "secret", "secrets", "service", "services", "statefulset", "statefulsets", "sts", "svc",
    }
)  # fmt: skip
"""What kubectl gets and describes: its words, unlike the names that may stand in the same place."""
_PREFIXES = frozenset({"sudo", "time", "nohup", "env", "command", "exec", "nice"})
_KEYWORDS = frozenset(
    {"for", "while", "until", "if", "case", "function", "select", "then", "do", "done", "fi", "{", "(", "[["}
)
_SUBCOMMAND = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PROGRAM = re.compile(r"[A-Za-z0-9_.+-]{1,40}")
_LONG_FLAG = re.compile(r"(--[A-Za-z][A-Za-z0-9-]*)(=.*)?", re.DOTALL)
_SHORT_FLAG = re.compile(r"-[A-Za-z]{1,3}")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=.*", re.DOTALL)
_UNKNOWABLE = re.compile(r"`|\$\(|<<|<\(|>\(|\n")


def habits(commands: Iterable[str], *, arguments: bool) -> list[Habit]:
    """What was run at least twice, most often first; whole only where `arguments` may be kept."""
    counts: Counter[str] = Counter()
    before: dict[str, Counter[str]] = defaultdict(Counter)
    last = ""
    for command in commands:
        text = command.strip() if arguments else outline(command)
        if text is None or not text:
            last = ""
            continue
        counts[text] += 1
        if last and last != text:
            before[text][last] += 1
        last = text
    return [
        Habit(text, before[text].most_common(1)[0][0] if before[text] else "", count)
        for text, count in counts.most_common()
        if count >= LEAST
    ]


def habit_lessons(found: Iterable[Habit], shell: str) -> Iterator[Lesson]:
    """Each as what followed the command before it; there is no prose that says what it was for."""
    for one in found:
        above = (Above(CellKind.CODE, SHELL, one.before),) if one.before else ()
        yield Lesson(Situation(notebook=f"history:{shell}", above=above, language=SHELL), SHELL, one.text)


def outline(command: str) -> str | None:
    """The programs and flags of a command; None where it has no more than a program, or is no plain command."""
    if _UNKNOWABLE.search(command):
        return None
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return None
    told: list[str] = []
    part: list[str] = []
    for word in [*words, ";"]:
        if word in _OPERATORS:
            told += _of_one(part, redirected=bool(told) and told[-1] in _REDIRECTIONS)
            told.append(word)
            part = []
        elif set(word) <= set("|&;<>"):
            return None
        else:
            part.append(word)
    while told and told[-1] == ";":
        told.pop()
    said = [word for word in told if word not in _OPERATORS and word != _LEFT_OUT]
    return " ".join(told) if len(said) > 1 and "" not in told else None


def _of_one(words: list[str], *, redirected: bool) -> list[str]:
    """One command of a pipe; [""] where it is none that can be told."""
    if redirected:
        return [_LEFT_OUT] if words else []
    told: list[str] = []
    rest = list(words)
    while rest and (rest[0] in _PREFIXES or _ASSIGNMENT.fullmatch(rest[0])):
        word = rest.pop(0)
        assigned = _ASSIGNMENT.fullmatch(word)
        told.append(f"{assigned[1]}={_LEFT_OUT}" if assigned else word)
    if not rest:
        return told
    program = rest.pop(0).rsplit("/", 1)[-1]
    if program in _KEYWORDS or not _PROGRAM.fullmatch(program):
        return [""]
    told.append(program)
    depth = _DEPTHS.get(program, 0)
    for word in rest:
        if depth and _SUBCOMMAND.fullmatch(word):
            depth -= 1
            told.append(word)
            continue
        if program in ("kubectl", "oc") and len(told) > 1 and told[-2:-1] == [program] and word in _KINDS:
            told.append(word)
            continue
        # After a flag its value may follow, and no word can be told from an argument any more.
        depth = 0
        kept = _flag(word)
        if kept != _LEFT_OUT or told[-1] != _LEFT_OUT:
            told.append(kept)
    return told


def _flag(word: str) -> str:
    """A flag's name; a short one with more letters than are usual may have a value glued to it, such as a password."""
    long = _LONG_FLAG.fullmatch(word)
    if long is not None:
        return f"{long[1]}={_LEFT_OUT}" if long[2] else long[1]
    if _SHORT_FLAG.fullmatch(word) and (len(word) == 2 or word[1:].islower()):  # noqa: PLR2004 - a dash and a letter
        return word
    return f"{word[:2]}{_LEFT_OUT}" if re.match(r"-[A-Za-z]", word) else _LEFT_OUT
