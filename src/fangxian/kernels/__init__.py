"""Pure numbers: numpy only. No Django, clock, files, network or logging."""
