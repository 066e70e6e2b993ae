"""Doors to the system for people and programs."""
