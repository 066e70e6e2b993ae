"""Numbers both hazards use."""
