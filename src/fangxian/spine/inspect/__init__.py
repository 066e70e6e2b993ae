"""Inspect: who has looked at what and when, what was found, and what nobody has looked at."""
