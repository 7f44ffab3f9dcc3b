"""Pages of tldr -> lessons: each example's description is an intent, its command the answer.

The format is that of the project's pages: a title, quoted lines that say what the tool is, then a list of descriptions, each
with a command in backticks, in which `{{…}}` are values to fill in and `{{[-s|--long]}}` two forms of the same flag.
"""

import re
import sys
from pathlib import PurePosixPath

from ghostcells.domain.examples import Situation
from ghostcells.reading.languages import SHELL
from ghostcells.reading.runbook import Lesson

_PAGE = re.compile(r"\A\ufeff?# [^\n]+\n+> ")
_EXAMPLE = re.compile(r"^- (?P<intent>[^\n]+?):?\s*\n+`(?P<command>[^\n]+)`[ \t]*$", re.MULTILINE)
_FORMS = re.compile(r"\{\{\[([^|\]]+)\|[^\]]*\]\}\}")
_VALUE = re.compile(r"\{\{(.*?)\}\}")
_PLATFORMS = {
    "linux": frozenset({"linux"}),
    "darwin": frozenset({"osx"}),
    "win32": frozenset({"windows"}),
}
_OTHERS = frozenset({"linux", "osx", "windows", "android", "freebsd", "netbsd", "openbsd", "sunos", "dos", "cisco-ios"})


def is_page(text: str) -> bool:
    return bool(_PAGE.match(text)) and bool(_EXAMPLE.search(text))


def fits(name: str, platform: str = sys.platform) -> bool:
    """Whether a page of this path is in English and of use on this platform."""
    folders = PurePosixPath(name).parts[:-1]
    if any(part.startswith("pages.") for part in folders):
        return False
    own = next((found for key, found in _PLATFORMS.items() if platform.startswith(key)), frozenset[str]())
    return not folders or folders[-1] not in _OTHERS or folders[-1] in own


def page_lessons(text: str, name: str) -> tuple[Lesson, ...]:
    """The examples of a page; `name` is its path in the collection."""
    title = text.lstrip("\ufeff").partition("\n")[0].removeprefix("# ").strip()
    notebook = f"tldr:{PurePosixPath(name).stem}"
    return tuple(
        Lesson(
            Situation(notebook=notebook, intent=match["intent"].strip(), heading=title),
            SHELL,
            _command(match["command"]),
        )
        for match in _EXAMPLE.finditer(text)
    )


def _command(text: str) -> str:
    return _VALUE.sub(r"\1", _FORMS.sub(r"\1", text)).strip()
