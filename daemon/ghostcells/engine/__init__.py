"""The suggestion loop as pure functions: no I/O, no clock, no randomness."""
