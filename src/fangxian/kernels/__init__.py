"""Pure numbers: numpy, scipy and numba. No Django, clock, files, network or logging."""
