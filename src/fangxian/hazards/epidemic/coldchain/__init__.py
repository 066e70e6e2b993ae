"""Imported cold-chain goods: every lot from notice to release, tested, certified, traced."""
