"""Secrets that show by the program they are given to: `mysql -p…`, `curl -u user:…`, `redis-cli -a …`.

A program's name is looked for anywhere, also inside quotes; from there its words are read up to the end of the command.
Options with a telling name (`--password`) need no program and belong to `fields`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading


class _Usage(NamedTuple):
    """How a program takes its secrets. Options are given without dashes."""

    attached: tuple[str, ...] = ()  # -pSECRET
    apart: tuple[str, ...] = ()  # -p SECRET
    pairs: tuple[str, ...] = ()  # -u user:SECRET
    last: bool = False  # the last word is one
    needs: str = ""  # only with this word among its own: `docker login`


_MYSQL = _Usage(attached=("-p",))
_P = _Usage(attached=("-p",), apart=("-p",))
_LOGIN = _Usage(apart=("-p",), needs="login")
_CURL = _Usage(attached=("-u",), pairs=("-u", "--user", "-U", "--proxy-user"))
_LDAP = _Usage(attached=("-w",), apart=("-w",))
_PERCENT = _Usage(pairs=("-U", "--user"))
_ZIP = _Usage(attached=("-P",), apart=("-P",))

_PROGRAMS: dict[str, _Usage] = {
    **dict.fromkeys(
        (
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mysqlimport",
            "mysqlshow",
            "mysqlcheck",
            "mysqlbinlog",
            "mysqlpump",
            "mysqlsh",
        ),
        _MYSQL,
    ),
    **dict.fromkeys(("mariadb", "mariadb-dump", "mariadb-admin", "mycli", "xtrabackup", "mariabackup"), _MYSQL),
    **dict.fromkeys(("sshpass", "mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"), _P),
    **dict.fromkeys(("cqlsh", "rabbitmqadmin", "cypher-shell", "twine", "arangosh", "evil-winrm", "crackmapexec"), _P),
    **dict.fromkeys(
        ("docker", "podman", "nerdctl", "helm", "oras", "skopeo", "buildah", "az", "oc", "cf", "crane"), _LOGIN
    ),
    **dict.fromkeys(("ibmcloud", "regctl", "cosign", "jf", "argocd"), _LOGIN),
    **dict.fromkeys(("curl", "etcdctl"), _CURL),
    **dict.fromkeys(("http", "https", "xh"), _Usage(pairs=("-a", "--auth"))),
    **dict.fromkeys(("lftp",), _Usage(pairs=("-u", "--user"))),
    **dict.fromkeys(("smbclient", "rpcclient", "winexe", "smbmap"), _PERCENT),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami", "ldappasswd"), _LDAP),
    **dict.fromkeys(("zip", "unzip", "sqlcmd", "bcp", "ipmitool", "mosquitto_pub", "mosquitto_sub"), _ZIP),
    **dict.fromkeys(("7z", "7za", "7zz", "rar", "unrar"), _Usage(attached=("-p", "-hp"))),
    **dict.fromkeys(("redis-cli", "valkey-cli", "keydb-cli"), _Usage(apart=("-a", "--pass"), attached=("-a",))),
    **dict.fromkeys(("snmpwalk", "snmpget", "snmpbulkwalk"), _Usage(apart=("-A", "-X"))),
    **dict.fromkeys(("plink", "pscp", "psftp"), _Usage(apart=("-pw",))),
    **dict.fromkeys(("xfreerdp", "xfreerdp3", "wfreerdp"), _Usage(attached=("/p:",))),
    "htpasswd": _Usage(last=True, needs="-b"),
    "wpa_passphrase": _Usage(last=True),
    "vault": _Usage(last=True, needs="login"),
    "rabbitmqctl": _Usage(last=True, needs="change_password"),
    "bw": _Usage(last=True, needs="unlock"),
    "doctl": _Usage(apart=("-t", "--access-token"), needs="auth"),
    "openssl": _Usage(apart=("-k", "-passin", "-passout", "-pass"), attached=("pass:",)),
    "gh": _Usage(apart=("-b", "--body"), needs="secret"),
}

_NAMES = frozenset(_PROGRAMS)
_SEGMENT = 8_192
_WORD = r"(?:\"(?:\\.|[^\"\\])*+\"|'[^']*+'|\$\([^)\n]*+\)|\\(?!\n).|[^\s\"'|;&<>\\`)])++"
_PUBLIC_KEY = re.compile(
    r"^--from-literal[= ]['\"]?[\w.-]*(?:user|username|type|name|host|port|url|mechanism|protocol|database|region)=",
    re.IGNORECASE,
)
_KEYED = re.compile(r"-|[\w-]+=")
_SHORT = 2


@cache
def _program() -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _PROGRAMS), key=len, reverse=True))
    return re.compile(rf"(?<![\w.:@-])(?:{names})(?=[ \t])")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(rf"(?:[ \t]|\\\r?\n){{1,200}}+(?P<word>{_WORD})", re.DOTALL)


_PHRASE_HINTS = ("from-literal", "identified", "-stdin", "-with-token")
_PHRASE_WORDS = frozenset({"chpasswd", "sudo", "sqlplus", "mc", "add_user", "change_password"})


@cache
def _phrases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Forms that no option announces, each behind the word it cannot do without; the groups are the secrets."""
    said = r"(?:'(?P<q>[^'\n]{1,200}+)'|\"(?P<d>[^\"\n]{1,200}+)\"|(?P<v>[^\s'\"|;&]{1,200}+))[ \t]{0,4}\|[ \t]{0,4}"
    reader = r"(?:sudo[ \t]+-S|[^\n|]{0,100}(?:--password-stdin|--with-token|passwd[ \t]+--stdin))"
    by = r"(?i:identified[ \t]+(?:with[ \t]+\w+[ \t]+)?(?:by|as)[ \t]+(?:password[ \t]+)?)"
    return (
        (
            "from-literal",
            re.compile(r"--from-literal[= ]['\"]?[\w.-]{1,100}=(?:'(?P<q>[^'\n]{1,2000})'|(?P<v>[^\s'\"`]{1,2000}+))"),
        ),
        ("chpasswd", re.compile(r"[\w.-]{1,60}+:(?P<v>[^\s'\"|]{1,200}+)['\"]?[ \t]{0,4}\|[^\n|]{0,60}chpasswd")),
        ("sudo", re.compile(rf"(?:echo|printf)[ \t](?:-n[ \t])?{said}{reader}")),
        ("-stdin", re.compile(rf"(?:echo|printf)[ \t](?:-n[ \t])?{said}{reader}")),
        ("-with-token", re.compile(rf"(?:echo|printf)[ \t](?:-n[ \t])?{said}{reader}")),
        ("identified", re.compile(rf"{by}['\"](?P<v>[^'\"\n]{{1,200}}+)")),
        ("sqlplus", re.compile(r"sqlplus[ \t](?:-\w+[ \t])*['\"]?\w{1,60}/\"?(?P<v>[^\s@'\"]{1,200}+)\"?@")),
        (
            "mc",
            re.compile(
                r"mc[ \t]+alias[ \t]+set[ \t]+\S{1,60}[ \t]+\S{1,200}[ \t]+(?P<q>\S{3,200})[ \t]+(?P<v>\S{3,200})"
            ),
        ),
        ("add_user", re.compile(r"add_user[ \t]+\S{1,60}[ \t]+['\"]?(?P<v>[^\s'\"]{3,200}+)")),
        ("change_password", re.compile(r"change_password[ \t]+\S{1,60}[ \t]+['\"]?(?P<v>[^\s'\"]{3,200}+)")),
    )


def find_commands(reading: Reading) -> Iterator[Span]:
    phrases = reading.holds(_PHRASE_HINTS) + sorted(_PHRASE_WORDS & reading.words)
    for hint, pattern in _phrases() if phrases else ():
        if hint in phrases:
            for start, end in reading.windows((hint,)):
                for found in pattern.finditer(reading.text, start, end):
                    yield from _phrase_spans(found)
    programs = sorted(_NAMES & reading.words)
    for start, end in reading.windows(programs) if programs else ():
        yield from _program_spans(reading.text, start, end)


def _phrase_spans(found: re.Match[str]) -> Iterator[Span]:
    for name, value in found.groupdict().items():
        if value and not values.is_reference(value) and not (found[0].startswith("--from") and _is_public(found)):
            yield Span(*found.span(name), "password")


def _is_public(found: re.Match[str]) -> bool:
    """Whether a literal goes into a ConfigMap, or names a user or a kind rather than a secret."""
    made = found.string.rfind("create ", max(0, found.start() - _SEGMENT), found.start())
    in_map = made >= 0 and found.string.startswith(("configmap", "cm"), made + len("create "))
    return in_map or _PUBLIC_KEY.search(found[0]) is not None


def _program_spans(text: str, start: int, end: int) -> Iterator[Span]:
    found = _program().search(text, start, end)
    while found is not None:
        words = _words(text, found.end(), min(end, found.end() + _SEGMENT))
        yield from _argument_spans(text, _PROGRAMS[found[0]], words)
        found = _program().search(text, max(found.end(), words[-1][1] if words else 0), end)


def _words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The places of the words up to the end of the command, or of the quotes that the command stands in."""
    words: list[tuple[int, int]] = []
    found = _word().match(text, start, end)
    while found is not None:
        words.append(found.span("word"))
        found = _word().match(text, found.end(), end)
    return words


def _argument_spans(text: str, usage: _Usage, words: list[tuple[int, int]]) -> Iterator[Span]:
    active = not usage.needs
    for index, (start, end) in enumerate(words):
        word = text[start:end]
        if word in _PROGRAMS:
            usage, active = _PROGRAMS[word], not _PROGRAMS[word].needs
            continue
        active = active or word == usage.needs or (word.startswith("-") and usage.needs == "-b" and "b" in word)
        if not active:
            continue
        following = words[index + 1] if index + 1 < len(words) else None
        if following is None and usage.last and word != usage.needs and not _KEYED.match(word):
            yield from _value(text, start, end)
        yield from _option_spans(text, usage, (start, end), following)


def _option_spans(
    text: str, usage: _Usage, place: tuple[int, int], following: tuple[int, int] | None
) -> Iterator[Span]:
    start, end = place
    word = text[start:end]
    name, _, joined = word.partition("=")
    if name in usage.pairs:
        if joined:
            yield from _pair(text, end - len(joined), end)
        elif following is not None:
            yield from _pair(text, *following)
        return
    if word in usage.apart:
        if following is not None and not text.startswith("-", following[0]):
            yield from _value(text, *following)
        return
    for option in usage.attached:
        if not word.startswith("--") and word.startswith(option) and len(word) > len(option):
            if option in usage.pairs:
                yield from _pair(text, start + len(option), end)
            else:
                yield from _value(text, start + len(option), end)


def _pair(text: str, start: int, end: int) -> Iterator[Span]:
    """`user:secret`, or with the separators of smbclient and lftp; a name alone is none."""
    start, end = _unquoted(text, start, end)
    at = min((found for mark in ":%," if (found := text.find(mark, start, end)) >= 0), default=-1)
    if at >= 0 and not text.startswith("${", start):
        yield from _value(text, at + 1, end)
    elif "}:" in (value := text[start:end]):
        yield from _value(text, start + value.index("}:") + 2, end)


def _value(text: str, start: int, end: int) -> Iterator[Span]:
    start, end = _unquoted(text, start, end)
    if text.startswith(("pass:", "Pass:"), start):
        start += len("pass:")
    value = text[start:end]
    if len(value) < _SHORT or value.startswith(("env:", "file:", "fd:")) or values.is_location(value):
        return
    if not values.is_reference(value):
        yield Span(start, end, "password")


def _unquoted(text: str, start: int, end: int) -> tuple[int, int]:
    while end - start >= _SHORT and text[start] in "\"'" and text[end - 1] == text[start]:
        start, end = start + 1, end - 1
    return start, end
