"""One file a place of the web."""
