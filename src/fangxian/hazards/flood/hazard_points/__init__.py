"""Danger points: what lies below each, its own thresholds, and the risk of now."""
