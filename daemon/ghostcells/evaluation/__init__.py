"""How good are the suggestions? Replays what was run, asks before each run, and compares with what ran."""
