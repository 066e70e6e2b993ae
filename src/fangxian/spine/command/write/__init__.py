"""Services of command, the only writers of its tables."""
