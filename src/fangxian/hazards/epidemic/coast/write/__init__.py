"""Services of the coast, the only writers of its tables."""
