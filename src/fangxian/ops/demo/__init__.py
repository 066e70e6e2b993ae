"""A real typhoon replayed through the real chain, as a drill."""
