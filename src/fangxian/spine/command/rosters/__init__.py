"""Duty rosters: who sits at a post of a headquarters by the hour, leave, swaps, and their proof."""
