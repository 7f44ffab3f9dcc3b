"""What is built is whole: a package without the templates would pass every test that runs from the tree."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "daemon/ghostcells"


def test_every_file_that_is_no_python_is_packed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["ghostcells"]
    packed = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    there = {file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}
    assert there - packed == set()
    assert {"base.html", "app.js", "icon.svg"} <= {file.name for file in packed}
