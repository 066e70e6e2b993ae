"""Persons of the city: one record however many rooms meet them. Not the office-holders."""
