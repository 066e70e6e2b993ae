"""Schema steps."""
