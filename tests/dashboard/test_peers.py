"""Whose process follows the one-time link."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ghostcells.dashboard import peers

NOBODY = 65534
CONNECT = """
import encodings.idna, os, socket, sys  # the codec is loaded while that is still allowed
os.setuid(int(sys.argv[2]))
made = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(made.getsockname()[1], flush=True)
input()
"""
linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel of Linux tells whose a connection is")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@linux
def test_a_connection_of_ours_is_ours(listener):
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as ours:
        peer = ours.getsockname()[1]
        assert peers.user_of(port, peer) == os.getuid()
        assert not peers.is_strangers(port, peer)


@linux
@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_users_connection_is_told_from_ours(listener, monkeypatch):
    port = listener.getsockname()[1]
    command = [sys.executable, "-c", CONNECT, str(port), str(NOBODY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        peer = int(other.stdout.readline())
        assert peers.user_of(port, peer) == NOBODY
        assert not peers.is_strangers(port, peer)
        monkeypatch.setattr(os, "getuid", lambda: 1000)
        assert peers.is_strangers(port, peer)
        other.communicate("\n")


def test_what_the_kernel_does_not_tell_counts_as_ours(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "_TABLES", (tmp_path / "none",))
    assert peers.user_of(1, 2) is None
    assert not peers.is_strangers(1, 2)


def test_the_link_is_refused_to_another_user_and_stays_good_for_its_own(site, monkeypatch):
    monkeypatch.setattr(peers, "is_strangers", lambda *_: True)
    path = site.server.link.partition(f":{site.port}")[2]
    assert site.ask(path)[0] == 403
    monkeypatch.undo()
    assert site.enter().ask("/")[0] == 200
