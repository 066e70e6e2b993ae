"""Rain windows and rainstorm rules."""
