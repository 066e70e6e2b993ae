"""What is true for both hazards, in the order of the flow."""
