"""Schedules of vaccination as data: verdicts on given doses, and when the next is due."""
