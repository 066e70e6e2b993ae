"""Rain and rivers as numbers."""
