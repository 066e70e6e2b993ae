"""River marks and stage rules."""
