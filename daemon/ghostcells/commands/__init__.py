"""One module per group of subcommands. Each has `add`, which describes them, and one small function per subcommand."""
