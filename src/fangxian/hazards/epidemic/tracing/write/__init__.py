"""Services of tracing, the only writers of its tables."""
