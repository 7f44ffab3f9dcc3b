"""What all tests share.

No time limit on property tests, which a busy machine would break, not a defect. And Ctrl-C and the end of a terminal have
their meaning, also where who started the tests did so in the background or under nohup, which has them ignored.
"""

import signal
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)  # else as it would be, in CI or at a desk
settings.load_profile("untimed")
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """What would disturb the next test is over: senders of telemetry draw random numbers, what loads stops the collector."""
    yield
    for one in threading.enumerate():
        if one.name.startswith(("Otel", "ghostcells-telemetry", "ghostcells-loading")):
            one.join(30)
            assert not one.is_alive(), f"{one.name} outlives its test"
