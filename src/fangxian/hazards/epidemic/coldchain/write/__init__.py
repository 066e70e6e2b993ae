"""Services of the cold chain, the only writers of its tables."""
