"""Acceptance tests: a real `ghostcells serve` driven by a client that knows only docs/protocol.md."""
