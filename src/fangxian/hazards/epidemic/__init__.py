"""Epidemics: what is true only for them."""
