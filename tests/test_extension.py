"""The VS Code extension's generated parts: every setting and every method of the daemon, and nothing that is not there."""

import json
import sys
from pathlib import Path

import pytest

from ghostcells import __version__
from ghostcells.config.keys import keys
from ghostcells.server.schemas import REQUESTS

ROOT = Path(__file__).parents[1]
MANIFEST = json.loads((ROOT / "extension-bridge/package.json").read_text(encoding="utf-8"))
PROPERTIES = {
    name: value for section in MANIFEST["contributes"]["configuration"] for name, value in section["properties"].items()
}


@pytest.fixture
def extension():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import extension

        yield extension
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.mark.parametrize("key", keys().values(), ids=lambda key: key.path)
def test_every_setting_of_the_daemon_is_one_of_the_editors(key):
    setting = PROPERTIES[f"ghostcells.{key.path}"]
    assert setting["markdownDescription"] == key.description
    assert setting["default"] == (list(key.default) if key.is_list else key.default)


def test_an_untrusted_workspace_can_set_only_when_to_suggest():
    restricted = set(MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"])
    assert {name for name in PROPERTIES if name not in restricted} == {
        name for name in PROPERTIES if name.startswith("ghostcells.suggest.")
    }


def test_what_names_a_program_is_set_by_this_computer_alone():
    assert {PROPERTIES[f"ghostcells.daemon.{name}"]["scope"] for name in ("path", "env")} == {"machine"}


def test_every_method_has_its_types(extension):
    types = extension.protocol_types()
    for name in REQUESTS:
        assert f"'ghostcells/{name}': {{ params:" in types


def test_shapes_become_typescript(extension):
    types = extension.protocol_types()
    assert "export interface FocusParams {\n  notebook: Address;\n  cell: string | null;\n}" in types
    assert "  ghosts: Ghost[];\n" in types
    assert "  stagesMs: Record<string, number>;\n" in types


def test_the_version_is_the_daemons():
    assert MANIFEST["version"] == __version__


def test_every_command_on_a_key_or_in_the_walkthrough_exists():
    contributed = MANIFEST["contributes"]
    own = {command["command"] for command in contributed["commands"]}
    on_keys = {binding["command"] for binding in contributed["keybindings"]}
    assert {name for name in on_keys if name.startswith("ghostcells.")} <= own
    steps = [step for walkthrough in contributed["walkthroughs"] for step in walkthrough["steps"]]
    linked = {part.split(")")[0] for step in steps for part in step["description"].split("(command:")[1:]}
    assert linked
    assert linked <= own
    for step in steps:
        assert (ROOT / "extension-bridge" / step["media"]["markdown"]).exists()
