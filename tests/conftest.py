"""What all tests share.

No time limit on property tests, which a busy machine would break, not a defect. And Ctrl-C has its meaning, also where who
started the tests did so in the background, which has a shell ignore it for all that comes of it.
"""

import signal

from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)  # else as it would be, in CI or at a desk
settings.load_profile("untimed")
signal.signal(signal.SIGINT, signal.default_int_handler)
