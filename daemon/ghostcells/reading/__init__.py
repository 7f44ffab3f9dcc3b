"""Runbooks that lie around as files -> cells, and the lessons in them. What becomes of a lesson is left to the caller."""
