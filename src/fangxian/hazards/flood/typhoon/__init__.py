"""Typhoon tracks and modelled typhoon rain."""
