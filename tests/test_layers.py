"""Who may import whom, and what a daemon may not have loaded when an editor waits for it."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "daemon/ghostcells"
STDLIB = sys.stdlib_module_names
ALONE = {"domain"}
"""What a part that stands alone may import of ours."""
PARTS: dict[str, tuple[set[str], set[str]]] = {
    # part: (of ours, of others)
    "domain": (set(), {"msgspec"}),
    "engine": (ALONE, {"msgspec"}),
    "budget": (ALONE, {"msgspec"}),
    "config": (ALONE, {"msgspec", "platformdirs"}),
    "context": (ALONE, {"msgspec", "tree_sitter", "tree_sitter_bash"}),
    "dashboard": (ALONE, {"msgspec", "starlette", "uvicorn", "jinja2", "markupsafe", "pygal"}),
    "embedders": (ALONE, {"msgspec", "numpy", "onnxruntime", "openai", "tokenizers"}),
    "learning": (ALONE, {"msgspec"}),
    "memory": (ALONE, {"msgspec", "numpy"}),
    "privacy": (ALONE, {"msgspec", "detect_secrets", "keyring"}),
    "providers": (ALONE, {"msgspec", "openai", "anthropic", "httpx2", "h11", "anyio", "keyring"}),
    "reading": (ALONE, {"msgspec", "markdown_it"}),
    "store": (ALONE, {"msgspec"}),
    "runtime": ({"domain", "engine"}, {"msgspec"}),
    "server": ({"domain", "engine.inputs", "runtime"}, {"msgspec", "pygls", "lsprotocol"}),
    "telemetry": (ALONE, {"msgspec", "opentelemetry", "prometheus_client"}),
    "tokens": (ALONE, {"msgspec", "tokenizers", "rs_bpe", "bpe_openai", "tiktoken"}),
    "trial": (ALONE, {"textual", "xllamacpp"}),
}
ANYTHING = {"app", "commands", "evaluation", "cli", "plain_serve", "__main__", "__init__"}
OWN_IO = {
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
"""Modules that the engine and the domain do without."""
HEAVY = ("starlette", "uvicorn", "jinja2", "pygal", "prometheus_client",
         "httpx2", "openai", "anthropic", "numpy", "tokenizers", "onnxruntime", "opentelemetry", "sqlite3", "rich", "textual",
         "markdown_it", "argparse", "detect_secrets", "tomllib", "platformdirs")  # fmt: skip


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            module = node.module or ""
            yield from (_module(module, alias.name) for alias in node.names)


def _module(name: str, attribute: str) -> str:
    """`name.attribute` where that is a module of ours, else `name`."""
    inner = f"{name}.{attribute}".removeprefix("ghostcells.").replace(".", "/")
    is_ours = name.split(".", maxsplit=1)[0] == "ghostcells"
    exists = (PACKAGE / f"{inner}.py").exists() or (PACKAGE / inner / "__init__.py").exists()
    return f"{name}.{attribute}" if is_ours and (exists or name == "ghostcells") else name


def is_within(name: str, allowed: str) -> bool:
    return name == allowed or name.startswith(f"{allowed}.")


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_part_may(path):
    part = part_of(path)
    if part in ANYTHING:
        return
    ours, others = PARTS[part]
    for name in imported(path):
        if is_within(name, "ghostcells"):
            inner = name.removeprefix("ghostcells.")
            allowed = {*ours, part, "__version__"}
            assert any(is_within(inner, one) for one in allowed), f"{part} imports {name}"
        else:
            top = name.split(".")[0]
            assert top in STDLIB or top in others, f"{part} imports {name}"


@pytest.mark.parametrize(
    "path", [p for p in sources() if part_of(p) in {"domain", "engine"}], ids=lambda path: path.stem
)
def test_the_core_does_no_input_or_output(path):
    assert not {name.split(".")[0] for name in imported(path)} & OWN_IO


def test_every_part_is_known():
    assert {part_of(path) for path in sources()} <= {*PARTS, *ANYTHING}


def test_the_editor_does_not_wait_for_what_it_does_not_need(tmp_path):
    """`initialize` is answered before anything heavy is loaded: looked up in the living process at that moment."""
    code = (
        "import sys, json, os\n"
        "sys.argv = ['ghostcells', 'serve', '--data-dir', sys.argv[1]]\n"
        "write = os.write\n"
        "def spied(handle, data):\n"
        "    if handle != 2 and b'serverInfo' in bytes(data):\n"
        "        write(2, json.dumps(sorted(sys.modules)).encode() + b'\\n')\n"
        "    return write(handle, data)\n"
        "os.write = spied\n"
        "from ghostcells.__main__ import main\n"
        "sys.exit(main())\n"
    )
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}).encode()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        process.stdin.flush()
        line = process.stderr.readline()
        process.kill()
    modules = json.loads(line)
    assert "ghostcells.server.server" in modules
    assert not [name for name in modules if name.split(".")[0] in HEAVY]
