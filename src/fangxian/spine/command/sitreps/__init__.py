"""Situation reports (上报): compiled from records, signed, numbered, rendered, corrected."""
