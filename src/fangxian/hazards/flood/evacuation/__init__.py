"""Evacuation: which household leaves which point at which level, and where each is now."""
