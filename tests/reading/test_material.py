"""tldr pages, archives, and what Foyle has left behind."""

import io
import json
import tarfile
import zipfile

import pytest

from ghostcells.reading import tldr
from ghostcells.reading.material import lessons_in
from ghostcells.reading.runbook import Unreadable

PAGE = """\
# tar

> Archiving utility.
> More information: <https://example.org>.

- Create an archive from files:

`tar {{[-c|--create]}} --file {{path/to/target.tar}} {{path/to/file1 path/to/file2}}`

- List the files of an archive:

`tar tvf {{path/to/source.tar}}`
"""
RUNBOOK = "Say hello.\n\n```sh\necho hello\n```\n"


def told(found):
    return [(one.situation.intent, one.text) for one in found]


LESSONS = [
    ("Create an archive from files", "tar -c --file path/to/target.tar path/to/file1 path/to/file2"),
    ("List the files of an archive", "tar tvf path/to/source.tar"),
]


def test_a_page_of_tldr_is_known_by_its_form(tmp_path):
    path = tmp_path / "tar.md"
    path.write_text(PAGE)
    found = lessons_in(path)
    assert told(found) == LESSONS
    assert (found[0].situation.notebook, found[0].situation.heading) == ("tldr:tar", "tar")


@pytest.mark.parametrize(
    ("name", "platform", "fits"),
    [
        ("pages/common/tar.md", "linux", True),
        ("common/tar.md", "darwin", True),
        ("tldr/pages/linux/apt.md", "linux", True),
        ("tldr/pages/linux/apt.md", "darwin", False),
        ("pages/osx/say.md", "darwin", True),
        ("pages/windows/dir.md", "linux", False),
        ("pages.de/common/tar.md", "linux", False),
    ],
)
def test_only_pages_in_english_for_this_platform_are_read(name, platform, fits):
    assert tldr.fits(name, platform) is fits


MEMBERS = {"pages/common/tar.md": PAGE, "pages.de/common/tar.md": PAGE, "docs/hello.md": RUNBOOK, "LICENSE": "none"}


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in MEMBERS.items():
            archive.writestr(name, text)


def tarred(path):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.mark.parametrize(("name", "pack"), [("tldr.zip", zipped), ("tldr.tar.gz", tarred)])
def test_an_archive_is_read_without_unpacking_it(tmp_path, name, pack):
    pack(tmp_path / name)
    assert told(lessons_in(tmp_path / name)) == [*LESSONS, ("Say hello.", "echo hello")]
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["bad.zip", "bad.tar"])
def test_what_is_no_archive_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive at all")
    with pytest.raises(Unreadable, match=name):
        lessons_in(tmp_path / name)


# Foyle


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """A field of a protocol buffer: numbers as varints, text and messages with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def block(kind, text, language="", output=""):
    printed = field(4, field(1, field(1, "text/plain") + field(2, output))) if output else b""
    return field(1, kind) + field(2, language) + field(3, text) + printed + field(7, "01HZ")


def example(query, *answers):
    doc = b"".join(field(1, one) for one in query)
    floats = b"\x00" * 40
    return field(1, "01HZ") + field(2, floats) + field(3, doc) + b"".join(field(4, one) for one in answers)


def test_an_example_of_foyle_is_a_lesson(tmp_path):
    path = tmp_path / "01HZ.example.binpb"
    query = [block(2, "kubectl get pods", "bash", "web-1 Running"), block(1, "Show the logs of the pod")]
    path.write_bytes(example(query, block(2, "kubectl logs web-1\nkubectl describe pod web-1", "bash")))
    (found,) = lessons_in(path)
    assert found.situation.intent == "Show the logs of the pod"
    assert found.text == "kubectl logs web-1\nkubectl describe pod web-1"
    assert found.language == "shellscript"
    assert (found.situation.above[0].text, found.situation.above[0].output) == ("kubectl get pods", "web-1 Running")


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\xff" * 20, b"\x1a\x05ab"])
def test_what_is_no_example_is_told(tmp_path, data):
    path = tmp_path / "bad.example.binpb"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=r"bad.example.binpb: not an example"):
        lessons_in(path)


def ran(status="SUCCEEDED", kind="EXECUTE"):
    cells = [
        {"kind": "CELL_KIND_MARKUP", "value": "Show the pods"},
        {"kind": "CELL_KIND_CODE", "value": "kubectl get pods", "languageId": "bash"},
    ]
    event = {"type": kind, "cells": cells, "selectedId": "01HZ", "executeStatus": status, "contextId": "01HX"}
    return json.dumps({"severity": "info", "message": "LogEvent", "event": event})


def test_runs_in_a_log_of_foyle_that_ended_well_are_lessons(tmp_path):
    path = tmp_path / "foyle.logs.2024-11-01T10:00:00.json"
    path.write_text("\n".join([ran(), ran("FAILED"), ran(kind="ACCEPTED"), '{"torn": "EXECUTE', '["EXECUTE"]', "text"]))
    assert told(lessons_in(path)) == [("Show the pods", "kubectl get pods")]
