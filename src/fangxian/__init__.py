"""Fangxian: one command system for a city's flood and epidemic headquarters."""
