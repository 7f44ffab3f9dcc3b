"""`dashboard`: what it says and keeps of the link that opens the pages."""

import http.client
import json
import subprocess
import sys

import pytest

pytest.importorskip("starlette", reason="the extra dashboard is not installed")


def ask(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_the_token_and_the_cookie_are_in_no_file_and_no_complaint(tmp_path):
    """The link is printed once; what is asked afterwards, right or wrong, leaves no trace of it."""
    root = tmp_path / "data"
    command = [
        sys.executable,
        "-m",
        "ghostcells",
        "dashboard",
        "--no-browser",
        "--until-eof",
        "--json",
        "--data-dir",
        str(root),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        link = json.loads(server.stdout.readline())["link"]
        port = int(link.split(":")[2].split("/")[0])
        path = link.partition(f":{port}")[2]
        cookie = ask(port, path).headers["set-cookie"].partition(";")[0]
        assert ask(port, "/", Cookie=cookie).status == 200
        assert ask(port, path, Cookie=cookie).status == 303
        assert ask(port, path).status == 403
        assert ask(port, "/suggestion/%00", Cookie=cookie).status == 404
        assert ask(port, "/", Host="evil.example").status == 421
        said = "".join(server.communicate(timeout=20))
    assert server.returncode == 0
    kept = b"".join(file.read_bytes() for file in root.rglob("*") if file.is_file())
    for secret in (link.partition("token=")[2], cookie.partition("=")[2]):
        assert len(secret) >= 43
        assert secret not in said
        assert secret.encode() not in kept
