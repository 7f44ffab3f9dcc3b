"""What leaves the daemon for those who watch it: metrics, spans, usage. All of it is off until it is switched on."""
