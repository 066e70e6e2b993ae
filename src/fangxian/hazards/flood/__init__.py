"""Rain, rivers and typhoons."""
