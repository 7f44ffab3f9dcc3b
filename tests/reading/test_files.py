"""Which files are runbooks, notebooks' formats, and what is said of files that cannot be read."""

import json

import pytest

from ghostcells.reading.files import EXPECTED, find, read
from ghostcells.reading.runbook import Unreadable, lessons


def notebook(*cells, language="python", nbformat=4):
    return json.dumps(
        {
            "nbformat": nbformat,
            "nbformat_minor": 5,
            "metadata": {"language_info": {"name": language}},
            "cells": list(cells),
        }
    )


def markdown(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, *outputs, metadata=None):
    return {"cell_type": "code", "metadata": metadata or {}, "source": source, "outputs": list(outputs)}


def saved(tmp_path, *cells, **more):
    path = tmp_path / "book.ipynb"
    path.write_text(notebook(*cells, **more), encoding="utf-8")
    return read(path)


@pytest.mark.parametrize(
    ("source", "language", "text"),
    [
        ("print(1)", "python", "print(1)"),
        (["a = 1\n", "b = 2"], "python", "a = 1\nb = 2"),
        ("%%bash\nls\npwd", "shellscript", "ls\npwd"),
        ("%%bash --out x\nls", "shellscript", "ls"),
        ("!ls -l", "shellscript", "ls -l"),
        ("!ls \\\n  -l\n!pwd", "shellscript", "ls \\\n  -l\npwd"),
        ("!ls\nprint(1)", "python", "!ls\nprint(1)"),
        ("%%sql\nselect 1", "sql", "select 1"),
        ("%%writefile f\nx", "plaintext", "x"),
    ],
)
def test_cells_of_a_notebook_have_the_language_that_runs_them(tmp_path, source, language, text):
    (cell,) = saved(tmp_path, code(source)).cells
    assert (cell.language, cell.text) == (language, text)


def test_a_notebook_s_outputs_are_its_text(tmp_path):
    book = saved(
        tmp_path,
        code(
            "run()",
            {"output_type": "stream", "text": ["a\n", "b\n"]},
            {"output_type": "execute_result", "data": {"text/plain": "3", "image/png": "x"}},
            {"output_type": "error", "traceback": ["boom"]},
        ),
    )
    assert list(book.outputs.values()) == ["a\nb\n3"]


def test_a_ghost_left_in_a_file_is_not_read(tmp_path):
    """Ghosts are never learned from."""
    ghost = code("rm -r /", metadata={"ghostcells": {"id": "01H", "ghost": True}})
    assert [cell.text for cell in saved(tmp_path, markdown("Do it"), ghost, code("ok")).cells] == ["Do it", "ok"]


def test_the_lessons_of_a_notebook(tmp_path):
    book = saved(
        tmp_path, markdown("# Data\nCount the rows"), code("!wc -l data.csv"), code("x = 1"), language="python"
    )
    (lesson,) = lessons(book)
    assert (lesson.situation.intent, lesson.language, lesson.text) == (
        "# Data\nCount the rows",
        "shellscript",
        "wc -l data.csv",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1, column 2: not valid JSON"),
        ("[]", "it has no `nbformat`"),
        (notebook(nbformat=3), "nbformat 3 is not read"),
        ('{"nbformat": 4}', "`cells` is not a list"),
        ('{"nbformat": 4, "cells": [1]}', "cell 1 is not an object"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_notebook_is_named_with_what_is_wrong(tmp_path, content, said):
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    with pytest.raises(Unreadable) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_other_encodings_and_sizes_are_refused_by_name(tmp_path, monkeypatch):
    path = tmp_path / "latin.md"
    path.write_bytes("Größe".encode("latin-1"))
    with pytest.raises(Unreadable, match="UTF-8"):
        read(path)
    monkeypatch.setattr("ghostcells.reading.files._MAX_BYTES", 3)
    with pytest.raises(Unreadable, match="larger"):
        read(path)
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "gone.md")


def test_find_walks_directories_and_leaves_out_what_is_not_the_user_s(tmp_path):
    for name in (
        "b.md",
        "a.MD",
        "deep/c.ipynb",
        "x.txt",
        ".hidden/d.md",
        "node_modules/e.md",
        "deep/.ipynb_checkpoints/c.ipynb",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found, problems = find([tmp_path, tmp_path / "b.md", tmp_path / "x.txt", tmp_path / "none"])
    assert [path.name for path in found] == ["a.MD", "b.md", "c.ipynb"]
    assert [str(problem).removeprefix(str(tmp_path)) for problem in problems] == [
        f"/x.txt: {EXPECTED}",
        "/none: no such file or directory",
    ]


def test_cells_are_addressed_within_their_file(tmp_path):
    path = tmp_path / "run book.md"
    path.write_text("hello\n\n```sh\nls\n```\n")
    assert [cell.uri for cell in read(path).cells] == [f"{path.as_uri()}#1", f"{path.as_uri()}#2"]
