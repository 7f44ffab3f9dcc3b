"""What survives: the event log, which is the truth, and the index that is derived from it."""
