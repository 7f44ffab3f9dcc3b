"""The C library's heap is kept in one piece, where it can be."""

import subprocess
import sys

import pytest

CODE = """
import ctypes, sys, threading
from ghostcells.runtime import heap
libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    sys.exit(3)
if sys.argv[1] == "kept":
    heap.keep_in_one_piece()
begun, held = threading.Barrier(4), []
def work():
    begun.wait()
    held.append([bytes(4_000) for _ in range(100)])
threads = [threading.Thread(target=work) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 3:
        pytest.skip("only glibc tells of its heaps")
    assert done.returncode == 0, done.stderr
    return done.stdout.count("<heap nr=")


def test_threads_share_one_heap() -> None:
    assert heaps("as-it-is") > 1
    assert heaps("kept") == 1
