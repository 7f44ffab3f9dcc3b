"""What all tests share: no time limit on property tests, which a busy machine would break, not a defect."""

from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)  # else as it would be, in CI or at a desk
settings.load_profile("untimed")
