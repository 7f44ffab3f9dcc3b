"""What is replaced in the log's records when something is forgotten."""

FORGOTTEN = "[forgotten]"
"""What stands in place of a forgotten text; a record with it teaches nothing."""
