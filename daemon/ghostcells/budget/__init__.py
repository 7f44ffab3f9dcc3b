"""What models cost: told by traces, held against the user's caps."""
