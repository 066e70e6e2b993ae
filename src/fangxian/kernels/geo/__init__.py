"""Numbers of places: coordinate systems."""
