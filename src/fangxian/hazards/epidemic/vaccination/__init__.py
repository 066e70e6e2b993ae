"""Vaccination: schedules of several authorities as dated rules, and what each person is due."""
