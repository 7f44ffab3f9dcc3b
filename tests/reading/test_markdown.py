"""What of a Markdown runbook becomes prose, code and output."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.notebook import CellKind
from ghostcells.reading.markdown import read_markdown
from ghostcells.reading.runbook import lessons

URI = "file:///runbook.md"


def cells(text: str) -> list[tuple[str, str]]:
    return [(cell.language, cell.text) for cell in read_markdown(textwrap.dedent(text), URI).cells]


def outputs(text: str) -> list[str]:
    return list(read_markdown(textwrap.dedent(text), URI).outputs.values())


def test_prose_and_fences_alternate_as_written():
    assert cells(
        """\
        # Deploy

        List the pods.

        ```sh
        kubectl get pods
        ```

        Then restart.
        """
    ) == [
        ("markdown", "# Deploy\n\nList the pods."),
        ("shellscript", "kubectl get pods"),
        ("markdown", "Then restart."),
    ]


def test_a_heading_starts_a_new_cell():
    assert cells("one\n\n# Two\ntext\n\n## Three\nmore\n") == [
        ("markdown", "one"),
        ("markdown", "# Two\ntext"),
        ("markdown", "## Three\nmore"),
    ]


@pytest.mark.parametrize("fence", ["---", "+++"])
def test_front_matter_is_not_prose(fence):
    assert cells(f"{fence}\nrunme: 1\n# not a heading\n{fence}\nhello\n") == [("markdown", "hello")]


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("sh", "shellscript"),
        ("bash", "shellscript"),
        ("SHELL", "shellscript"),
        ("console", "shellscript"),
        ("zsh", "shellscript"),
        ('sh {"id":"01HF7VQMH8ESX1EFV5PHXTZZ53","name":"deploy","interactive":"false"}', "shellscript"),
        ("sh { name=deploy interactive=false }", "shellscript"),
        ("bash title=deploy.sh", "shellscript"),
        ("{.bash .numberLines}", "shellscript"),
        ("{bash}", "shellscript"),
        ("{code-block} bash", "shellscript"),
        ("py", "python"),
        ("yml", "yaml"),
        ("", "plaintext"),
        ("hcl", "hcl"),
    ],
)
def test_the_language_is_the_fence_s_first_word(info, language):
    assert cells(f"```{info}\nx\n```\n") == [(language, "x")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1. First:\n\n   ```sh\n   ls -l\n   ```\n\n2. Second\n", id="in a list"),
        pytest.param("- First\n  ~~~~sh\n  ls -l\n  ~~~~\n", id="tildes"),
        pytest.param("> Note:\n> ```sh\n> ls -l\n> ```\n", id="in a quote"),
        pytest.param("First\n  ```sh\n  ls -l\n  ```\n", id="indented"),
        pytest.param("First\n```sh\nls -l\n", id="not closed"),
    ],
)
def test_fences_are_found_wherever_markdown_allows_them(text):
    found = cells(text)
    assert ("shellscript", "ls -l") in found
    assert "```" not in "".join(part for _, part in found)


def test_a_fence_within_a_longer_fence_is_its_text():
    assert cells("````markdown\n```sh\nls\n```\n````\n") == [("markdown", "```sh\nls\n```")]


def test_prompts_are_stripped_and_what_was_printed_is_output():
    text = """\
        ```console
        $ kubectl get pods
        NAME   READY
        web-1  1/1

        $ kubectl logs web-1
        started
        ```
        """
    assert cells(text) == [("shellscript", "kubectl get pods\nkubectl logs web-1")]
    assert outputs(text) == ["NAME   READY\nweb-1  1/1\n\nstarted"]


@pytest.mark.parametrize(
    ("block", "command"),
    [
        pytest.param(
            "$ docker run \\\n    -p 80:80 \\\n    web\n3fa9", "docker run \\\n    -p 80:80 \\\n    web", id="backslash"
        ),
        pytest.param(
            "$ cat <<EOF > f\n$ not a prompt\nEOF\ndone", "cat <<EOF > f\n$ not a prompt\nEOF", id="here-document"
        ),
        pytest.param("$ for i in 1 2\n> do echo $i; done\n1\n2", "for i in 1 2\ndo echo $i; done", id="second prompt"),
        pytest.param(
            "$ curl -v host\n> GET / HTTP/1.1\n< HTTP/1.1 200", "curl -v host", id="output that begins with >"
        ),
        pytest.param("ana@web-1:~$ uptime\n up 3 days", "uptime", id="user and host"),
        pytest.param("(venv) $ pip list\nnone", "pip list", id="virtual environment"),
        pytest.param("# apt-get update\nHit:1", "apt-get update", id="root"),
        pytest.param("$ \n$ ls\na", "ls", id="empty prompt"),
    ],
)
def test_sessions_are_separated_from_what_they_printed(block, command):
    assert cells(f"```console\n{block}\n```\n") == [("shellscript", command)]


@pytest.mark.parametrize("block", ["# a comment\nls", "ls\n$HOME/bin/run", "echo 5 % 3", "x=1\n# done"])
def test_a_script_without_prompts_stays_as_it_is(block):
    assert cells(f"```sh\n{block}\n```\n") == [("shellscript", block)]


def test_an_output_block_belongs_to_the_code_above_it():
    text = "```sh\ndate\n```\n\n```output\nMon\n```\n"
    assert cells(text) == [("shellscript", "date")]
    assert outputs(text) == ["Mon"]


def test_an_indented_session_is_code_and_other_indented_text_is_prose():
    assert cells("Run:\n\n    $ ls\n    a\n\nand\n\n    keep = this\n") == [
        ("markdown", "Run:"),
        ("shellscript", "ls"),
        ("markdown", "and\n\n    keep = this"),
    ]


def test_comments_are_not_prose():
    assert cells("a <!-- hidden\n\nstill --> b\n") == [("markdown", "a  b")]


DECLARATIONS = """\
// What comes back.
interface Shown extends Base {
  id: string; parts: { text: string }[];
}
export type State = "open" | "closed"
  | "lost";
"""


@pytest.mark.parametrize(
    ("code", "learned"),
    [
        (DECLARATIONS, False),
        (DECLARATIONS + "console.log(state);\n", True),
        ("type State = 1; run();\n", True),
        ("const shown = { id: 1 };\n", True),
        ("interfaces();\n", True),
    ],
)
def test_what_only_declares_types_is_no_command(code, learned):
    text = f"It looks so.\n\n```ts\n{code}```\n"
    assert bool(lessons(read_markdown(text, URI))) is learned


def test_lessons_are_commands_with_prose_above_them():
    text = textwrap.dedent(
        """\
        ## Restart

        Restart the web pod.

        ```sh
        kubectl delete pod web
        ```

        ```sh
        kubectl get pods
        ```

        The service is:

        ```yaml
        kind: Service
        ```
        """
    )
    (lesson,) = lessons(read_markdown(text, URI))
    assert (lesson.language, lesson.text) == ("shellscript", "kubectl delete pod web")
    assert lesson.situation.intent == "## Restart\n\nRestart the web pod."
    assert lesson.situation.heading == "Restart"
    assert lesson.situation.notebook == URI


@given(st.text(alphabet="`~ab \n#>-$\\<!\t1.", max_size=80))
def test_any_text_whatever_is_read(text):
    """Cells are never empty, have distinct addresses, and prose holds no fence that was taken for code."""
    runbook = read_markdown(text, URI)
    assert len({cell.uri for cell in runbook.cells}) == len(runbook.cells)
    assert all(cell.text.strip() for cell in runbook.cells)
    assert all(cell.kind in CellKind for cell in runbook.cells)
    assert set(runbook.outputs) <= {cell.uri for cell in runbook.cells if cell.kind is CellKind.CODE}
