"""Model text becomes the same cells however it is cut, and what was shown never changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostcells.context.parse import MAX_CHARS, Draft, Parser
from ghostcells.domain.notebook import CellKind

PROSE, CODE = CellKind.MARKUP, CellKind.CODE


def parsed(text: str, language: str = "shellscript") -> list[tuple[str, str]]:
    parser = Parser(language)
    parser.feed(text)
    return [("prose" if draft.kind is PROSE else draft.language, draft.text) for draft in parser.end()]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        pytest.param("```bash\nls -la\n```", [("shellscript", "ls -la")], id="fence"),
        pytest.param("~~~sh\nls\n~~~\n", [("shellscript", "ls")], id="tildes"),
        pytest.param("`````console\n$ ls\na  b\n$ pwd\n`````", [("shellscript", "ls\npwd")], id="transcript"),
        pytest.param(
            "List the pods.\n\n```\nkubectl get pods\n```",
            [("prose", "List the pods."), ("shellscript", "kubectl get pods")],
            id="prose-first",
        ),
        pytest.param("Sure! Here you go:\n```sh\nls\n```", [("shellscript", "ls")], id="filler"),
        pytest.param("```sh\nls\n```\nThis lists the files.\n", [("shellscript", "ls")], id="chatter"),
        pytest.param("```sh\ncd a\n```\n\n```bash\nls\n```", [("shellscript", "cd a\nls")], id="split-step"),
        pytest.param("```sh\ncd a\n```\nand then:\n```bash\nls\n```", [("shellscript", "cd a\nls")], id="connective"),
        pytest.param(
            "```sh\ncd a\n```\nNow list what is there.\n```bash\nls\n```",
            [("shellscript", "cd a"), ("prose", "Now list what is there."), ("shellscript", "ls")],
            id="two-steps",
        ),
        pytest.param("```sh\nls\n```\nOutput:\n```\na b\n```", [("shellscript", "ls")], id="announced-output"),
        pytest.param("```sh\nls\n```\n```output\na b\n```", [("shellscript", "ls")], id="labelled-output"),
        pytest.param("```sh\nls", [("shellscript", "ls")], id="unclosed"),
        pytest.param("```sh\nls\n```bash\npwd\n```", [("shellscript", "ls\npwd")], id="unclosed-then-another"),
        pytest.param(
            "````sh\ncat <<E\n```\nx\n```\nE\n````", [("shellscript", "cat <<E\n```\nx\n```\nE")], id="longer-outer"
        ),
        pytest.param(
            "```sh\ncat > R.md <<'E'\n```bash\nls\n```\nE\n```\nbye",
            [("shellscript", "cat > R.md <<'E'\n```bash\nls\n```\nE")],
            id="nested-in-heredoc",
        ),
        pytest.param(
            "```markdown\nList.\n\n```bash\nls\n```\n```", [("prose", "List."), ("shellscript", "ls")], id="wrapped"
        ),
        pytest.param("kubectl get pods -A", [("shellscript", "kubectl get pods -A")], id="bare-command"),
        pytest.param("$ make build\n", [("shellscript", "make build")], id="bare-prompt"),
        pytest.param("`docker ps`", [("shellscript", "docker ps")], id="code-span"),
        pytest.param(
            "Run this:\n\nkubectl get pods\n\nThis lists them.",
            [("prose", "Run this:"), ("shellscript", "kubectl get pods")],
            id="bare-after-colon",
        ),
        pytest.param(
            "make sure that the cluster is up.", [("prose", "make sure that the cluster is up.")], id="bare-prose"
        ),
        pytest.param(
            "find out which pods are failing and why",
            [("prose", "find out which pods are failing and why")],
            id="prose-like-a-command",
        ),
        pytest.param(
            "  - step\n    ```sh\n    ls\n      -l\n    ```",
            [("prose", "  - step"), ("shellscript", "ls\n  -l")],
            id="indented-in-a-list",
        ),
        pytest.param("```sh\r\nls\r\npwd\r\n```\r\n", [("shellscript", "ls\npwd")], id="carriage-returns"),
        pytest.param("", [], id="nothing"),
        pytest.param("```sh\n```", [], id="empty-fence"),
        pytest.param("<output>\n```sh\nls\n```\n</output>", [("shellscript", "ls")], id="tags"),
        pytest.param("```yaml\na: 1\n```", [("yaml", "a: 1")], id="another-language"),
        pytest.param('```{.bash title="x"}\nls\n```', [("shellscript", "ls")], id="attributes"),
        pytest.param("```console\n$ echo a \\\n> b\nab\n```", [("shellscript", "echo a \\\nb")], id="continued-prompt"),
        pytest.param(
            "```sh\n$(which ls) -l\nls\n```", [("shellscript", "$(which ls) -l\nls")], id="substitution-is-no-prompt"
        ),
    ],
)
def test_text_becomes_cells(text: str, cells: list[tuple[str, str]]) -> None:
    assert parsed(text) == cells


@pytest.mark.parametrize(
    ("label", "own", "language"),
    [
        ("bash", "shellscript", "shellscript"),
        ("zsh", "bash", "bash"),
        ("", "python", "python"),
        ("py", "python", "python"),
        ("bash", "python", "shellscript"),
        ("postgresql", "sql", "sql"),
        ("hcl", "bash", "hcl"),
    ],
)
def test_a_label_becomes_the_notebooks_language(label: str, own: str, language: str) -> None:
    assert parsed(f"```{label}\nx = 1\n```", own) == [(language, "x = 1")]


def test_python_and_sql_notebooks_take_bare_code() -> None:
    assert parsed("import os\nprint(os.getcwd())", "python") == [("python", "import os\nprint(os.getcwd())")]
    assert parsed("SELECT 1", "sql") == [("sql", "SELECT 1")]
    assert parsed(">>> 1 + 1\n2", "python")[0][0] == "prose"
    assert parsed("```python\n>>> x = 1\n>>> for i in x:\n...     y\n1\n```", "python") == [
        ("python", "x = 1\nfor i in x:\n    y")
    ]


def test_the_unfinished_line_of_code_is_held_until_its_newline() -> None:
    parser = Parser("shellscript")
    assert parser.feed("```sh\nrm -rf ./build") == ()
    assert [draft.text for draft in parser.feed("/cache\nls")] == ["rm -rf ./build/cache"]
    assert [draft.text for draft in parser.end()] == ["rm -rf ./build/cache\nls"]
    assert not parser.balanced


def test_prose_shows_word_by_word() -> None:
    parser = Parser("shellscript")
    assert parser.feed("List the") == (Draft(PROSE, "markdown", "List the", complete=False),)


def test_a_step_is_complete_once_other_text_follows_it() -> None:
    parser = Parser("shellscript")
    parser.feed("```sh\nls\n```\n")
    assert not parser.step_complete
    parser.feed("This lists files.\n")
    assert parser.step_complete


def test_no_more_is_read_than_a_step_can_be() -> None:
    parser = Parser("shellscript")
    parser.feed("```sh\n")
    for _ in range(200):
        parser.feed("echo " + "x" * 100_000 + "\n")
    assert sum(len(draft.text) for draft in parser.end()) <= MAX_CHARS
    assert parser.overflowed


LINES = st.sampled_from(
    [
        "```",
        "```bash",
        "```sh",
        "~~~",
        "````",
        "```output",
        "```markdown",
        "```yaml",
        "ls -la",
        "$ kubectl get pods",
        "x = 1",
        "cat <<EOF > f",
        "EOF",
        "echo a \\",
        "  indented",
        "",
        "",
        "Now list the pods.",
        "and then:",
        "Output:",
        "Sure, here it is:",
        "Foo=bar",
        "FOO=bar",
        "`ls`",
        "> more",
        "1. First",
        "- item",
        "<output>",
        "user@host:~$ ls",
        "User@host$ ls",
        "import os",
        "SELECT 1",
        "make sure it is up",
        "日本語 😀",
        "\r",
        "kubectl apply -f a.yaml",
        "here is a list",
        "```bash title=x",
        "   ```",
    ]
)
TEXTS = st.one_of(st.lists(LINES, max_size=14).map("\n".join), st.text("`~\n $abAB=<#\r-", max_size=60))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, data=st.data(), language=st.sampled_from(["shellscript", "python", "sql"]))
def test_any_split_gives_the_same_cells_and_cells_only_grow(text: str, data: st.DataObject, language: str) -> None:
    whole = Parser(language)
    whole.feed(text)
    expected = whole.end()

    parser, rest = Parser(language), text
    before: tuple[Draft, ...] = ()
    while rest:
        cut = data.draw(st.integers(1, min(len(rest), 12)))
        now = parser.feed(rest[:cut])
        rest = rest[cut:]
        assert_grown(before, now)
        before = now
    final = parser.end()
    assert_grown(before, final)
    assert final == expected
    assert parser.balanced == whole.balanced
    assert all(draft.complete and draft.text.strip() for draft in final)


def assert_grown(before: tuple[Draft, ...], now: tuple[Draft, ...]) -> None:
    assert len(now) >= len(before)
    for old, new in zip(before, now, strict=False):
        assert (old.kind, old.language) == (new.kind, new.language)
        assert new.text.startswith(old.text)
        if old.kind is CODE:
            assert new.text == old.text or new.text.startswith(old.text + "\n")
        if old.complete:
            assert new == old
