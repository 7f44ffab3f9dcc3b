"""What redaction may cost: nothing that grows faster than the text, and no library until a text asks for it."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest
from tests.privacy.planted import TOKENS

from ghostcells.privacy.redact import Redactor

_SIZE = 12_000


def fastest(redactor: Redactor, text: str) -> float:
    """Seconds of this thread's own CPU: on a busy machine the others' turns would count for growth."""
    times = []
    for _ in range(2):
        begun = time.thread_time()
        redactor._redact(text)
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("a", id="letters"),
        pytest.param("=", id="equals"),
        pytest.param('"', id="quotes"),
        pytest.param("\\", id="backslashes"),
        pytest.param("-----BEGIN RSA PRIVATE KEY-----\n", id="keys-without-end"),
        pytest.param('password="', id="open-quotes"),
        pytest.param("password=", id="assignments"),
        pytest.param('password=\\"', id="escaped-quotes"),
        pytest.param("password is ", id="sentences"),
        pytest.param("token ", id="names"),
        pytest.param("eyJ", id="half-tokens"),
        pytest.param("-eyJaaaaaaaaaa", id="tokens-without-end"),
        pytest.param("https://a:b", id="urls"),
        pytest.param('mysql -p"', id="commands"),
        pytest.param("x-", id="headers"),
        pytest.param("kind: Secret\ndata:\n", id="manifests"),
        pytest.param("aws key ", id="library-hints"),
        pytest.param("ghp_", id="prefixes"),
    ],
)
def test_twice_the_text_takes_about_twice_the_time(unit):
    """Quadratic work would take four times as long; the cache is passed by."""
    redactor = Redactor()
    small, large = (unit * (size // len(unit)) for size in (2 * _SIZE, 4 * _SIZE))
    redactor._redact(small)
    for _ in range(3):
        if fastest(redactor, large) < 3.2 * fastest(redactor, small) + 0.002:
            return
    pytest.fail("grew faster than the text")


def loaded_after(code: str) -> bool:
    program = (
        f"import sys\nfrom ghostcells.privacy.redact import Redactor\n{code}\nprint('detect_secrets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


def test_the_library_is_imported_by_the_first_text_that_needs_it():
    token = TOKENS["github-ghp"](random.Random(1))
    assert not loaded_after("Redactor().redact('kubectl get pods -n prod -o wide')")
    assert loaded_after(f"Redactor().redact({token!r})")


def test_the_library_is_imported_ahead_of_the_run_where_opened_cells_will_need_it():
    token = TOKENS["github-ghp"](random.Random(1))
    assert not loaded_after("assert not Redactor().expect(['kubectl get pods -n prod -o wide', 'ls'])")
    assert loaded_after(f"assert Redactor().expect(['ls', 'curl -H {token}'])")


def test_a_text_is_read_once():
    redactor = Redactor()
    text = "export DB_PASSWORD=" + "q1" * 8
    assert redactor.redact(text) is redactor.redact(text)
