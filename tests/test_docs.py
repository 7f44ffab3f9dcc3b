"""The docs against the code: what can be set, typed or sent is written down, and what is generated is current."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ghostcells import __version__
from ghostcells.cli import parser
from ghostcells.commands.manual import leaves
from ghostcells.config.document import settings_page
from ghostcells.config.keys import keys

ROOT = Path(__file__).parents[1]
PROTOCOL = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def methods() -> set[str]:
    """What the server answers or sends, as its source names it."""
    found: set[str] = set()
    for path in (ROOT / "daemon/ghostcells/server").glob("*.py"):
        found |= set(re.findall(r"\"(ghostcells/[A-Za-z]+)\"", path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("key", keys(), ids=str)
def test_every_setting_has_its_heading(key):
    assert f"### `{key}`" in settings_page()


def test_generated_files_are_current():
    outcome = subprocess.run(
        [sys.executable, ROOT / "scripts/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr


def test_every_method_has_its_heading():
    assert methods()
    missing = {name for name in methods() if f"### `{name}`" not in PROTOCOL}
    assert not missing


@pytest.mark.parametrize("line", [name for name, _ in leaves(parser())])
def test_every_command_has_its_heading_and_its_help(line, capsys):
    assert f"## `ghostcells {line}`" in (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*line.split(), "--help"])
    assert ended.value.code == 0
    assert "--data-dir" in capsys.readouterr().out


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_the_scripts_that_the_readme_names_are_there():
    for script in re.findall(r"\./(scripts/\w+)", README):
        assert (ROOT / script).stat().st_mode & 0o100, script


def test_the_version_is_the_same_everywhere():
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
