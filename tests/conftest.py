"""What all tests share.

No time limit on property tests, which a busy machine would break, not a defect. And Ctrl-C has its meaning, also where who
started the tests did so in the background, which has a shell ignore it for all that comes of it.
"""

import signal
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)  # else as it would be, in CI or at a desk
settings.load_profile("untimed")
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """What would disturb the next test is over: senders of telemetry draw random numbers, what loads stops the collector."""
    yield
    for one in threading.enumerate():
        if one.name.startswith(("Otel", "ghostcells-telemetry", "ghostcells-loading")):
            one.join(30)
            assert not one.is_alive(), f"{one.name} outlives its test"
