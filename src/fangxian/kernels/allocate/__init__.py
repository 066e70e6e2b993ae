"""Allocation: what few choices cover most."""
