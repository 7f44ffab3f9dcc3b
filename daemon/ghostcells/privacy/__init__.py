"""Secrets: found and taken out of text before anything is logged, indexed or sent."""
