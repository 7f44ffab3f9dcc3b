"""The settings: one typed schema, and how all its sources become one value and a list of problems."""
