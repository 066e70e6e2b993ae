"""What is true for one hazard only."""
