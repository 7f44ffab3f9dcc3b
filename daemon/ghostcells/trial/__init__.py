"""A small notebook in the terminal, to see ghosts within a minute: an editor like any other, that knows only the protocol."""
